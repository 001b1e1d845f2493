"""``nsn2n denoise`` and ``inspect`` of volumes that stay in their files."""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import engine
from ...engine.judge.identity import voxel_hash
from ...engine.large.parts import allowed_memory_mb
from ...engine.large.stack import raw_stack
from ...engine.runtime.machine import free_memory_mb
from ...engine.runtime.memory import added_memory_mb
from ..parameters import check_workers, settings_of
from ..progress_bar import ProgressBar
from ..staged_files import StagedFiles, check_folder_target, check_space, check_target
from ..volume_io import read_header
from ..words import describe_run
from .files import ARRAYS, check_creatable, is_only_stored, open_array, open_stored
from .unfinished import Unfinished
from .volume import Reopened

#: Options that need the whole volume.
WHOLE = ("dicom", "frames", "frame", "series", "within", "noise", "mask", "preview", "save_network")


def goes_in_parts(options: argparse.Namespace) -> bool:
    """Whether a volume is read and denoised in parts: it is asked for, files of its kind always are, or it is too large
    for the memory that is free and can be.

    Raises:
        InputError: it is too large and can't be; the text says what can.
    """
    output = getattr(options, "output", None)
    asked = any(getattr(options, name, None) is not None for name in ("memory", "scheduler", "workers"))
    if asked or is_only_stored(options.input):
        return True
    if output is not None and output.suffix.lower() in ARRAYS:
        return True
    if options.input.is_dir() or _asked(options) or not options.input.exists():
        return False
    settings = settings_of(options) if output is not None else _inspected(options)
    needed = _needed_mb(options.input, settings)
    free = free_memory_mb()
    if needed is None or free is None or needed <= free:
        return False
    try:
        open_stored(options.input)
        if output is not None:
            check_creatable(output)
    except engine.NSN2NError as error:
        raise engine.InputError(
            f"{options.input} takes about {needed / 1000:.1f} GB of memory to denoise, and {free / 1000:.1f} GB are "
            f"free. It would be denoised in parts, but {error}"
        ) from error
    return True


def denoise(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n denoise`` in parts."""
    settings = settings_of(options)
    asked = _asked(options)
    if asked:
        names = ", ".join("--" + name.replace("_", "-") for name in asked)
        raise engine.SettingsError(f"a volume that is denoised in parts has no {names}; leave that out")
    check_workers(options)
    network = None if options.network is None else engine.load_network(options.network)
    volume = open_stored(options.input)
    if np.dtype(volume.array.dtype).kind in "iu" and np.dtype(volume.array.dtype).itemsize > 4:
        raise engine.InputError("integers of 64 bits can't be denoised in parts without loss; store them in 32 bits")
    _check_targets(options, volume)
    source, memory, elsewhere = volume.array, memory_of(options), None
    if options.scheduler is not None or options.workers is not None:
        from ...batch.bricks import on_workers

        source, workers = Reopened(options.input, open_array), options.workers or 1
        elsewhere = on_workers(options.scheduler, workers, should_stop)
        if memory is None and options.scheduler is None:
            memory = allowed_memory_mb() / (1 + workers)
    bar = options.make_progress() if "make_progress" in options else ProgressBar(quiet=options.quiet)
    with Unfinished(options.output) as unfinished, StagedFiles() as staged:
        target = unfinished.target(volume)
        options.kept = unfinished.folder  # a run that is stopped from here on can go on
        try:
            report = engine.denoise_stored(
                source,
                target,
                settings,
                spacing=volume.spacing,
                memory_mb=memory,
                network=network,
                journal=unfinished.journal,
                elsewhere=elsewhere,
                progress=bar,
                should_stop=should_stop,
            )
        finally:
            bar.close()
        report = {"input": str(options.input), "output": str(options.output), **report}
        report["inputSHA256"] = voxel_hash(raw_stack(volume.array))
        report["resultSHA256"] = voxel_hash(raw_stack(target))
        if should_stop():
            raise engine.Cancelled("stopped on request")
        staged.take(unfinished.files, options.output)
        if options.report is not None:
            staged.path(options.report).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        staged.commit()
        unfinished.remove()
    if not options.quiet:
        print(describe_run(report, [path for path in (options.output, options.report) if path is not None]))


def inspect(options: argparse.Namespace) -> tuple[dict, tuple[float, float, float]]:
    """The facts that ``nsn2n inspect`` prints of a volume that stays in its file, and its spacing."""
    volume = open_stored(options.input)
    facts = engine.inspect_stored(volume.array, volume.spacing, _inspected(options), memory_of(options))
    return facts, volume.spacing or (1.0, 1.0, 1.0)


def memory_of(options: argparse.Namespace) -> float | None:
    """What ``--memory`` allows, in MB; None without.

    Raises:
        SettingsError: it is not a positive number.
    """
    memory = getattr(options, "memory", None)
    if memory is not None and not memory > 0:
        raise engine.SettingsError(f"--memory is {memory:g}; give the GB that the run may take")
    return None if memory is None else 1000 * memory


def _asked(options: argparse.Namespace) -> list[str]:
    return [name for name in WHOLE if getattr(options, name, None) not in (None, False)]


def _inspected(options: argparse.Namespace) -> engine.Settings:
    """The settings of the run that ``nsn2n inspect`` plans."""
    return engine.Settings.from_preset(options.preset, axis=options.axis, device=options.device)


def _needed_mb(path: Path, settings: engine.Settings) -> float | None:
    """What a run adds to the memory with all of a volume in it, from the header alone; None where that says nothing."""
    try:
        frames, shape, dtype, spacing = read_header(path)
    except (RuntimeError, engine.NSN2NError):
        return None
    if frames > 1:
        return None
    stack = engine.slices_first(
        np.broadcast_to(np.zeros((), dtype), shape), engine.resolve_axis(settings.axis, spacing)
    )
    return math.prod(shape) * dtype.itemsize / 1e6 + added_memory_mb(stack.shape, dtype, settings)


def _check_targets(options: argparse.Namespace, volume) -> None:
    check_creatable(options.output)
    if options.report is not None and options.report.suffix.lower() != ".json":
        raise engine.SettingsError(f"{options.report} must end in .json")
    checked: list[Path] = []
    if options.output.suffix.lower() == ".zarr":
        check_folder_target(options.output, options.input)
        checked.append(options.output)
    for path in (options.output, options.report):
        if path is not None and path not in checked:
            check_target(path, options.input, options.overwrite, checked)
            checked.append(path)
    check_space({options.output: volume.bytes})
