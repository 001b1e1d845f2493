"""What the command line understands."""

import argparse
from pathlib import Path

from .. import __version__
from ..engine import AXES, DEVICES, PRESETS, RICIAN

THRESHOLD_HELP = (
    "th of Eq. 3 in normalized units (0 to 1, usually 0.002 to 0.1), or auto: neighboring slices are used for training "
    "only where they differ by less"
)


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``nsn2n``; each command stores its name in ``command``."""
    parser = argparse.ArgumentParser(
        prog="nsn2n",
        description="Denoise a CT, MR or PET volume from that volume alone (Neighboring Slice Noise2Noise).",
        epilog="Exit status: 0 done, 1 failed, 2 unusable arguments or input, 130 interrupted. For research use only.",
    )
    parser.add_argument("--version", action="version", version=f"nsn2n {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_denoise(commands)
    _add_mask(commands)
    _add_inspect(commands)
    _add_report(commands)
    return parser


def _add_denoise(commands) -> None:
    parser = commands.add_parser("denoise", help="denoise a volume", description="Denoise a volume.")
    _add_input(parser)
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        type=Path,
        help="denoised volume (.nrrd, .nii.gz, .nii, .mha, .mhd), or a new folder with --dicom",
    )
    parser.add_argument("--dicom", action="store_true", help="write a derived DICOM series of a DICOM series")
    parser.add_argument("--threshold", type=threshold, default=None, metavar="auto|TH", help=THRESHOLD_HELP)
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="default",
        help="default: the best; fast: no network; nsn2n: the published method in minutes; paper: to the letter",
    )
    parser.add_argument("--lambda-rc", type=float, metavar="X", help="weight of L_RC, Eq. 5 (default 0, paper 0.5)")
    parser.add_argument("--lambda-ic", type=float, metavar="X", help="weight of L_IC, Eq. 6 (default 0, paper 1)")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="training steps (default 450): more is slower and better"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="time limit instead: as many steps as fit (reading and writing extra)",
    )
    parser.add_argument(
        "--strength", type=float, metavar="S", help="part of the removed noise that stays removed, 0 to 1 (1)"
    )
    parser.add_argument(
        "--without",
        action="append",
        choices=("first", "learn", "refine"),
        metavar="STAGE",
        help="leave a stage out: first, learn or refine (see inspect)",
    )
    parser.add_argument("--gap", type=int, metavar="N", help="pair slices N apart instead of choosing by the noise")
    parser.add_argument(
        "--rician",
        choices=RICIAN,
        help="take the Rician bias of MR magnitude images away (default auto: where the air shows that it is one; "
        "paper off)",
    )
    _add_axis(parser)
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same voxels (0)")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="also write what was removed: input - output")
    parser.add_argument("--mask", type=Path, metavar="FILE", help="also write W: 1 where neighboring slices match")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the numbers of the run")
    parser.add_argument("--preview", type=Path, metavar="FILE.png", help="also draw input, W, output and removed noise")
    _add_common(parser)


def _add_mask(commands) -> None:
    parser = commands.add_parser(
        "mask", help="write W only, in seconds", description="Write W (Eq. 3) without training, to tune the threshold."
    )
    _add_input(parser)
    parser.add_argument("output", metavar="MASK", type=Path, help="W: 1 where neighboring slices match, 0 elsewhere")
    parser.add_argument("--threshold", type=threshold, default=None, metavar="auto|TH", help=THRESHOLD_HELP)
    parser.add_argument("--gap", type=int, metavar="N", help="compare slices N apart instead of choosing by the noise")
    _add_axis(parser)
    _add_common(parser)


def _add_inspect(commands) -> None:
    parser = commands.add_parser(
        "inspect", help="print what matters about a volume", description="Print size, noise, threshold and warnings."
    )
    _add_input(parser)
    _add_axis(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_report(commands) -> None:
    parser = commands.add_parser(
        "report",
        help="write a page that says what a result is worth",
        description="Write one self-contained HTML page: what was run, slices before and after and what was removed, "
        "noise, shift, leak, limits with pass or fail, and lines for name and date. It holds no name of a file or "
        "patient.",
    )
    _add_input(parser)
    parser.add_argument("result", metavar="RESULT", type=Path, help="the denoised volume")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.html", help="the page (RESULT-report.html)")
    parser.add_argument("--run", type=Path, metavar="FILE.json", help="what nsn2n denoise --report wrote")
    parser.add_argument(
        "--lesions",
        action="store_true",
        help="insert lesions and run the same stages again, to see what comes back of their contrast; takes as long as "
        "the run did, needs --run",
    )
    parser.add_argument("--title", metavar="TEXT", help="a line under the headline, such as a study's number")
    _add_common(parser)


def threshold(text: str) -> float | None:
    """ "auto" -> None, else the number."""
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'auto' nor a number") from None


def _add_input(parser) -> None:
    parser.add_argument(
        "input", metavar="INPUT", type=Path, help="NRRD, NIfTI or MetaImage file, or DICOM file or folder"
    )
    parser.add_argument(
        "--series", metavar="N|UID", help="which series of a DICOM folder (without it, several are listed)"
    )
    parser.add_argument("--frame", type=int, metavar="N", help="which frame of a 4-D file or series, from 0")


def _add_axis(parser) -> None:
    parser.add_argument("--axis", choices=AXES, default="auto", help="slice axis; auto: the acquisition axis")


def _add_common(parser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
