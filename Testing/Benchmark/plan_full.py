"""The full plan: experiments at size, three seeds; many hours on 2 cores, in several sittings."""

from dataclasses import replace

from Benchmark.configuration import (
    CHEST,
    CLASSICAL,
    COLIN,
    HEAD_SHARP,
    HEAD_SMOOTH,
    OVERLAP,
    PAPER,
    PET,
    STREAKY,
    STUDYFORREST,
    STUDYFORREST_NOISY,
    THIGH,
    Experiment,
    MethodRun,
    ablation,
    convergence,
    learned,
    nsn2n,
    real,
    thresholds,
    without_data,
)

LEARNED = learned(2000, 32, 32, 2000, (300, 600, 1200), {"batch": 8, "crop": 96})


def full():
    """The experiments at size, three seeds: many hours on 2 cores; resumable."""
    methods = (*CLASSICAL, *LEARNED, PAPER, nsn2n())
    mr = Experiment(
        "mr-7",
        "MR (Colin27 T1), Rician noise 7 %",
        "mr",
        COLIN,
        ((40, 136), (8, 208), None),
        (STUDYFORREST, ((24, 120), None, None)),
        {"level": 0.07},
        methods,
    )
    forrest = replace(
        mr,
        name="mr-forrest-7",
        title="MR (studyforrest T1), Rician noise 7 %",
        base=STUDYFORREST,
        crop=((24, 120), None, None),
        training=(COLIN, ((40, 136), (8, 208), None)),
    )
    ct = Experiment(
        "ct-low",
        "CT (thighs), simulated low dose",
        "lowdose",
        THIGH,
        ((0, 64), None, None),
        (THIGH, ((74, 114), None, None)),
        {"photons": 2e5, "views": 360},
        methods,
    )
    head = Experiment(
        "ct-head-low",
        "CT (head phantom, nearly clean base), simulated low dose",
        "lowdose",
        HEAD_SMOOTH,
        (None, None, None),
        (THIGH, ((74, 114), None, None)),
        {"photons": 1e5, "views": 360, "bin": 2},
        methods,
    )
    lower = {**ct.options, "photons": 5e4}
    correlated = {**ct.options, "slice_correlation": 0.3}
    values = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
    curves = convergence((110, 225, 450, 900, 1800, 3600), 32, {"batch": 8, "crop": 96})
    return (
        replace(mr, name="mr-5", title="MR (Colin27 T1), Rician noise 5 %", options={"level": 0.05}),
        mr,
        replace(mr, name="mr-9", title="MR (Colin27 T1), Rician noise 9 %", options={"level": 0.09}),
        forrest,
        ct,
        replace(ct, name="ct-lower", title="CT (thighs), simulated lower dose", options=lower),
        replace(
            ct,
            name="ct-low-correlated",
            title="CT (thighs), simulated low dose, noise correlated between slices (lag 1: 0.3)",
            options=correlated,
        ),
        head,
        Experiment(
            "phantom",
            "CT head phantom, sharp kernel against the soft kernel",
            "phantom",
            HEAD_SHARP,
            options={"partner": HEAD_SMOOTH},
            methods=(*CLASSICAL, *LEARNED[:4], PAPER, nsn2n()),
        ),
        real_full("real-chest", "Chest CT, 1 mm, sharp kernel", CHEST, ((4, 60), (64, 448), (64, 448)), 20.0),
        real_full("real-streaky", "Photon-starved CT, 3.3 mm", STREAKY, (None, None, None), 20.0),
        real_full("real-overlap", "CT, overlapping slices", OVERLAP, (None, (0, 384), (0, 384)), 20.0),
        real_full("real-mr", "T1, 0.7 mm", STUDYFORREST_NOISY, ((80, 176), None, None), None, rician=True),
        real_full("real-pet", "PET, SUV", PET, (None, None, None), None, pet=True),
        replace(
            mr, name="ablation-mr", title="Ablation (Table 3), MR 5 %", options={"level": 0.05}, methods=ablation()
        ),
        replace(ct, name="ablation-ct", title="Ablation (Table 3), CT", methods=ablation()),
        replace(mr, name="threshold-mr", title="Threshold, MR 7 %", methods=thresholds(values), seeds=(0,)),
        replace(ct, name="threshold-ct", title="Threshold, CT", methods=thresholds(values), seeds=(0,)),
        replace(mr, name="convergence-mr", title="Convergence (Fig. 3), MR 7 %", methods=curves, seeds=(0,)),
        replace(ct, name="convergence-ct", title="Convergence (Fig. 3), CT", methods=curves, seeds=(0,)),
        *paper_size(),
        *without_data((*CLASSICAL, nsn2n()), (48, 160, 160), (0,)),
    )


def real_full(name, title, base, crop, disc, **options):
    """A real volume with every method that needs no other volume."""
    methods = (*CLASSICAL, *LEARNED[:4], PAPER)
    return real(name, title, base, crop, disc, methods, **options)


def paper_size():
    """Times of both presets at the paper's sizes, on noise-added resampled volumes; they need a GPU."""
    sizes = (("mr", COLIN, (220, 256, 256)), ("ct", CHEST, (610, 512, 512)))
    return tuple(
        Experiment(
            f"size-{kind}",
            f"Time at the paper's size, {' x '.join(map(str, shape))}",
            "size",
            base,
            options={"shape": shape},
            methods=(
                PAPER,
                MethodRun("nsn2n", "default on a GPU", {"needs_gpu": True}),
            ),
            seeds=(0,),
        )
        for kind, base, shape in sizes
    )
