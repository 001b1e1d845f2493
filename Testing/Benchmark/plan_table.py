"""The table plan: the large comparison on development volumes (volumes.py), three seeds, about 4 hours of a core.

Two large experiments with a reference (Colin27 with Rician noise, the nearly clean head phantom at a simulated low
dose) have every method; other noise levels, another dose and noise correlated between slices have the strongest. One
is small enough for the paper preset on a CPU. Five real volumes have NS-N2N and the methods that need no training.
Most choices were made on studyforrest with added noise, the thighs at a low dose and another part of the chest scan;
some on crops of Colin27 and the head phantom, which overlap these.
"""

from dataclasses import replace

from Benchmark.configuration import (
    CHEST,
    CLASSICAL,
    COLIN,
    HEAD_SMOOTH,
    OVERLAP,
    PAPER,
    PET,
    STREAKY,
    STUDYFORREST_NOISY,
    THIGH,
    Experiment,
    MethodRun,
    ablation,
    learned,
    nsn2n,
    real,
)
from Benchmark.configuration import thresholds as sweep

#: The rows of further noise levels: the strongest methods that need no training.
STRONGEST = tuple(MethodRun(key) for key in ("noisy", "diffusion", "dipy-nlm", "bm4d"))
#: Training steps of the curves; the default has 450.
STEPS = (90, 225, 450, 900)


def peers(draws, **pairs):
    """The learned peers: at least as many steps as NS-N2N's default, a network of the same width."""
    first, *others = learned(1200, 16, 21, 2000, (300, 600, 1200, 1800), {"batch": 8, "crop": 96, **pairs}, draws)
    longer = {"steps": 2000, "width": 16}  # Noise2Void learns from few pixels a step
    return (replace(first, parameters=longer), *others, MethodRun("n2c-own", parameters={"steps": 1200, "width": 16}))


def table():
    """Two experiments with a reference, what varies them, a small one, and five without a reference."""
    head = (*CLASSICAL, *peers(draws=2, input_noise=0.25), PAPER, nsn2n())
    brain = (*CLASSICAL, *peers(draws=10), PAPER, nsn2n())  # a draw costs nothing in MR
    mr = Experiment(
        "mr-7",
        "MR (Colin27 T1), Rician noise 7 %",
        "mr",
        COLIN,
        ((52, 94), (28, 188), (10, 170)),
        (COLIN, (((10, 50), (96, 140)), (28, 188), (10, 170))),
        {"level": 0.07},
        brain,
    )
    ct = Experiment(
        "ct-head-low",
        "CT (head phantom, nearly clean base), simulated low dose",
        "lowdose",
        HEAD_SMOOTH,
        (None, None, None),
        (THIGH, ((74, 114), None, None)),
        {"photons": 1e5, "views": 360, "bin": 2, "keep": ((20, 180), (7, 167))},
        head,
    )
    return (
        mr,
        ct,
        *noise_levels(mr, ct),
        replace(
            mr, name="ablation-mr", title="Ablation (Table 3), MR 5 %", options={"level": 0.05}, methods=ablation()
        ),
        *more("mr", mr, thresholds=(0.02, 0.05, 0.2)),
        *more("ct", ct, thresholds=(0.002, 0.003, 0.02)),
        Experiment(
            "mr-small",
            "MR (small part of Colin27 T1), Rician noise 7 %: the paper preset, 100 epochs",
            "mr",
            COLIN,
            ((64, 80), (92, 156), (60, 124)),
            options={"level": 0.07},
            methods=(
                MethodRun("noisy"),
                MethodRun("dipy-nlm"),
                MethodRun("bm4d"),
                MethodRun("nsn2n", "paper", {"preset": "paper"}),
                nsn2n(),
            ),
            seeds=(0,),
        ),
        real("real-chest", "Chest CT, 1 mm, sharp kernel", CHEST, ((4, 36), (200, 344), (296, 440)), 20.0, CLASSICAL),
        real("real-streaky", "Photon-starved CT, 3.3 mm", STREAKY, ((24, 56), (36, 180), (36, 180)), 20.0, CLASSICAL),
        real("real-overlap", "CT, overlapping slices", OVERLAP, (None, (150, 310), (40, 200)), 20.0, CLASSICAL),
        real(
            "real-mr",
            "T1, 0.7 mm",
            STUDYFORREST_NOISY,
            ((50, 82), (110, 254), (60, 204)),
            None,
            CLASSICAL,
            rician=True,
        ),
        real("real-pet", "PET, SUV", PET, ((20, 100), None, None), None, CLASSICAL, pet=True),
    )


def noise_levels(mr, ct):
    """The paper's other noise levels in MR; in CT half the dose, and noise correlated between slices."""
    rows = (*STRONGEST, nsn2n())
    return (
        *(
            replace(
                mr,
                name=f"mr-{percent}",
                title=f"MR (Colin27 T1), Rician noise {percent} %",
                options={"level": percent / 100},
                methods=rows,
            )
            for percent in (5, 9)
        ),
        replace(
            ct,
            name="ct-head-lower",
            title="CT (head phantom), simulated half dose of that above",
            options={**ct.options, "photons": 5e4},
            methods=rows,
        ),
        replace(
            ct,
            name="ct-head-correlated",
            title="CT (head phantom), simulated low dose, noise correlated between slices (lag 1: 0.3)",
            options={**ct.options, "slice_correlation": 0.3},
            methods=rows,
        ),
    )


def more(name, experiment, thresholds):
    """Thresholds besides the automatic one, and quality over training steps: one seed."""
    title = experiment.title
    methods = tuple(replace(nsn2n(f"{n} steps", steps=n), series="NS-N2N", x=n) for n in STEPS)
    return (
        replace(
            experiment,
            name=f"threshold-{name}",
            title=f"Threshold, {title}",
            methods=sweep(thresholds, steps=150),
            seeds=(0,),
        ),
        replace(experiment, name=f"convergence-{name}", title=f"Steps, {title}", methods=methods, seeds=(0,)),
    )
