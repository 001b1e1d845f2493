"""The options of a run, made from the one description of its parameters."""

import argparse

from ..engine import Settings, SettingsError
from ..engine.parameters import PARAMETERS, Parameter

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
    parser.add_argument(parameter.flag, default=parameter.default, help=parameter.help, **kind)


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
