"""Everything that can be set about a run, the presets, and the one place that checks settings."""

from dataclasses import dataclass, fields, replace

from .errors import SettingsError
from .match.weight_matrix import check_threshold
from .volume.axes import AXES

#: "default": the best; "fast": no network, seconds; "nsn2n": the paper's method at a size that a CPU finishes in
#: minutes; "paper": to the letter; "ultrasound": for speckle, see speckle.py.
PRESETS = ("default", "fast", "nsn2n", "paper", "ultrasound")
DEVICES = ("auto", "cpu", "cuda", "mps")
#: Settings that need not be whole numbers.
REAL = ("lambda_rc", "lambda_ic", "learning_rate", "input_noise", "collaborative", "strength")
#: Largest weight of a loss.
LAMBDA_MAX = 10
PRECISIONS = ("auto", "float32", "bfloat16")
RICIAN = ("auto", "on", "off")


@dataclass(frozen=True)
class Settings:
    """Settings of one run; make them with `Settings.from_preset`.

    Attributes:
        preset: name of the preset that these settings started from.
        threshold: th of Eq. 3, normalized, in [0, 1]; None chooses it from the noise of the volume.
        lambda_rc, lambda_ic: weights of L_RC and L_IC in Eq. 7, >= 0. The default trains briefly on compensated
            targets, where the paper's 0.5 and 1 cost quality or time (Testing/Benchmark/Design.md): they are 0 there.
        axis: slice axis, "auto", "k", "j" or "i".
        gap: pairs are (x_i, x_i+gap); None takes the smallest gap with uncorrelated noise.
        device: "auto", "cpu", "cuda" or "mps".
        precision: of the convolutions: "auto" takes bfloat16 where the hardware multiplies it.
        seed: of the network's first weights and of the crops.
        width, levels, batch_norm, residual: of the `UNet`.
        input_noise: SD that the noise has in the network's magnified view of a slice (unet.py); 0 shows it the
            normalized slice itself.
        context: slices on the side away from the target that the network sees beside x_i.
        compensate: add LPF(x_i) - LPF(x_i+1) to the target x_i+1, so that what is left of the anatomical difference
            in matched pixels is not learned.
        first: filter the volume before any training (stages "first", guided by LPF, a result in seconds, and "similar",
            guided by that), the training's pilot from its start.
        learn: train the network (stage "learn"); None: where it helps, with colored noise (see plan.py), and wherever
            steps or minutes are given.
        refine: filter the volume guided by the network (stage "refine").
        collaborative: strength of the collaborative filter of similar blocks (collaborative.py), as a factor of the
            measured noise SD; 0: none, in no stage.
        strength: part of the removed noise that stays removed at the end, 0 to 1.
        limit: bound what is removed from a voxel to 3 local noise SDs.
        rician: take the bias of MR magnitude images away: "auto" where the volume is recognized as one, "on", "off".
        speckle: the noise is the speckle of ultrasound, with grains wider than a pixel: filter the grains (speckle.py).
        crop: side of the training crops in pixels; 0 takes whole slices.
        batch: pairs a step.
        steps: training steps; 0 means `epochs` passes over all pairs.
        epochs: used when `steps` is 0.
        minutes: time limit of the whole run, files not counted: as many steps as fit, whatever `steps`
            says; None sets no limit.
        learning_rate: of Adam at the start.
        schedule: "halving" (halved every fifth of the run) or "cosine" (falling to 0).
        betas: of Adam.
    """

    preset: str = "default"
    threshold: float | None = None
    lambda_rc: float = 0.0
    lambda_ic: float = 0.0
    axis: str = "auto"
    gap: int | None = None
    device: str = "auto"
    precision: str = "auto"
    seed: int = 0
    width: int = 16
    levels: int = 3
    batch_norm: bool = True
    residual: bool = True
    input_noise: float = 0.25
    context: int = 2
    compensate: bool = True
    first: bool = True
    learn: bool | None = None
    refine: bool = True
    collaborative: float = 1.0
    strength: float = 1.0
    limit: bool = True
    rician: str = "auto"
    speckle: bool = False
    crop: int = 64
    batch: int = 2
    steps: int = 400
    epochs: int = 0
    minutes: float | None = None
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    betas: tuple[float, float] = (0.9, 0.99)

    @classmethod
    def from_preset(cls, name: str = "default", **overrides) -> "Settings":
        """The settings of a preset, some of them replaced.

        Args:
            name: one of `PRESETS`.
            overrides: any attribute of this class by its name.

        Raises:
            SettingsError: an unknown preset or setting, or a value that is not allowed.
        """
        if name not in PRESETS:
            raise SettingsError(f"preset is {name!r}; allowed are {', '.join(PRESETS)}")
        known = {field.name for field in fields(cls)}
        for key in overrides:
            if key not in known:
                raise SettingsError(f"there is no setting {key!r}; the settings are {', '.join(sorted(known))}")
        if overrides.get("steps") and overrides.get("minutes") is not None:
            raise SettingsError("steps and minutes are both given; minutes choose the steps, so leave one of them out")
        settings = replace(cls(preset=name, **_PRESETS[name]), **overrides)
        if settings.learn is None and (overrides.get("steps") or overrides.get("minutes") is not None):
            settings = replace(settings, learn=True)  # who says how long to train wants the network
        settings.check()
        return settings

    def check(self) -> None:
        """Raise SettingsError for the first value that is not allowed."""
        if self.threshold is not None:
            check_threshold(self.threshold)
        _one_of("axis", self.axis, AXES)
        _one_of("device", self.device, DEVICES)
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("rician", self.rician, RICIAN)
        _one_of("schedule", self.schedule, ("halving", "cosine"))
        for name in ("first", "refine", "compensate", "limit", "speckle"):
            _one_of(name, getattr(self, name), (True, False))
        _one_of("learn", self.learn, (True, False, None))
        for name, low, high in (
            ("lambda_rc", 0, LAMBDA_MAX),
            ("lambda_ic", 0, LAMBDA_MAX),
            ("learning_rate", 1e-7, 1),
            ("input_noise", 0, 10),
            ("collaborative", 0, 10),
            ("strength", 0, 1),
            ("seed", 0, 2**31 - 1),
            ("width", 1, 256),
            ("levels", 1, 6),
            ("context", 0, 8),
            ("batch", 1, 4096),
            ("steps", 0, 10_000_000),
            ("epochs", 0, 1_000_000),
        ):
            _number(name, getattr(self, name), low, high, integer=name not in REAL)
        if self.minutes is not None:
            _number("minutes", self.minutes, 0.1, 1440, integer=False)
        if self.gap is not None:
            _number("gap", self.gap, 1, 16, integer=True)
        if self.crop != 0:
            _number("crop", self.crop, 16, 4096, integer=True)
        if self.learn is False and not (self.collaborative and (self.first or self.refine)):
            raise SettingsError("learn, first and refine are all off, so nothing would be done; switch one of them on")
        if self.steps == 0 and self.epochs == 0:
            raise SettingsError("steps and epochs are both 0; give one of them")


def _one_of(name: str, value, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}; allowed are {', '.join(map(str, allowed))}")


def _number(name: str, value, low: float, high: float, integer: bool) -> None:
    kinds = (int,) if integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if integer else "a number"
        raise SettingsError(f"{name} is {value!r}; it must be {kind} from {low} to {high}")


#: What the presets other than the default change.
_PRESETS = {
    "default": {},
    "fast": {"learn": False, "refine": False},
    "ultrasound": {"learn": False, "refine": False, "rician": "off", "speckle": True},
    # the paper's losses on a network and for a time that a CPU can bear
    "nsn2n": {
        "lambda_rc": 0.5,
        "lambda_ic": 1.0,
        "learn": True,
        "first": False,
        "refine": False,
        "compensate": False,
        "context": 0,
        "limit": False,
        "batch": 8,
        "steps": 300,
    },
    # Sec. 4.1 to the letter where it speaks (Adam, rate, epochs, lambdas), the usual U-Net where it does not (a pair a
    # step)
    "paper": {
        "lambda_rc": 0.5,
        "lambda_ic": 1.0,
        "gap": 1,
        "precision": "float32",
        "width": 64,
        "levels": 4,
        "batch_norm": True,
        "residual": False,
        "input_noise": 0.0,
        "context": 0,
        "compensate": False,
        "learn": True,
        "first": False,
        "refine": False,
        "limit": False,
        "rician": "off",
        "crop": 0,
        "batch": 1,
        "steps": 0,
        "epochs": 100,
        "learning_rate": 1e-3,
        "schedule": "halving",
        "betas": (0.5, 0.999),
    },
}
