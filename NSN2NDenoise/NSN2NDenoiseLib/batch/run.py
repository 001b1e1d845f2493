"""``nsn2n batch``: find, leave out what is finished, have the rest denoised, write the table."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .. import engine
from ..cli.parameters import check_workers, settings_of
from ..cli.staged_files import StagedFiles
from ..engine.runtime.machine import free_memory_mb
from . import bids
from .find import find_items
from .items import Item
from .page import make_page
from .progress import BatchProgress
from .records import FOLDER, differences, is_foreign, look_at, read_record
from .size import predict
from .table import make_csv
from .task import DONE, FAILED, KEPT, REFUSED, Row
from .workers import MEMORY, Job, connect, count_workers, run_jobs

CSV, PAGE = "nsn2n-batch.csv", "nsn2n-batch.html"
#: How many results of other settings are named.
SHOWN = 3


def batch(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n batch``.

    Raises:
        InputError, SettingsError: nothing was begun; the text says why.
        RunError: some volumes have no result; everything else is written.
        Cancelled: on request; what is finished stays.
    """
    settings = settings_of(options)
    check_workers(options)
    folder = options.output.resolve()
    items = find_items(options.inputs, folder, options.dicom)
    _check_folder(folder)
    rows = _finished(items, settings, folder, options.overwrite)
    _begin(folder, options.inputs)
    left = [replace(item, place=look_at(folder / item.output)) for item in items if item.output not in rows]
    jobs = [Job(item, *predict(item, settings)) for item in left]
    progress = BatchProgress(len(jobs), sum(job.voxels for job in jobs), options.quiet)

    def on_row(job: Job, row: Row) -> None:
        rows[job.item.output] = row
        progress(row, job.voxels)

    try:
        if jobs:
            _run(jobs, settings, folder, options, on_row, should_stop)
    finally:
        progress.close()
        ended = [rows[item.output] for item in items if item.output in rows]
        with StagedFiles() as staged:
            staged.path(folder / CSV).write_text(make_csv(ended), encoding="utf-8")
            staged.path(folder / PAGE).write_text(make_page(ended, f"NSN2N batch: {folder.name}"), encoding="utf-8")
            staged.commit()
    bad = [row for row in ended if row.status in (REFUSED, FAILED)]
    if not options.quiet:
        done, kept = (sum(row.status == status for row in ended) for status in (DONE, KEPT))
        print(f"{len(ended)} volumes: {done} denoised, {kept} finished before, {len(bad)} without a result")
        print(f"table      {options.output / PAGE} and {options.output / CSV}")
    if bad:
        first = f"{bad[0].name}: {bad[0].reason}"
        raise engine.RunError(f"{len(bad)} of {len(ended)} volumes have no result, see {CSV}; the first is {first}")


def _run(jobs: list[Job], settings, folder: Path, options, on_row, should_stop) -> None:
    free = free_memory_mb()
    gpus = _gpus(settings)
    workers = count_workers(jobs, free, options.workers, len(gpus))
    budget = None if options.scheduler else float("inf") if free is None else MEMORY * free
    with connect(options.scheduler, workers, gpus) as client:
        run_jobs(client, jobs, settings, folder, options.dicom, budget, on_row, should_stop)


def _gpus(settings: engine.Settings) -> list[str]:
    """Names of the GPUs that runs with these settings can work on; none: they work on the CPU."""
    if settings.device == "cpu":
        return []
    from ..engine.runtime.device import choose_device, cuda_names

    kind = choose_device(settings.device).type
    if kind == "cuda":
        return cuda_names()
    return [] if kind == "cpu" else [kind]


def _check_folder(folder: Path) -> None:
    """A folder with anything in it but a batch's results is not touched."""
    if folder.exists() and not folder.is_dir():
        raise engine.SettingsError(f"{folder} is a file; give a folder for the results")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FOLDER).is_dir():
        raise engine.SettingsError(f"the folder {folder} is not empty and no batch's; choose a new one")


def _finished(items: list[Item], settings: engine.Settings, folder: Path, overwrite: bool) -> dict[Path, Row]:
    """The rows of volumes that need not be run, by result.

    Raises:
        SettingsError: there are results of another run, changed ones or other files, and they may not be replaced.
    """
    rows, others = {}, []
    for item in items:
        if item.problem is not None:
            continue
        record = read_record(folder, item)
        if record is None:
            if is_foreign(folder, item):
                others.append(f"{item.output} (changed since, or not a batch's)")
            continue
        differs = differences(record, item, settings)
        if differs:
            others.append(f"{item.output} ({', '.join(differs)})")
        else:
            row = Row(**record["row"])
            rows[item.output] = replace(row, status=KEPT, warnings=tuple(row.warnings))
    if others and not overwrite:
        named = "; ".join(others[:SHOWN]) + ("; ..." if len(others) > SHOWN else "")
        raise engine.SettingsError(
            f"{folder} holds {len(others)} results of other runs, or other files in their places: {named}. Add "
            "--overwrite to replace them, or choose another folder"
        )
    return rows


def _begin(folder: Path, inputs: list[Path]) -> None:
    """Make the folder a batch's, and a derivative dataset where the input is a BIDS dataset."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    if bids.is_bids(inputs[0]):
        with StagedFiles() as staged:
            for name, text in bids.describe_dataset(inputs[0].resolve()).items():
                staged.path(folder / name).write_text(text, encoding="utf-8")
            staged.commit()
