"""The one description of a run's parameters: options, the CLI module's XML and tooltips come from it."""

import argparse
from dataclasses import dataclass

from ..engine import AXES, DEVICES, PRESETS, RICIAN, Settings, SettingsError

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

    @property
    def flag(self) -> str:
        """As it is typed: ``--lambda-rc``."""
        return "--" + self.name.replace("_", "-")


PARAMETERS = (
    Parameter(
        "preset",
        "Preset",
        "default: the best; fast: no network; nsn2n: the published method in minutes; paper: to the letter; "
        "ultrasound: the grains of its speckle",
        PRESETS,
        "default",
        advanced=False,
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
    ),
    Parameter(
        "strength",
        "Strength",
        "part of the removed noise that stays removed, 0 to 1 (default 1)",
        float,
        unset=1,
        low=0,
        high=1,
        metavar="S",
        advanced=False,
    ),
    Parameter(
        "lambda_rc",
        "Lambda RC",
        "weight of L_RC, Eq. 5 (default 0, paper 0.5)",
        float,
        unset=-1,
        low=0,
        high=10,
        metavar="X",
    ),
    Parameter(
        "lambda_ic",
        "Lambda IC",
        "weight of L_IC, Eq. 6 (default 0, paper 1)",
        float,
        unset=-1,
        low=0,
        high=10,
        metavar="X",
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
        "take the Rician bias of MR magnitude images away (default auto: where air or dark tissue shows one; "
        "paper off)",
        RICIAN,
        unset=AS_PRESET,
    ),
    Parameter("axis", "Slice axis", "slice axis; auto: the acquisition axis", AXES, "auto"),
    Parameter("device", "Device", "where to compute", DEVICES, "auto"),
    Parameter(
        "seed", "Seed", "the same seed gives the same voxels (default 0)", int, 0, low=0, high=2**31 - 1, metavar="N"
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
#: What the label map of ``--within`` does.
WITHIN = "denoise only where this label map, on the volume's grid, is not 0; elsewhere voxels stay as they are"
#: Stages that can be left out.
LEAVABLE = ("first", "learn", "refine")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser an option for each parameter, and ``--without``."""
    for parameter in PARAMETERS:
        add_option(parser, parameter)
    parser.add_argument(
        "--without",
        action="append",
        choices=LEAVABLE,
        metavar="STAGE",
        help="leave a stage out: first (with similar), learn or refine (see inspect)",
    )


def add_option(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    """Give a parser the option of one parameter."""
    if isinstance(parameter.kind, tuple):
        kind = {"choices": parameter.kind}
    else:
        kind = {"type": threshold if parameter.name == "threshold" else parameter.kind, "metavar": parameter.metavar}
    parser.add_argument(parameter.flag, default=parameter.default, help=parameter.text, **kind)


def threshold(text: str) -> float | None:
    """ "auto" -> None, else the number."""
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'auto' nor a number") from None


def check_workers(options: argparse.Namespace) -> None:
    """Raise SettingsError where ``--workers`` is no number of processes, or there is a ``--scheduler``, too."""
    if options.workers is None:
        return
    if options.scheduler is not None:
        raise SettingsError("--workers are processes here, and --scheduler has its own; leave one out")
    if options.workers < 1:
        raise SettingsError(f"--workers is {options.workers}; give 1 or more")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that options made by `add_options` ask for.

    Raises:
        SettingsError: a value that is not allowed.
    """
    names = [parameter.name for parameter in PARAMETERS if parameter.name != "preset"]
    overrides = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    overrides.update(dict.fromkeys(options.without or (), False))
    return Settings.from_preset(options.preset, **overrides)
