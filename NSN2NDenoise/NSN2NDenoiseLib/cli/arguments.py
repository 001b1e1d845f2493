"""What the command line understands."""

import argparse
from pathlib import Path

from .. import __version__
from ..engine.parameters import BY_NAME
from .parameters import WITHIN, add_option, add_options

COMMANDS = ("denoise", "mask", "inspect", "batch", "report")


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
    _add_batch(commands)
    _add_report(commands)
    return parser


def _add_denoise(commands) -> None:
    parser = commands.add_parser("denoise", help="denoise a volume", description="Denoise a volume.")
    _add_input(parser)
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        type=Path,
        help="denoised volume (.nrrd, .nii.gz, .nii, .mha, .mhd; in parts also .tif, .zarr, .npy), or a new folder "
        "with --dicom",
    )
    parser.add_argument("--dicom", action="store_true", help="write a derived DICOM series of a DICOM series")
    parser.add_argument("--frames", choices=("all",), help="denoise all frames of a 4-D file or series")
    add_options(parser)
    parser.add_argument("--within", type=Path, metavar="LABELMAP", help=WITHIN)
    parser.add_argument("--noise", type=Path, metavar="FILE", help="also write what was removed: input - output")
    parser.add_argument("--mask", type=Path, metavar="FILE", help="also write W: 1 where neighboring slices match")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the numbers of the run")
    parser.add_argument("--preview", type=Path, metavar="FILE.png", help="also draw input, W, output and removed noise")
    parser.add_argument(
        "--save-network",
        type=Path,
        metavar="FILE",
        help="train a network whatever the noise, and keep it for other series of the same scan",
    )
    parser.add_argument(
        "--network",
        type=Path,
        metavar="FILE",
        help="use a kept network instead of training one; refused where noise or spacing do not fit",
    )
    _add_memory(parser)
    _add_cluster(
        parser,
        "denoise the parts of a large volume on a running Dask scheduler, as tcp://host:8786",
        "denoise them in N processes here, each with the memory that --memory allows",
    )
    _add_common(parser)


def _add_mask(commands) -> None:
    parser = commands.add_parser(
        "mask", help="write W only, in seconds", description="Write W (Eq. 3) without training, to tune the threshold."
    )
    _add_input(parser)
    parser.add_argument("output", metavar="MASK", type=Path, help="W: 1 where neighboring slices match, 0 elsewhere")
    add_option(parser, BY_NAME["threshold"])
    parser.add_argument("--gap", type=int, metavar="N", help="compare slices N apart instead of choosing by the noise")
    add_option(parser, BY_NAME["axis"])
    _add_common(parser)


def _add_inspect(commands) -> None:
    parser = commands.add_parser(
        "inspect",
        help="print what matters about a volume, and what a run would take",
        description="Print size, noise, threshold, warnings, and the plan of a run: its stages, seconds and memory.",
    )
    _add_input(parser)
    for name in ("preset", "axis", "device"):
        add_option(parser, BY_NAME[name])
    _add_memory(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_memory(parser) -> None:
    parser.add_argument(
        "--memory",
        type=float,
        metavar="GB",
        help="read, denoise and write the volume in parts, with at most this much memory; without it, so is what does "
        "not fit (uncompressed NRRD, MetaImage or NIfTI, TIFF stacks, OME-Zarr, .npy)",
    )


def _add_cluster(parser, scheduler: str, workers: str) -> None:
    parser.add_argument("--scheduler", metavar="ADDRESS", help=scheduler)
    parser.add_argument("--workers", type=int, metavar="N", help=workers)


def _add_batch(commands) -> None:
    parser = commands.add_parser(
        "batch",
        help="denoise many volumes",
        description="Denoise every volume of files, folders, DICOM trees or a BIDS dataset. The same command goes on "
        "where it was stopped. Needs Dask: pip install 'nsn2n[batch]'.",
    )
    parser.add_argument("inputs", metavar="INPUT", type=Path, nargs="+", help="files and folders, or a BIDS dataset")
    parser.add_argument("output", metavar="OUT_DIR", type=Path, help="folder for results and table")
    parser.add_argument("--dicom", action="store_true", help="write a derived DICOM series of each DICOM series")
    _add_cluster(parser, "of a running Dask scheduler, as tcp://host:8786", "processes here, instead of as many as fit")
    add_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace results of other settings or inputs")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


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
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE.html", help="the page (RESULT-report.html, beside RESULT)"
    )
    parser.add_argument("--run", type=Path, metavar="FILE.json", help="what nsn2n denoise --report wrote")
    parser.add_argument(
        "--lesions",
        action="store_true",
        help="insert lesions and run the same stages again, to see what comes back of their contrast; takes as long as "
        "the run did, needs --run",
    )
    parser.add_argument("--title", metavar="TEXT", help="a line under the headline, such as a study's number")
    _add_common(parser)


def _add_input(parser) -> None:
    parser.add_argument(
        "input", metavar="INPUT", type=Path, help="NRRD, NIfTI or MetaImage file, or DICOM file or folder"
    )
    parser.add_argument(
        "--series", metavar="N|UID", help="which series of a DICOM folder (without it, several are listed)"
    )
    parser.add_argument("--frame", type=int, metavar="N", help="which frame of a 4-D file or series, from 0")


def _add_common(parser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
