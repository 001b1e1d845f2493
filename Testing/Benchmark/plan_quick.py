"""The quick plan: every kind of experiment on small crops, one seed."""

from dataclasses import replace

from Benchmark.configuration import (
    CHEST,
    CLASSICAL,
    COLIN,
    HEAD_SHARP,
    HEAD_SMOOTH,
    PAPER,
    PET,
    THIGH,
    Experiment,
    ablation,
    convergence,
    learned,
    nsn2n,
    real,
    thresholds,
    without_data,
)

SMALL = {"batch": 8, "crop": 64}


def quick():
    """All kinds of experiments on small crops, one seed: a smoke test with numbers, within 20 minutes on 2 cores."""
    fast = tuple(replace(run, parameters={"every": 6}) if run.method == "bm3d" else run for run in CLASSICAL)
    methods = (*fast, *learned(300, 16, 12, 600, (400, 800), SMALL), PAPER, nsn2n())
    fewer = (*CLASSICAL[:3], *CLASSICAL[5:8], CLASSICAL[10])
    brain = ((76, 100), (40, 168), (26, 154))
    legs = ((50, 70), None, None)
    mr = Experiment(
        "mr-7",
        "MR, Rician noise 7 %",
        "mr",
        COLIN,
        brain,
        (COLIN, (((50, 74), (102, 126)), (40, 168), (26, 154))),
        {"level": 0.07},
        methods,
        (0,),
    )
    ct = Experiment(
        "ct-low",
        "CT, simulated low dose",
        "lowdose",
        THIGH,
        legs,
        (THIGH, ((80, 92), None, None)),
        {"photons": 2e5, "views": 180, "keep": ((40, 168), (60, 188))},
        methods,
        (0,),
    )
    return (
        mr,
        ct,
        replace(
            ct,
            name="ct-low-correlated",
            title="CT, simulated low dose, noise correlated between slices",
            options={**ct.options, "slice_correlation": 0.3},
            methods=(*CLASSICAL[:2], CLASSICAL[7], nsn2n()),
        ),
        Experiment(
            "phantom",
            "CT head phantom, sharp kernel against the soft kernel",
            "phantom",
            HEAD_SHARP,
            ((8, 24), (100, 228), (100, 228)),
            None,
            {"partner": HEAD_SMOOTH},
            (*fewer, nsn2n()),
            (0,),
        ),
        real(
            "real-chest",
            "Chest CT, 1 mm, sharp kernel",
            CHEST,
            ((20, 44), (200, 328), (150, 278)),
            20.0,
            fewer,
        ),
        real("real-pet", "PET, SUV", PET, ((30, 70), None, None), None, fewer, pet=True),
        replace(mr, name="ablation-mr", title="Ablation (Table 3), MR", methods=ablation(steps=120)),
        replace(mr, name="threshold-mr", title="Threshold, MR", methods=thresholds((0.01, 0.1), steps=120)),
        replace(mr, name="convergence-mr", title="Convergence (Fig. 3), MR", methods=convergence((60, 180), 16, SMALL)),
        *without_data((*fewer, nsn2n()), (24, 96, 96), (0,)),
    )
