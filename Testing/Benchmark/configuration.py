"""What an experiment is, and the rows that the plans share (plan_*.py).

An experiment is a noisy volume (a `kind` with `options`, built in cases.py), the methods that run on it, and the seeds
of those whose training is random. The noise is drawn once per experiment (`noise_seed`): seeds compare trainings. More
draws are experiments of their own (plan_final.py); the option `chosen_on` names the one that chose the parameters.
Volumes are named by the files of the data folder; crops are (first, last) in voxels along (k, j, i), None for all.
"""

from dataclasses import dataclass, field, replace

COLIN = "mr_colin27_t1_1mm.nii.gz"
STUDYFORREST = "mr_studyforrest_t1_bin2_cleanref.nii.gz"
STUDYFORREST_NOISY = "mr_studyforrest_t1_0p7mm.nii.gz"
THIGH = "ct_ibsi_sts013_lownoise.nii.gz"
HEAD_SHARP = "ct_headphantom_1mm_sharp.nii.gz"
HEAD_SMOOTH = "ct_headphantom_1mm_smooth.nii.gz"
CHEST = "ct_lidc0314_1mm_noisy.nii.gz"
STREAKY = "dicom_ibsi_sts021_ct"
OVERLAP = "ct_lungfcp_overlap_1mm.nii.gz"
PET = "pet_ibsi_sts013_suv.nii.gz"
SYNTHETIC = "synthetic"

CT_RANGE_HU = 400.0  # data range of PSNR and SSIM in CT: a soft-tissue window, values not clipped
CT_TISSUE_HU = (-150.0, 200.0)
MR_TISSUE = 0.15  # of the clean maximum


@dataclass(frozen=True)
class MethodRun:
    """One row of a table: a method of Peers, its parameters, and for curves the series and abscissa it belongs to.

    In the final plan the series says who could run it so (plan_final.py). once: the result depends on no seed, though
    the method's may.
    """

    method: str
    label: str = ""
    parameters: dict = field(default_factory=dict)
    sweep: tuple | None = None
    series: str = ""
    x: float | None = None
    once: bool = False

    @property
    def name(self):
        """Name of its result files."""
        tail = "".join(c if c.isalnum() else "-" for c in self.label)
        return f"{self.method}--{tail}" if tail else self.method


def seeds_of(experiment, run, random):
    """The seeds that a method runs with; random: whether its result depends on one."""
    return experiment.seeds if random and not run.once else experiment.seeds[:1]


@dataclass(frozen=True)
class Experiment:
    """name, title: of the table; kind: see cases.py; base and training: volumes (training: name and crop, or None).

    purpose: "final" opens the volumes of the final table (volumes.py), anything else only those for development.
    """

    name: str
    title: str
    kind: str
    base: str
    crop: tuple = (None, None, None)
    training: tuple | None = None
    options: dict = field(default_factory=dict)
    methods: tuple = ()
    seeds: tuple = (0, 1, 2)
    noise_seed: int = 0
    purpose: str = "development"


def learned(steps, width, every, iterations, prior, pairs=None, draws=2):
    """The learned peers with their budgets. prior: early stops of Deep Image Prior; pairs: of Neighbor2Neighbor.

    draws: of the noise, for Noise2Noise and Noise2Clean.
    """
    budget = {"steps": steps, "width": width}
    return (
        MethodRun("n2v", parameters=budget),
        MethodRun("nb2nb", parameters={**budget, **(pairs or {})}),
        MethodRun("zs-n2n", parameters={"every": every, "iterations": iterations}),
        MethodRun(
            "dip", parameters={"every": every, "width": 2 * width}, sweep=tuple({"iterations": n} for n in prior)
        ),
        MethodRun("n2n", parameters={**budget, "draws": draws}),
        MethodRun("n2c", parameters={**budget, "draws": draws}),
    )


FILTERS = "noisy slice-mean nlm2d nlm3d tv diffusion median dipy-nlm ants bm3d bm4d"
CLASSICAL = tuple(MethodRun(key) for key in FILTERS.split())
PAPER = MethodRun("nsn2n", "paper", {"preset": "paper", "needs_gpu": True})


def nsn2n(label="default", **overrides):
    """NS-N2N with some settings changed."""
    return MethodRun("nsn2n", label, dict(overrides))


def ablation(**overrides):
    """The five rows of Table 3: W_i, L_RC, L_IC on or off, with the paper's targets; then the default with its own.

    A threshold of 1 matches every pixel.
    """
    off = {"rc": {"lambda_rc": 0.0}, "ic": {"lambda_ic": 0.0}, "w": {"threshold": 1.0}}
    rows = (
        ("no W, no RC, no IC", ("w", "rc", "ic")),
        ("W", ("rc", "ic")),
        ("W, RC", ("ic",)),
        ("W, IC", ("rc",)),
        ("W, RC, IC", ()),
    )
    runs = []
    for label, missing in rows:
        changes = {key: value for part in missing for key, value in off[part].items()}
        paper = {"compensate": False, "collaborative": 0.0, "limit": False, "lambda_rc": 0.5, "lambda_ic": 1.0}
        runs.append(nsn2n(label, **{**paper, **changes, **overrides}))
    return (*runs, nsn2n("default", **overrides))


def thresholds(values, **overrides):
    """NS-N2N at fixed thresholds and at its own choice."""
    runs = [replace(nsn2n(f"th {v}", threshold=v, **overrides), series="fixed threshold", x=v) for v in values]
    return (*runs, nsn2n("automatic th", **overrides))


def convergence(steps, width, pairs):
    """NS-N2N, Neighbor2Neighbor and Noise2Void, each trained anew with each number of steps."""
    runs = []
    for n in steps:
        runs.append(replace(nsn2n(f"{n} steps", steps=n), series="NS-N2N", x=n))
        runs.append(
            MethodRun("nb2nb", f"{n} steps", {"steps": n, "width": width, **pairs}, None, "Neighbor2Neighbor", n)
        )
        runs.append(MethodRun("n2v", f"{n} steps", {"steps": n, "width": width}, None, "Noise2Void", n))
    return tuple(runs)


def real(name, title, base, crop, disc, methods, **options):
    """A real volume without truth; disc: contrast in image units of the inserted discs, None for none."""
    return Experiment(name, title, "real", base, crop, None, {"disc": disc, **options}, (*methods, nsn2n()), (0,))


def without_data(methods, shape, seeds):
    """What runs where the data folder is missing: a synthetic head. Not run where the real volumes are there."""
    options = {"shape": shape, "only_without_data": True}
    return (
        Experiment(
            "synthetic-mr",
            "Synthetic head, Rician noise 7 %",
            "mr",
            SYNTHETIC,
            options={**options, "level": 0.07},
            methods=methods,
            seeds=seeds,
        ),
        Experiment(
            "synthetic-ct",
            "Synthetic head, simulated low dose",
            "lowdose",
            SYNTHETIC,
            options={**options, "photons": 1e5, "views": 180, "pixel_mm": 2.0},
            methods=methods,
            seeds=seeds,
        ),
    )
