"""What ``nsn2n report`` does: one page that says what a result is worth."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .. import engine
from ..engine.judge.contrast import settings_of
from ..report.compose import Pair, compose
from ..report.page import Content, make_page
from ..report.runs import is_run, of_frame, price
from .progress_bar import ProgressBar
from .staged_files import StagedFiles, check_target
from .volume_io import Volume, image_suffix, is_sequence, read_volume
from .within import describe_grid, same_grid

#: Most that two spacings may differ by, relative, to be of one geometry.
SAME = 1e-3


def report(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n report``."""
    target = options.output or page_of(options.result)
    if target.suffix.lower() != ".html":
        raise engine.SettingsError(f"{target} must end in .html")
    check_target(target, options.input, options.overwrite, [options.result])
    run = None if options.run is None else read_run(options.run)
    if run is not None and options.frame is not None and "frames" in run:
        run = of_frame(run, options.frame)
    if options.lesions and run is None:
        raise engine.SettingsError(
            "--lesions runs the same stages again, so it has to know them: give the JSON of nsn2n denoise --report "
            "with --run"
        )
    if options.lesions:
        settings_of(run)
    volume, result = read_pair(options)
    check_pair(volume, result, options)
    directions = np.array(volume.image.GetDirection()).reshape(3, 3)
    pair = Pair(volume.array, result.array, volume.spacing, directions, volume.positions, volume.modality or None)
    if options.lesions and not options.quiet:
        print(f"inserting lesions and running the same stages again costs {price(run)}", flush=True)
    bar = ProgressBar(quiet=options.quiet)
    try:
        content = compose(pair, run, options.lesions, options.title or "", bar, should_stop)
    finally:
        bar.close()
    with StagedFiles() as staged:
        staged.path(target).write_text(make_page(content), encoding="utf-8")
        if should_stop():
            raise engine.Cancelled("stopped on request; nothing was written")
        staged.commit()
    if not options.quiet:
        print(describe(content, target))


def page_of(result: Path) -> Path:
    """Where the page of a result is, if nothing else is said: beside it, ``r.v1.nii.gz`` -> ``r.v1-report.html``."""
    stem = result.name[: len(result.name) - len(image_suffix(result) or "")]
    return result.parent / f"{stem}-report.html"


def read_run(path: Path) -> dict:
    """The report of a run, as nsn2n denoise --report writes it.

    Raises:
        InputError: it can't be read, or is something else.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise engine.InputError(f"{path} can't be read as the JSON of nsn2n denoise --report ({error})") from error
    if not is_run(run):
        raise engine.InputError(f"{path} is not the JSON of nsn2n denoise --report")
    return run


def read_pair(options: argparse.Namespace) -> tuple[Volume, Volume]:
    """Input and result; of those that are 4-D the frame that is asked for.

    Raises:
        InputError: as `read_volume`; or only the result has frames.
    """
    volume = read_volume(options.input, options.frame, options.series)
    has_frames = is_sequence(options.result)
    if has_frames and options.frame is None:
        raise engine.InputError(f"{options.result} is 4-D and {options.input} is 3-D: no pair")
    return volume, read_volume(options.result, options.frame if has_frames else None)


def check_pair(volume: Volume, result: Volume, options: argparse.Namespace) -> None:
    """Raise InputError unless the result lies on the input's grid."""
    if volume.array.shape != result.array.shape:
        sizes = [" x ".join(str(n) for n in reversed(v.array.shape)) for v in (volume, result)]
        raise engine.InputError(f"{options.input} has {sizes[0]} voxels and {options.result} {sizes[1]}: no pair")
    if not np.allclose(volume.spacing, result.spacing, rtol=SAME):
        raise engine.InputError(f"{options.input} and {options.result} have voxels of different size: no pair")
    if not same_grid(volume.image, result.image):
        raise engine.InputError(
            f"{options.input} and {options.result} lie in different places: no pair. If the voxels belong together, "
            f"give the result the geometry of the input.\n  input:  {describe_grid(volume.image)}\n"
            f"  result: {describe_grid(result.image)}"
        )


def describe(content: Content, target: Path) -> str:
    """The end of the command in a few lines."""
    lines = [f"{'pass' if row['passed'] else 'FAIL'}  {row['name']}: {row['value']:.3g}" for row in content.limits]
    if "contrast" not in content.figures:
        lines.append(f"lesions were not inserted (--lesions); that costs {content.lesions_cost}")
    return "\n".join([*lines, f"wrote {target}"])
