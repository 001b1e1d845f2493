"""4-D files: all frames are denoised, one after the other, and those that are alike share one look."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .. import engine
from .room import check_room
from .volume_io import Volume, array_of, open_file

#: Texture and range of frames that are alike differ by less than this part.
ALIKE = 0.2
#: What a frame's line in the report holds of its run.
FIGURES = (
    "noiseBefore",
    "noiseAfter",
    "meanShift",
    "worstBlockShift",
    "matchedFraction",
    "threshold",
    "gap",
    "lookOfFrame",
    "seconds",
)


@dataclass(frozen=True)
class Sequence:
    """A 4-D image.

    Attributes:
        image: x, y, z, t.
        array: (T, K, J, I), image units, the file's pixel type.
        warnings: sentences for the user.
    """

    image: sitk.Image
    array: np.ndarray = field(repr=False)
    warnings: tuple[str, ...] = ()

    def frame(self, number: int) -> Volume:
        """One of its volumes."""
        size = self.image.GetSize()
        return Volume(self.array[number], sitk.Extract(self.image, [*size[:3], 0], [0, 0, 0, number]))


def is_sequence(path: Path) -> bool:
    """Whether a file is 4-D and has several frames; False for anything that can't be read."""
    try:
        size = open_file(path)[1]
    except (RuntimeError, engine.InputError):
        return False
    return len(size) == 4 and size[3] > 1


def read_sequence(path: Path) -> Sequence:
    """Read a 4-D file.

    Raises:
        InputError: missing, unreadable or not 4-D.
    """
    if not path.exists():
        raise engine.InputError(f"{path} does not exist")
    if path.is_dir() or not is_sequence(path):
        raise engine.InputError(f"{path} is no 4-D file; leave --frames out")
    reader, size = open_file(path)
    bytes_per_voxel = sitk.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent()
    check_room(str(path), math.prod(size) * bytes_per_voxel)
    image = reader.Execute()
    return Sequence(image, array_of(image))


def denoise_frames(
    sequence: Sequence,
    settings: engine.Settings,
    progress: Callable[[engine.Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    within: np.ndarray | None = None,
) -> engine.DenoiseResult:
    """Denoise each frame.

    A frame that is like one that was looked at takes that look (noise, threshold, gap, bias) over: it costs less, and
    nothing flickers from frame to frame.

    Args:
        sequence: the input.
        settings: of each frame; a time limit is for all of them together.
        progress, should_stop, within: as in `engine.denoise`.

    Returns:
        Arrays (T, K, J, I); the report is the first frame's, with the others' figures in "frames".

    Raises:
        InputError, RunError: of the first frame that can't be denoised; the text says which.
    """
    count = len(sequence.array)
    if settings.minutes is not None:
        settings = replace(settings, minutes=max(0.1, settings.minutes / count))
    denoised, weights = np.empty_like(sequence.array), np.empty(sequence.array.shape, np.uint8)
    looks: list[tuple[int, np.ndarray, engine.Look]] = []
    reports, axis = [], engine.resolve_axis(settings.axis, sequence.frame(0).spacing)
    for number in range(count):
        volume = sequence.frame(number)
        texture = _texture(engine.slices_first(volume.array, axis))
        try:
            known = next(((n, look) for n, other, look in looks if _alike(texture, other)), None)
            if known is None:
                known = number, engine.take_look(volume.array, axis=settings.axis, spacing=volume.spacing)[0]
                looks.append((number, texture, known[1]))
            part = None if progress is None else partial(_tell, progress, number, count)
            result = engine.denoise(
                volume.array,
                settings,
                spacing=volume.spacing,
                look=known[1],
                within=within,
                progress=part,
                should_stop=should_stop,
            )
        except (engine.InputError, engine.RunError) as error:
            raise type(error)(f"frame {number}: {error}") from error
        denoised[number], weights[number] = result.denoised, result.weights
        reports.append({**result.report, "lookOfFrame": known[0]})
    return engine.DenoiseResult(denoised, weights, [], _summary(reports))


def first_frame(result: engine.DenoiseResult) -> engine.DenoiseResult:
    """Of a result of `denoise_frames`: the arrays of the first frame with the report of all."""
    return engine.DenoiseResult(result.denoised[0], result.weights[0], result.losses, result.report)


def _texture(slices: np.ndarray) -> np.ndarray:
    """What noise and its color show in: range, and median size of the second differences within slices, both ways.

    The anatomy of frames is the same, so the differences of these figures are those of noise and scale. Across slices
    there is motion, and in functional MR the slices' own times.

    Args:
        slices: (slices, rows, columns), image units.
    """
    values = slices.astype(np.float32)
    low, high = np.percentile(values, (0.1, 99.9))
    inside = values[values > low + 0.1 * (high - low)]
    tissue = values > (np.median(inside) / 2 if inside.size else low)
    figures = [high - low]
    for axis in (1, 2):
        differences = np.abs(np.diff(values, 2, axis=axis))
        where = np.take(tissue, range(1, tissue.shape[axis] - 1), axis=axis)
        figures.append(np.median(differences[where]) if where.any() else 0.0)
    return np.array(figures)


def _alike(texture: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.all(np.abs(texture - other) <= ALIKE * np.maximum(texture, other)))


def _tell(progress, number: int, count: int, step: engine.Progress) -> None:
    progress(replace(step, fraction=(number + step.fraction) / count, seconds_left=None))


def _summary(reports: list[dict]) -> dict:
    """One report: figures are the frames' medians, times their sums, warnings what any of them said."""
    report = dict(reports[0])
    for name in ("noiseBefore", "noiseAfter", "meanShift", "worstBlockShift", "matchedFraction"):
        known = [one[name] for one in reports if one[name] is not None]
        report[name] = float(np.median(known)) if known else None
    stages = dict.fromkeys(stage for one in reports for stage in one["seconds"])
    report["seconds"] = {stage: round(sum(one["seconds"].get(stage, 0) for one in reports), 2) for stage in stages}
    report["warnings"] = list(dict.fromkeys(text for one in reports for text in one["warnings"]))
    looks = len({one["lookOfFrame"] for one in reports})
    report["looks"] = looks
    if looks > 1:
        report["warnings"].append(
            f"The {len(reports)} frames are of {looks} kinds by their noise and range; each kind has a look of its own."
        )
    report["frames"] = [{name: one[name] for name in FIGURES} for one in reports]
    return report
