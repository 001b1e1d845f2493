"""One volume from its file to its result, on a worker."""

import base64
import io
import json
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import SimpleITK as sitk

from .. import engine
from ..cli.frames import Sequence, denoise_sequence, dicom_sequence, read_sequence
from ..cli.preview import draw_thumbnail
from ..cli.staged_files import StagedFiles
from ..cli.volume_io import Volume, dicom_volume, is_sequence, read_volume, warnings_of, write_like
from ..dicom.derived import check_writable, write_derived
from ..dicom.geometry import count_frames
from ..dicom.read import name_of, read_series
from . import bids
from .items import Item
from .records import check_place, make_record, mark_in_work, record_path, stamp_files

#: How a volume ended: denoised now, found finished, unusable input, or a run that failed.
DONE, KEPT, REFUSED, FAILED = "done", "kept", "refused", "failed"
#: Quality of the thumbnails.
JPEG = 75
# A worker with several threads would hold several volumes in memory and let their torch threads fight.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        name: of the volume.
        output: relative to the batch's folder; empty without a result.
        status: `DONE`, `KEPT`, `REFUSED` or `FAILED`.
        reason: why there is no result.
        size: voxels as "512 x 512 x 64".
        noise_before, noise_after, shift, worst_shift: image units, as in the report; None: unknown.
        anatomy_removed: how likely it is that anatomy went, 0 to 1, of a sequence at its worst; None: unknown.
        effect: the predicted gain, and the strength that was used and why, in words.
        warnings: sentences.
        seconds: of reading, denoising and writing.
        memory: the most that the worker's process has held, MB.
        thumbnail: JPEG in base64.
    """

    name: str
    status: str
    output: str = ""
    reason: str = ""
    size: str = ""
    noise_before: float | None = None
    noise_after: float | None = None
    shift: float | None = None
    worst_shift: float | None = None
    anatomy_removed: float | None = None
    effect: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    memory: float | None = None
    thumbnail: str = ""


def denoise_item(item: Item, settings: engine.Settings, folder: Path, as_dicom: bool) -> Row:
    """Denoise a volume and write its result, its sidecar and its record together.

    Args:
        item: the volume.
        settings: of the run.
        folder: of the batch.
        as_dicom: write a derived DICOM series.

    Returns:
        The table's row; a volume that can't be denoised is one, too.
    """
    start = time.monotonic()
    if item.problem is not None:
        return Row(item.name, REFUSED, reason=item.problem)
    try:
        with _one_at_a_time:
            return _denoise(item, settings, folder, as_dicom, start)
    except (engine.InputError, engine.SettingsError) as error:
        status, reason = REFUSED, str(error)
    except engine.RunError as error:
        status, reason = FAILED, str(error)
    except OSError as error:
        status, reason = FAILED, f"a file could not be read or written ({error})"
    except Exception as error:  # whatever happens to one volume, the others go on
        status, reason = FAILED, f"unexpected {type(error).__name__}: {error}"
        if engine.is_out_of_memory(error):
            reason = "out of memory; give it a worker with more"
    return Row(item.name, status, reason=reason, seconds=_since(start))


def _denoise(item: Item, settings: engine.Settings, folder: Path, as_dicom: bool, start: float) -> Row:
    stamps = stamp_files(item.files)
    target, kept = folder / item.output, record_path(folder, item)
    for place in (target, kept):
        with suppress(FileNotFoundError):
            place.stat()  # a name that is too long is told now, not after the run
    check_place(folder, item)
    volume, result = _run(item, settings, as_dicom)
    for place in (target.parent, kept.parent):
        place.mkdir(parents=True, exist_ok=True)
    with StagedFiles(replaces_folders=True) as staged:
        written = staged.path(target)
        if as_dicom:
            write_derived(written, volume.slices, result.denoised, result.report)
        else:
            write_like(result.denoised, volume, written, metadata=True)
        if item.metadata is not None:
            staged.path(bids.sidecar(target)).write_text(
                json.dumps(_sidecar(item, result.report), indent=2), encoding="utf-8"
            )
            for source, place in bids.files_beside(item.source, target):
                shutil.copyfile(source, staged.path(place))
        row = _row(item, volume, result, settings, start)
        record = make_record(item, settings, stamps, written, asdict(row), result.report)
        staged.path(kept).write_text(json.dumps(record), encoding="utf-8")
        check_place(folder, item)
        mark_in_work(kept)  # killed from here on, the next call makes the result again
        staged.commit()
    return row


def _run(item: Item, settings: engine.Settings, as_dicom: bool) -> tuple[Volume | Sequence, engine.DenoiseResult]:
    volume = _read(item)
    if as_dicom:
        check_writable(item.name, volume.slices)
    if isinstance(volume, Sequence):
        return volume, denoise_sequence(volume, settings)
    if not as_dicom and volume.problem is not None:
        raise engine.InputError(f"{volume.problem}; only a derived DICOM series (--dicom) can keep its slices in place")
    return volume, engine.denoise(volume.array, settings, spacing=volume.spacing, positions=volume.positions)


def _read(item: Item) -> Volume | Sequence:
    if item.series is None:
        return read_sequence(item.source) if is_sequence(item.source) else read_volume(item.source)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    name = name_of(item.source)
    if count_frames(name, item.series) > 1:
        return dicom_sequence(name, item.series)
    try:
        return dicom_volume(*read_series(name, item.series, None))
    except RuntimeError as error:
        raise engine.InputError(f"the series can't be read: {error}") from error


def _row(item: Item, volume: Volume | Sequence, result, settings: engine.Settings, start: float) -> Row:
    report = result.report
    stream = io.BytesIO()
    is_4d = isinstance(volume, Sequence)
    shown = (volume.frame(0), result.denoised[0]) if is_4d else (volume, result.denoised)
    draw_thumbnail(*shown, report).save(stream, "JPEG", quality=JPEG)
    return Row(
        item.name,
        DONE,
        item.output.as_posix(),
        size=" x ".join(map(str, reversed(volume.array.shape))),
        noise_before=report["noiseBefore"],
        noise_after=report["noiseAfter"],
        shift=report["meanShift"],
        worst_shift=report["worstBlockShift"],
        anatomy_removed=report["anatomyRemoved"],
        effect=engine.describe_effect(report),
        warnings=(*warnings_of(volume, settings), *report["warnings"]),
        seconds=_since(start),
        memory=report["peakMemoryMB"],
        thumbnail=base64.b64encode(stream.getvalue()).decode(),
    )


def _sidecar(item: Item, report: dict) -> dict:
    """The source's metadata, where it came from, and how it was made."""
    names = ("preset", "stages", "threshold", "gap", "seed", "steps", "noiseBefore", "noiseAfter", "meanShift")
    return {**item.metadata, "Denoising": {"Name": "NSN2N", **{name: report[name] for name in names}}}


def _since(start: float) -> float:
    return round(time.monotonic() - start, 2)
