"""What ``nsn2n report`` does: one page that says what a result is worth."""

import argparse
import json
import platform
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from .. import __version__, engine
from ..engine.judge.contrast import measure_contrast, settings_of
from ..engine.judge.identity import voxel_hash
from ..engine.judge.limits import check_limits
from ..engine.judge.quality import measure_quality, noise_left_by
from ..report.page import Content, make_page
from ..report.pictures import Geometry, noise_picture, slice_pictures
from .progress_bar import ProgressBar
from .staged_files import StagedFiles, check_target
from .volume_io import Volume, read_volume

#: Most that two spacings or directions may differ by to be of one geometry.
SAME = 1e-3


def report(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n report``."""
    target = options.output or Path(f"{options.result.name.split('.')[0]}-report.html")
    if target.suffix.lower() != ".html":
        raise engine.SettingsError(f"{target} must end in .html")
    check_target(target, options.input, options.overwrite, [options.result])
    run = None if options.run is None else read_run(options.run)
    if options.lesions:
        if run is None:
            raise engine.SettingsError(
                "--lesions runs the same stages again, so it has to know them: give the JSON of nsn2n denoise --report "
                "with --run"
            )
        if run.get("network") and not run["network"]["trainedHere"]:
            raise engine.SettingsError(
                "--lesions runs the same stages again, and this run used a network that was trained on another volume, "
                "which is not in its JSON; leave --lesions out, or denoise without --network"
            )
        settings_of(run)
    volume, result = read_volume(options.input, options.frame, options.series), read_volume(options.result)
    check_pair(volume, result, options)
    axis = "auto" if run is None else run["axis"]
    look, slices = engine.take_look(volume.array, axis=axis, spacing=volume.spacing, positions=volume.positions)
    left = noise_left_by(run)
    cost, figures = price(run), measure_quality(volume.array, result.array, look, slices, volume.spacing, left)
    del slices
    if options.lesions:
        if not options.quiet:
            print(f"inserting lesions and running the same stages again costs {cost}", flush=True)
        bar = ProgressBar(quiet=options.quiet)
        try:
            figures["contrast"] = measure_contrast(
                volume.array, result.array, look, run, volume.spacing, volume.positions, bar, should_stop
            )
        finally:
            bar.close()
    identity = identify(volume, result)
    limits = check_limits(figures)
    pictures, pictures_text = slice_pictures(volume.array, result.array, look, geometry_of(volume))
    content = Content(
        options.title or "",
        identity,
        run,
        figures,
        limits,
        pictures,
        pictures_text,
        noise_picture(look, geometry_of(volume)),
        made_by(),
        cost,
        notes(run, identity, figures),
    )
    with StagedFiles() as staged:
        staged.path(target).write_text(make_page(content), encoding="utf-8")
        if should_stop():
            raise engine.Cancelled("stopped on request; nothing was written")
        staged.commit()
    if not options.quiet:
        print(describe(limits, target, cost, "contrast" in figures))


def read_run(path: Path) -> dict:
    """The report of a run, as nsn2n denoise --report writes it.

    Raises:
        InputError: it can't be read, or is something else.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise engine.InputError(f"{path} can't be read as the JSON of nsn2n denoise --report ({error})") from error
    if not isinstance(run, dict) or not {"stages", "settings", "seconds", "axis", "versions"} <= set(run):
        raise engine.InputError(f"{path} is not the JSON of nsn2n denoise --report")
    return run


def check_pair(volume: Volume, result: Volume, options: argparse.Namespace) -> None:
    """Raise InputError unless the result lies on the input's grid."""
    if volume.array.shape != result.array.shape:
        sizes = [" x ".join(str(n) for n in reversed(v.array.shape)) for v in (volume, result)]
        raise engine.InputError(f"{options.input} has {sizes[0]} voxels and {options.result} {sizes[1]}: no pair")
    if not np.allclose(volume.spacing, result.spacing, rtol=SAME):
        raise engine.InputError(f"{options.input} and {options.result} have voxels of different size: no pair")


def price(run: dict | None) -> str:
    """What it costs to insert lesions, in words."""
    if run is None:
        return "the time of one run, and needs the JSON of nsn2n denoise --report (--run)"
    seconds, memory = sum(run["seconds"].values()), run["predictedMemoryMB"]
    return f"about {seconds:.0f} s, as the run took on {run['device']}, and {memory / 1000:.1f} GB of memory"


def identify(volume: Volume, result: Volume) -> dict:
    """What says which volumes these are, and nothing of the patient: no name of a file, no tag but the modality."""
    return {
        "size": list(reversed(volume.array.shape)),
        "spacing": [f"{s:.4g}" for s in reversed(volume.spacing)],
        "type": str(volume.array.dtype),
        "modality": volume.modality or None,
        "inputSHA256": voxel_hash(volume.array),
        "resultSHA256": voxel_hash(result.array),
    }


def notes(run: dict | None, identity: dict, figures: dict) -> list[str]:
    """What does not fit together, or is not known."""
    found = []
    if figures["identical"]:
        found.append("Input and result are the same voxel by voxel: nothing was removed.")
    if run is None:
        found.append("No report of the run was given: how the result was made is not known.")
        return found
    for which in ("input", "result"):
        stored = run.get(f"{which}SHA256")
        if stored is not None and stored != identity[f"{which}SHA256"]:
            found.append(f"The {which} is not the one of the run whose report was given: their hashes differ.")
    if run["ricianCorrected"]:
        found.append(
            "The run took the Rician bias of a magnitude image away. Shift, leak and correlation of the removed noise "
            "include that bias, which is smooth and strongest where the signal is weak."
        )
    return found


def geometry_of(volume: Volume) -> Geometry:
    """Directions and spacing for upright pictures."""
    return Geometry(np.array(volume.image.GetDirection()).reshape(3, 3), volume.image.GetSpacing())


def made_by() -> dict:
    """Program, date and machine of the page."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"
    return {"program": f"nsn2n {__version__}", "date": now, "machine": machine}


def describe(limits: list[dict], target: Path, cost: str, has_lesions: bool) -> str:
    """The end of the command in a few lines."""
    lines = [f"{'pass' if row['passed'] else 'FAIL'}  {row['name']}: {row['value']:.3g}" for row in limits]
    if not has_lesions:
        lines.append(f"lesions were not inserted (--lesions); that costs {cost}")
    return "\n".join([*lines, f"wrote {target}"])
