"""The final plan: volumes that nobody tuned on, three draws of the noise, rivals at their best and as users run them.

Written from what the data folder says of the volumes, and tried on others (`rehearsal`); `run.py --final` opens them.
Draw 0 sweeps what is to be swept, and the other draws take what was best there: a rival's best setting is chosen with
the truth, but not again for each draw. Rows are marked by `MethodRun.series`: "own" (this project), "truth" (the row
was told or chosen by what only the truth can tell), "user" (run blind, as its documentation suggests).
"""

from dataclasses import dataclass, replace

from Benchmark.configuration import CHEST, COLIN, STUDYFORREST_NOISY, Experiment, MethodRun, nsn2n

#: Draws of the noise; NS-N2N's trainings also have so many seeds, on draw 0.
DRAWS = 3
#: On the noise SD that BM4D is told.
FACTORS = (0.8, 1.0, 1.25, 1.6, 2.0)
#: Between the experiment's name and the draw.
DRAW = "--draw"
SLICES = 20
SIDE = 80


@dataclass(frozen=True)
class Base:
    """A volume of the plan: file, its shape, crop (for CT: of the slices, the plane is cropped behind the scanner), SD
    of its own noise (image units, 0: hardly any), SD of what is added to a noisy one, contrast of discs, pixels that
    become one."""

    file: str
    shape: tuple
    crop: tuple
    own: float = 0.0
    added: float = 0.0
    disc: float = 0.0
    bin: int = 1


def middle(size, side):
    """(first, last) of the middle of an axis."""
    first = (size - side) // 2
    return first, first + side


#: All that is known here is what the README of their folder says: sizes, spacings, noise.
VOLUMES = {
    # rows and columns from a corner of the head, so that air is in view as in a scan
    "t2": Base("final/t2w_niivue.nii.gz", (60, 224, 224), (middle(60, SLICES), (16, 16 + SIDE), middle(224, SIDE))),
    "ct": Base(
        "final/ct_lidc0001_bin2_cleanref.nrrd",
        (133, 256, 256),
        (middle(133, SLICES), middle(256, SIDE), middle(256, SIDE)),
        own=9.0,
    ),
    "pd": Base(
        "final/hip_pdfs.nii.gz",
        (20, 288, 288),
        (None, middle(288, SIDE), middle(288, SIDE)),
        own=137.0,
        added=400.0,
        disc=200.0,
    ),
}
#: Development volumes of the same kinds, to try the plan on.
STAND_INS = {
    "t2": Base(COLIN, (181, 217, 181), ((70, 70 + SLICES), (6, 6 + SIDE), (42, 42 + SIDE))),
    "ct": Base(CHEST, (64, 512, 512), ((22, 22 + SLICES), middle(256, SIDE), middle(256, SIDE)), own=12.0, bin=2),
    "pd": Base(
        STUDYFORREST_NOISY, (274, 384, 130), ((60, 60 + SLICES), (140, 140 + SIDE), (25, 25 + SIDE)), 3.0, 9.0, 5.0
    ),
}


def row(method, label, series, sweep=None, /, **parameters):
    """One row; `series` says who could run it so. Without a sweep its parameters are all there is."""
    return MethodRun(method, label, parameters, sweep or ({},), series)


def bm4d(label, *noises):
    """BM4D at its best: each of the noise models with each of the factors."""
    sweep = tuple({"noise": noise, "factor": factor} for noise in noises for factor in FACTORS)
    return row("bm4d", label, "truth", sweep)


#: As this project's user runs it: the bias of MR is corrected where the engine finds one.
OWN = tuple(
    replace(nsn2n(preset, preset=preset, rician="auto"), series="own", once=preset == "fast")
    for preset in ("default", "fast", "nsn2n")
)
BLIND = (
    row("bm4d", "blind, SD by estimate_sigma", "user", noise="estimated"),
    row("dipy-nlm", "blind, estimate_sigma", "user", method="blockwise", factor=1.0, coils=0),
    row("nd-safir", "blind", "user", blind=True),
)
#: Where the noise is colored, estimate_sigma finds too little of it; somebody who looks measures it in flat tissue.
BLIND_COLORED = row("bm4d", "blind, SD in flat blocks", "user", noise="flat blocks")
#: DIPY corrects its estimate for the noise of a magnitude image, if it is told to.
BLIND_MAGNITUDE = row("dipy-nlm", "blind, estimate_sigma, 1 coil", "user", method="blockwise", factor=1.0, coils=1)
DIPY = row(
    "dipy-nlm",
    "best of sweep",
    "truth",
    tuple(
        {"method": method, "factor": factor}
        for method in ("classic", "blockwise", "blockwise, patch 2", "ASCM")
        for factor in (0.7, 1.0, 1.3, 1.6, 2.2, 3.0)
    ),
)
SWEPT = (
    DIPY,
    row("nd-safir", "best of sweep", "truth", tuple({"factor": f} for f in (0.7, 1.0, 1.4, 2.0))),
    row(
        "diffusion",
        "best of sweep",
        "truth",
        tuple({"conductance": c, "iterations": n} for c in (1.0, 3.0) for n in (5, 10, 20)),
    ),
)
#: Short trainings: they show where such methods stand, not their last decibel.
LEARNED = (
    row("n2v", "300 steps", "user", steps=300, width=16),
    row("nb2nb", "300 steps", "user", steps=300, width=16, batch=8, crop=64),
)
NOISY = MethodRun("noisy")


def final():
    """The experiments of the final table."""
    return plan(VOLUMES, "final")


def rehearsal():
    """The same on development volumes."""
    return plan(STAND_INS, "development")


def plan(volumes, purpose):
    """The experiments on these volumes: all draws of one, then the next one."""
    t2, ct, pd = (volumes[key] for key in ("t2", "ct", "pd"))
    magnitude = (NOISY, *BLIND, BLIND_MAGNITUDE, *SWEPT)
    white = bm4d("best of sweep, true SD", "SD, Rician VST")
    cases = []

    def mr(name, title, base, rivals, **options):
        options = {"peak": "bright", **options}
        own = OWN if "filtered" in options else (replace(OWN[0], once=True), *OWN[1:])  # white: no network in default
        cases.append(Experiment(name, title, "mr", base.file, base.crop, None, options, (*rivals, *own)))

    mr("mr-7", "T2w MR, Rician noise 7 %", t2, (*magnitude, white, *LEARNED), level=0.07)
    mr("mr-3", "T2w MR, Rician noise 3 %", t2, (*magnitude, white), level=0.03)
    varies = bm4d("best of sweep, true SD map", "SD map, Rician VST")
    mr(
        "mr-varying",
        "T2w MR, Rician noise 4 %, varying over the volume",
        t2,
        (*magnitude, varies),
        level=0.04,
        varying=t2.shape,
    )
    colored = bm4d("best of sweep, true SD or spectrum", "SD, Rician VST", "spectrum, Rician VST")
    mr(
        "mr-correlated",
        "T2w MR, Rician noise 5 %, correlated in the plane",
        t2,
        (*magnitude, BLIND_COLORED, colored),
        level=0.05,
        filtered=0.6,
    )
    for name, photons, learned in (("ct-low", 2e5, LEARNED), ("ct-higher", 6e5, ())):
        cases.append(
            Experiment(
                name,
                f"Chest CT, simulated low dose, {photons:g} photons",
                "lowdose",
                ct.file,
                (ct.crop[0], None, None),
                None,
                {"photons": photons, "views": 240, "bin": ct.bin, "keep": ct.crop[1:], "own": ct.own},
                (
                    NOISY,
                    *BLIND,
                    BLIND_COLORED,
                    *SWEPT,
                    bm4d("best of sweep, true SD or spectrum", "SD", "tissue spectrum"),
                    *learned,
                    *OWN,
                ),
            )
        )
    mr(
        "pd-added",
        "PD fat-saturated MR, Rician noise added to its own",
        pd,
        (*magnitude, white),
        sd=pd.added,
        own=pd.own,
    )
    as_it_is = Experiment(
        "pd-real",
        "PD fat-saturated MR, its own noise, no truth",
        "real",
        pd.file,
        pd.crop,
        None,
        {"disc": pd.disc, "rician": True},
        (NOISY, *BLIND, BLIND_COLORED, BLIND_MAGNITUDE, *OWN),
        (0,),
    )
    planned = [one for case in cases for one in draws(case)]
    return tuple(replace(one, purpose=purpose) for one in (*planned, as_it_is))


def draws(experiment):
    """The experiment with each draw of its noise. Draw 0 has every seed of the trainings, draw n > 0 has seed n."""
    first = f"{experiment.name}{DRAW}0"
    yield replace(experiment, name=first, seeds=seeds_of(experiment))
    for n in range(1, DRAWS):
        options = {**experiment.options, "chosen_on": first}
        yield replace(experiment, name=f"{experiment.name}{DRAW}{n}", options=options, noise_seed=n, seeds=(n,))


def seeds_of(experiment):
    """Seeds on draw 0: all in one case with white and one with colored noise, else one. Not every method has any."""
    return tuple(range(DRAWS)) if experiment.name in ("mr-7", "ct-low") else (0,)


def case_of(name):
    """The case that a draw belongs to: "mr-7--draw1" -> "mr-7"."""
    return name.partition(DRAW)[0]
