"""Every experiment with its numbers, in one place. Two plans: QUICK (minutes) and FULL (hours, several sittings).

An experiment is a noisy volume (a `kind` with `options`, built in cases.py), the methods that run on it, and the seeds
of those whose training is random. The noise is drawn once per experiment (`noise_seed`): seeds compare trainings.
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

QUICK_STEPS = 150


@dataclass(frozen=True)
class MethodRun:
    """One row of a table: a method of Peers, its parameters, and for curves the series and abscissa it belongs to."""

    method: str
    label: str = ""
    parameters: dict = field(default_factory=dict)
    sweep: tuple | None = None
    series: str = ""
    x: float | None = None

    @property
    def name(self):
        """Name of its result files."""
        tail = "".join(c if c.isalnum() else "-" for c in self.label)
        return f"{self.method}--{tail}" if tail else self.method


@dataclass(frozen=True)
class Experiment:
    """name, title: of the table; kind: see cases.py; base and training: volumes (training: name and crop, or None)."""

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


def learned(steps, width, every, iterations, crop, prior=(150, 300, 600)):
    """The learned peers and NS-N2N with their budgets."""
    budget = {"steps": steps, "width": width}
    early_stops = tuple({"iterations": n} for n in prior)
    return (
        MethodRun("n2v", parameters=budget),
        MethodRun("nb2nb", parameters={**budget, "crop": crop}),
        MethodRun("zs-n2n", parameters={"every": every, "iterations": iterations}),
        MethodRun("dip", parameters={"every": every, "width": 2 * width}, sweep=early_stops),
        MethodRun("n2n", parameters=budget),
        MethodRun("n2c", parameters=budget),
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
        paper = {"compensate": False, "lambda_rc": 0.5, "lambda_ic": 1.0}
        runs.append(nsn2n(label, **{**paper, **changes, **overrides}))
    return (*runs, nsn2n("default", **overrides))


def design(**overrides):
    """The choices behind the default preset, each undone alone (Design.md)."""
    changes = (
        ("default", {}),
        ("targets not compensated", {"compensate": False}),
        ("no context slices", {"context": 0}),
        ("network sees the plain slice", {"input_noise": 0.0}),
        ("learning rate 0.001", {"learning_rate": 1e-3}),
        ("L_RC 0.5", {"lambda_rc": 0.5}),
        ("L_IC 1", {"lambda_ic": 1.0}),
        ("no W", {"threshold": 1.0}),
        ("removed noise not limited", {"limit": False}),
    )
    return tuple(nsn2n(label, **change, **overrides) for label, change in changes)


def thresholds(values, **overrides):
    """NS-N2N at fixed thresholds and at its own choice."""
    runs = [replace(nsn2n(f"th {v}", threshold=v, **overrides), series="fixed threshold", x=v) for v in values]
    return (*runs, nsn2n("automatic th", **overrides))


def convergence(steps, width, crop):
    """NS-N2N, Neighbor2Neighbor and Noise2Void, each trained anew with each number of steps."""
    runs = []
    for n in steps:
        runs.append(replace(nsn2n(f"{n} steps", steps=n), series="NS-N2N", x=n))
        runs.append(
            MethodRun("nb2nb", f"{n} steps", {"steps": n, "width": width, "crop": crop}, None, "Neighbor2Neighbor", n)
        )
        runs.append(MethodRun("n2v", f"{n} steps", {"steps": n, "width": width}, None, "Noise2Void", n))
    return tuple(runs)


def quick():
    """All kinds of experiments on small crops, one seed: a smoke test with numbers, within 20 minutes on 2 cores."""
    fast = tuple(replace(run, parameters={"every": 6}) if run.method == "bm3d" else run for run in CLASSICAL)
    methods = (*fast, *learned(120, 16, 12, 300, 96, (200, 400)), PAPER, nsn2n(steps=QUICK_STEPS))
    fewer = (*CLASSICAL[:3], *CLASSICAL[5:8], CLASSICAL[10])
    brain = ((76, 100), (40, 168), (26, 154))
    legs = ((50, 70), None, None)
    mr = Experiment(
        "mr-7",
        "MR, Rician noise 7 %",
        "mr",
        COLIN,
        brain,
        (STUDYFORREST, ((50, 74), (32, 160), (32, 160))),
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
            methods=(*CLASSICAL[:2], CLASSICAL[7], nsn2n(steps=QUICK_STEPS)),
        ),
        Experiment(
            "phantom",
            "CT head phantom, sharp kernel against the soft kernel",
            "phantom",
            HEAD_SHARP,
            ((8, 24), (100, 228), (100, 228)),
            None,
            {"partner": HEAD_SMOOTH},
            (*fewer, nsn2n(steps=QUICK_STEPS)),
            (0,),
        ),
        real(
            "real-chest",
            "Chest CT, 1 mm, sharp kernel",
            CHEST,
            ((20, 44), (200, 328), (150, 278)),
            20.0,
            fewer,
            QUICK_STEPS,
        ),
        real("real-pet", "PET, SUV", PET, ((30, 70), None, None), None, fewer, QUICK_STEPS, pet=True),
        replace(mr, name="ablation-mr", title="Ablation (Table 3), MR", methods=ablation(steps=80)),
        replace(mr, name="threshold-mr", title="Threshold, MR", methods=thresholds((0.01, 0.1), steps=80)),
        replace(mr, name="convergence-mr", title="Convergence (Fig. 3), MR", methods=convergence((40, 120), 16, 96)),
        *without_data((*fewer, nsn2n(steps=QUICK_STEPS)), (24, 96, 96), (0,)),
    )


def real(name, title, base, crop, disc, methods, steps=None, **options):
    """A real volume without truth; disc: contrast in image units of the inserted discs, None for none."""
    own = nsn2n(steps=steps) if steps else nsn2n()
    return Experiment(name, title, "real", base, crop, None, {"disc": disc, **options}, (*methods, own), (0,))


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


def full():
    """The experiments at size, three seeds: many hours on 2 cores; resumable."""
    methods = (*CLASSICAL, *learned(2000, 32, 32, 2000, 128), PAPER, nsn2n())
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
    curves = convergence((75, 150, 300, 600, 1200, 2400), 32, 128)
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
            methods=(*CLASSICAL, *learned(2000, 32, 32, 2000, 128)[:4], PAPER, nsn2n()),
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
        *design_experiments(),
        *paper_size(),
        *without_data((*CLASSICAL, nsn2n()), (48, 160, 160), (0,)),
    )


def design_experiments(steps=200):
    """What the design note (Design.md) stands on: small crops and short trainings, to compare many choices."""
    return (
        Experiment(
            "design-mr",
            "Choices behind the default, MR 7 %",
            "mr",
            COLIN,
            ((76, 100), (40, 168), (26, 154)),
            options={"level": 0.07},
            methods=design(steps=steps),
            seeds=(0,),
        ),
        Experiment(
            "design-ct",
            "Choices behind the default, CT",
            "lowdose",
            THIGH,
            ((50, 70), None, None),
            options={"photons": 2e5, "views": 180, "keep": ((40, 168), (60, 188))},
            methods=design(steps=steps),
            seeds=(0,),
        ),
    )


def real_full(name, title, base, crop, disc, **options):
    """A real volume with every method that needs no other volume."""
    methods = (*CLASSICAL, *learned(2000, 32, 32, 2000, 128)[:4], PAPER)
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


PLANS = {"quick": quick, "full": full}
