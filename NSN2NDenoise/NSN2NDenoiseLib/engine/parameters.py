"""The one description of a run's parameters: options, the CLI module's XML and the panel's tooltips come from it."""

from dataclasses import dataclass

from .settings import DEVICES, PRESETS, RICIAN
from .volume.axes import AXES

#: What stands for "as the preset has it" where a program must always give a value.
AS_PRESET = "preset"


@dataclass(frozen=True)
class Parameter:
    """A setting as a person meets it.

    Attributes:
        name: of the setting in `engine.Settings`.
        label: a few words.
        text: a sentence without its end, lower case.
        kind: float, int, or a tuple of the allowed words.
        default: of the option; None leaves the setting to the preset.
        unset: the value that leaves the setting to the preset where None can't be said; None: there is none.
        low, high: of a number; `unset` may lie outside.
        metavar: what stands for the value in the help.
        advanced: whether most people leave it alone.
        note: what the option's help adds in brackets.
        more: sentences that the panel's tooltip has instead.
    """

    name: str
    label: str
    text: str
    kind: type | tuple[str, ...]
    default: float | int | str | None = None
    unset: float | int | str | None = None
    low: float | None = None
    high: float | None = None
    metavar: str | None = None
    advanced: bool = True
    note: str = ""
    more: str = ""

    @property
    def help(self) -> str:
        """Of the option."""
        return f"{self.text} ({self.note})" if self.note else self.text

    @property
    def tool_tip(self) -> str:
        """In the panel."""
        return " ".join((f"{self.text[0].upper()}{self.text[1:]}.", self.more)).rstrip()

    @property
    def flag(self) -> str:
        """As it is typed: ``--lambda-rc``."""
        return "--" + self.name.replace("_", "-")


PARAMETERS = (
    Parameter(
        "preset",
        "Preset",
        "what is done; default: the best; fast: no network; nsn2n: the published method in minutes; paper: to the "
        "letter; ultrasound: the grains of its speckle",
        PRESETS,
        "default",
        advanced=False,
        more="Choosing one sets the stages, weights and MR bias correction to its own.",
    ),
    Parameter(
        "threshold",
        "Threshold",
        "th of Eq. 3 in normalized units (0 to 1, usually 0.002 to 0.1), or auto, three noise SDs: where neighboring "
        "slices differ by more, nothing is learned from them, and the filters are gentler",
        str,
        unset="auto",
        metavar="auto|TH",
        advanced=False,
        more="They are orange in the overlay (W = 0). Choose it so that the overlay covers the structures that "
        "differ between slices, but not mere noise.",
    ),
    Parameter(
        "minutes",
        "Time limit (minutes)",
        "time limit: as many training steps as fit (reading and writing extra)",
        float,
        unset=0,
        low=0.1,
        high=1440,
        metavar="M",
        advanced=False,
        more="More time removes more noise. Automatic: as long as the preset takes, minutes with default.",
    ),
    Parameter(
        "strength",
        "Strength",
        "part of the removed noise that stays removed",
        float,
        unset=1,
        low=0,
        high=1,
        metavar="S",
        advanced=False,
        note="0 to 1, default 1",
        more="The slice views follow at once; the result, its removed noise and its report when the slider is let "
        "go. Nothing is trained again, and nothing is lost by moving it to and fro. The next run starts with "
        "it.",
    ),
    Parameter(
        "lambda_rc",
        "Lambda RC",
        "weight of L_RC, Eq. 5",
        float,
        unset=-1,
        low=0,
        high=10,
        metavar="X",
        note="default 0, paper 0.5",
        more="The regional consistency loss: matched voxels of neighbors get the same value. 0 leaves it out.",
    ),
    Parameter(
        "lambda_ic",
        "Lambda IC",
        "weight of L_IC, Eq. 6",
        float,
        unset=-1,
        low=0,
        high=10,
        metavar="X",
        note="default 0, paper 1",
        more="The inter-slice continuity loss: the result of a mean slice is the mean of the results. 0 leaves it out.",
    ),
    Parameter(
        "steps",
        "Training steps",
        "training steps (default 400, preset nsn2n 300): more is slower and better",
        int,
        unset=0,
        low=1,
        high=10_000_000,
        metavar="N",
    ),
    Parameter(
        "gap",
        "Gap",
        "pair slices N apart instead of choosing by the noise",
        int,
        unset=0,
        low=1,
        high=16,
        metavar="N",
    ),
    Parameter(
        "rician",
        "Rician bias of MR",
        "take the Rician bias of MR magnitude images away",
        RICIAN,
        unset=AS_PRESET,
        note="default auto: where air or dark tissue shows one; paper off",
        more="Noise makes dark parts of them brighter than they are. auto: where air or dark tissue shows it, "
        "never in CT or PET; on: also where the air was masked; off: never.",
    ),
    Parameter(
        "axis",
        "Slice axis",
        "slice axis; auto: the acquisition axis",
        AXES,
        "auto",
        more="Neighbors are taken along it. That axis has the largest spacing, and is k in most volumes.",
    ),
    Parameter(
        "device", "Device", "where to compute", DEVICES, "auto", more="auto: the GPU if it really works, else the CPU."
    ),
    Parameter(
        "seed",
        "Seed",
        "the same seed gives the same voxels",
        int,
        0,
        low=0,
        high=2**31 - 1,
        metavar="N",
        note="default 0",
        more="On another computer they may differ in their last digits.",
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
