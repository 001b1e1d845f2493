"""The design plan: each choice behind the default preset undone alone, on the volumes that it was developed on.

Crops, one seed, the network trained in any case for half of the default's steps: half an hour of a core. Design.md
reads them.
"""

from Benchmark.configuration import STUDYFORREST, THIGH, Experiment, nsn2n

STEPS = 150


def design():
    """One table of MR, one of CT."""
    methods = rows()
    return (
        Experiment(
            "design-mr",
            "Choices behind the default, MR",
            "mr",
            STUDYFORREST,
            ((84, 108), (40, 168), (5, 133)),
            options={"level": 0.027},
            methods=methods,
            seeds=(0,),
        ),
        Experiment(
            "design-ct",
            "Choices behind the default, CT",
            "lowdose",
            THIGH,
            ((50, 70), None, None),
            options={"photons": 2e5, "views": 180, "keep": ((40, 168), (60, 188))},
            methods=methods,
            seeds=(0,),
        ),
    )


def rows():
    """The default, then each choice undone."""
    changes = (
        ("default", {}),
        ("targets not compensated", {"compensate": False}),
        ("no context slices", {"context": 0}),
        ("no stage first", {"first": False}),
        ("no collaborative filter", {"collaborative": 0.0}),
        ("no batch normalization", {"batch_norm": False}),
        ("network sees the plain slice", {"input_noise": 0.0}),
        ("learning rate 0.001", {"learning_rate": 1e-3}),
        ("L_RC 0.5", {"lambda_rc": 0.5}),
        ("L_IC 1", {"lambda_ic": 1.0}),
        ("no W", {"threshold": 1.0}),
        ("removed noise not limited", {"limit": False}),
    )
    return tuple(nsn2n(label, **{"learn": True, "steps": STEPS, **change}) for label, change in changes)
