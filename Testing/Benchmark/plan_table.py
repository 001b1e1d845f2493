"""The table plan: the final comparison, on volumes that no default was chosen on, three seeds, about 3 hours of a core.

Two large experiments with a reference (Colin27 with Rician noise, the nearly clean head phantom at a simulated low
dose) have every method; a third is small enough for the paper preset on a CPU. Five real volumes have NS-N2N and the
methods that need no training. The defaults of NS-N2N were developed on other volumes: studyforrest with added noise,
the thighs at a low dose, another part of the chest scan.
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
    learned,
    nsn2n,
    real,
)
from Benchmark.configuration import thresholds as sweep

#: Training steps of the curves; the default has 300.
STEPS = (60, 150, 300, 600)


def peers(draws, **pairs):
    """The learned peers: at least as many steps as NS-N2N's default, a network of the same width."""
    first, *others = learned(1200, 16, 21, 2000, (300, 600, 1200, 1800), {"batch": 8, "crop": 96, **pairs}, draws)
    longer = {"steps": 2000, "width": 16}  # Noise2Void learns from few pixels a step
    return (replace(first, parameters=longer), *others, MethodRun("n2c-own", parameters={"steps": 1200, "width": 16}))


def table():
    """Three experiments with a reference, with curves of two of them, and five without a reference."""
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


def more(name, experiment, thresholds):
    """Thresholds besides the automatic one, and quality over training steps: one seed."""
    title = experiment.title
    methods = tuple(replace(nsn2n(f"{n} steps", steps=n), series="NS-N2N", x=n) for n in STEPS)
    return (
        replace(
            experiment,
            name=f"threshold-{name}",
            title=f"Threshold, {title}",
            methods=sweep(thresholds, steps=100),
            seeds=(0,),
        ),
        replace(experiment, name=f"convergence-{name}", title=f"Steps, {title}", methods=methods, seeds=(0,)),
    )
