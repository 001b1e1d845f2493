"""The frames of a 4-D image, one after the other; those that are alike share one look and one network."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .denoise_volume import denoise
from .errors import InputError, RunError
from .look import Look, take_look
from .result import DenoiseResult
from .runtime.clock import awake_seconds
from .runtime.progress import Progress
from .settings import Settings
from .train.trained import TrainedNetwork
from .volume.axes import resolve_axis, slices_first

#: Texture and range of frames that are alike differ by less than this part.
ALIKE = 0.2
#: The part of a time limit for all frames that the first one, which trains for the others, may take.
FIRST_PART = 0.5
#: Figures of which a report on all frames has the median, and what a frame's line in it holds of its run.
MEDIANS = (
    "noiseBefore",
    "noiseAfter",
    "flatBefore",
    "flatAfter",
    "meanShift",
    "worstBlockShift",
    "matchedFraction",
    "noisePercent",
)
#: Likewise, of the frames that were not left as they were.
MEDIANS_OF_DENOISED = ("justifiedStrength", "predictedGain", "predictedGainSD")
FIGURES = (
    *(*MEDIANS, *MEDIANS_OF_DENOISED, "homogeneousBlocks", "anatomyRemoved", "alarm", "leftAsItWas"),
    *("ricianCorrected", "stages", "pairing", "network", "steps"),
    *("threshold", "thresholdImageUnits", "gap", "lookOfFrame", "seconds"),
)


@dataclass(frozen=True)
class _Kind:
    """What frames that are alike share.

    Attributes:
        number: of the first of them.
        texture: see `_texture`.
        look: at the first of them.
        network: that it was denoised with; None without one.
    """

    number: int
    texture: np.ndarray
    look: Look
    network: TrainedNetwork | None


def denoise_frames(
    frames: Sequence[np.ndarray],
    settings: Settings | None = None,
    *,
    spacing: tuple[float, float, float] | None = None,
    within: np.ndarray | None = None,
    network: TrainedNetwork | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[DenoiseResult]:
    """Denoise each frame.

    A frame that is like one that was denoised takes its look (noise, threshold, gap, bias) and its network over: it
    costs less, and nothing flickers from frame to frame.

    Where frames match better than slices do, the network learns from pairs in time: x_t and x_t+1 have independent
    noise and, away from motion, which W masks, the same anatomy.

    Args:
        frames: each (K, J, I), one size, integer or float, image units; at most two are held at a time.
        settings: of each frame; a time limit is for all of them together.
        spacing: (k, j, i) in mm.
        within: boolean (K, J, I), where each frame is denoised, from pairs of its own slices; None: everywhere.
        network: for all frames, instead of training one.
        progress, should_stop: as in `denoise`.

    Yields:
        The frames' results in order; the report has "lookOfFrame", the frame whose look and network were used.

    Raises:
        InputError, RunError: of the first frame that can't be denoised; the text says which.
        SettingsError, Cancelled: as `denoise`.
    """
    settings, kinds = settings or Settings(), []
    whole = None if progress is None else _Whole(progress, len(frames))
    axis = resolve_axis(settings.axis, spacing)
    for number, frame in enumerate(frames):
        if whole is not None:
            whole.begin(number)
        texture = _texture(slices_first(frame, axis))
        kind = next((kind for kind in kinds if _alike(texture, kind.texture)), None)
        try:
            look = kind.look if kind else take_look(frame, axis=settings.axis, spacing=spacing)[0]
            used = network or (kind.network if kind else None)
            left_out = kind is not None and used is None and settings.learn is None and settings.first
            own = replace(settings, learn=False) if left_out else settings  # the first of its kind was better without
            result = denoise(
                frame,
                _within_limit(own, number, len(frames), used),
                spacing=spacing,
                look=look,
                within=within,
                network=used,
                other_frame=None if kind or used else _partner(frames, number, texture, axis),
                progress=whole,
                should_stop=should_stop,
            )
        except (InputError, RunError) as error:
            raise type(error)(f"frame {number}: {error}") from error
        if kind is None:
            kind = _Kind(number, texture, look, result.network)
            kinds.append(kind)
        yield replace(result, report={**result.report, "lookOfFrame": kind.number})


def summarize_frames(reports: list[dict]) -> dict:
    """One report: figures are the frames' medians, times their sums, warnings what any of them said.

    What was done is told of the first frame that was not left as it was, what is likely to be anatomy of the worst one.
    """
    denoised = [one for one in reports if one["stages"]] or reports
    report = dict(denoised[0])
    for names, of in ((MEDIANS, reports), (MEDIANS_OF_DENOISED, denoised)):
        report |= {name: _median([one.get(name) for one in of]) for name in names}
    stages = dict.fromkeys(stage for one in reports for stage in one["seconds"])
    report["seconds"] = {stage: round(sum(one["seconds"].get(stage, 0) for one in reports), 2) for stage in stages}
    report |= _worst(reports)
    alarms = {one["alarm"] for one in reports}
    others = [text for one in reports for text in one["warnings"] if text not in alarms]
    report["warnings"] = list(dict.fromkeys([report["alarm"], *others] if report["alarm"] else others))
    looks = len({one["lookOfFrame"] for one in reports})
    report["looks"] = looks
    if looks > 1:
        report["warnings"].append(
            f"The {len(reports)} frames are of {looks} kinds by their noise and range; each kind has a look of its own."
        )
    report["frames"] = [{name: one.get(name) for name in FIGURES} for one in reports]  # no gain where no stage ran
    return report


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _worst(reports: list[dict]) -> dict:
    """How likely it is that anatomy went from the frame where it is likeliest, and what to say of it."""
    likely = [-1.0 if one["anatomyRemoved"] is None else one["anatomyRemoved"] for one in reports]
    worst, count = int(np.argmax(likely)), sum(bool(one["alarm"]) for one in reports)
    alarm = reports[worst]["alarm"]
    if alarm and len(reports) > 1:
        alarm = f"In {count} of {len(reports)} frames, most in frame {worst}: {alarm}"
    return {"anatomyRemoved": reports[worst]["anatomyRemoved"], "alarm": alarm}


def _partner(frames: Sequence[np.ndarray], number: int, texture: np.ndarray, axis: str) -> np.ndarray | None:
    """The frame before or behind a frame, if it is like it: of what pairs in time can be made."""
    near = [frames[other] for other in (number + 1, number - 1) if 0 <= other < len(frames)]
    return next((other for other in near if _alike(texture, _texture(slices_first(other, axis)))), None)


def _within_limit(settings: Settings, number: int, count: int, network: TrainedNetwork | None) -> Settings:
    """The settings of a frame: its part of a time limit, which only those need that train."""
    if settings.minutes is None:
        return settings
    if network is not None:
        return replace(settings, minutes=None)
    part = max(FIRST_PART, 1 / count) if number == 0 else 1 / count
    return replace(settings, minutes=max(0.1, settings.minutes * part))


def _texture(slices: np.ndarray) -> np.ndarray:
    """What noise and its spectrum show in: range, and median size of second differences within slices, both ways.

    Between neighboring pixels, which noise of all frequencies makes, and between pixels two apart. The anatomy of
    frames is the same, so the differences of these figures are those of noise and scale. Across slices there is motion,
    and in functional MR the slices' own times.

    Args:
        slices: (slices, rows, columns), image units.
    """
    values = slices.astype(np.float32)
    low, high = np.percentile(values, (0.1, 99.9))
    inside = values[values > low + 0.1 * (high - low)]
    tissue = values > (np.median(inside) / 2 if inside.size else low)
    figures = [high - low]
    for axis in (1, 2):
        for step in (1, 2):
            before, at, after = (_cut(values, axis, start, 2 * step) for start in (0, step, 2 * step))
            where = _cut(tissue, axis, step, 2 * step)
            differences = np.abs(before - 2 * at + after)[where]
            figures.append(np.median(differences) if differences.size else 0.0)
    return np.array(figures)


def _cut(values: np.ndarray, axis: int, start: int, less: int) -> np.ndarray:
    """From `start` along an axis, `less` shorter than the whole."""
    return values.take(range(start, values.shape[axis] - less + start), axis)


def _alike(texture: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.all(np.abs(texture - other) <= ALIKE * np.maximum(texture, other)))


class _Whole:
    """Turns the progress of a frame into that of all; the first frame, which trains, says nothing of the others' time.

    Args:
        progress: of all frames.
        count: of them.
    """

    def __init__(self, progress: Callable[[Progress], None], count: int) -> None:
        self._progress, self._count = progress, count
        self._number, self._start = 0, 0.0

    def begin(self, number: int) -> None:
        """A frame begins."""
        self._number = number
        if number == 1:
            self._start = awake_seconds()

    def __call__(self, step: Progress) -> None:
        fraction, left = (self._number + step.fraction) / self._count, None
        if self._number and step.fraction:
            left = (awake_seconds() - self._start) * (1 - fraction) / (fraction - 1 / self._count)
        self._progress(replace(step, fraction=fraction, seconds_left=left))
