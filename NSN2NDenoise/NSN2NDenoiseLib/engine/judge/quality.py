"""The figures of the quality report: measured on an input and a result, however the result was made."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ..look import Look
from ..volume.axes import slices_first
from ..volume.seam import SEAM
from ..volume.slices import Slices
from .edges import edge_transfer
from .leak import BANDS, leak
from .measure import measure, plain
from .residual import residual_correlation
from .shift import shift_by_tissue
from .sites import is_hounsfield
from .spectrum import find_windows, mean_frequency, noise_power, window_sd

#: Slices that are looked at, evenly spread.
LOOKED_AT = 48
#: What is tissue or lung, and not air: HU above the first, or brighter than this part of the bright end.
AIR_HU, BRIGHT = -900.0, 0.15
#: Pixels of a slice, most of which changed where a voxel was denoised; some values of integers stay.
AROUND = 5
#: Where less than this part of a volume is tissue by that rule, the rule does not fit, and all of it counts.
LEAST = 0.01


def measure_quality(
    volume: np.ndarray,
    result: np.ndarray,
    look: Look,
    slices: Slices,
    spacing: tuple[float, float, float] | None = None,
    noise_left: float = float("nan"),
    part: np.ndarray | None = None,
) -> dict:
    """Figures of a result, ready for JSON; all in image units.

    The figures that the report of a run has, too (noiseBefore, noiseAfter, meanShift, worstBlockShift,
    homogeneousBlocks, sliceCorrelation), are made by the same functions. A run measures before it rounds to whole
    numbers and before it takes a bias away; here the result is judged as it is. The noise that is left can't be told
    from anatomy in two volumes: it is what the run found, or None.

    Args:
        volume, result: (K, J, I) input and output, image units.
        look, slices: of the input, from `take_look`.
        spacing: (k, j, i) in mm; None: 1 mm.
        noise_left: SD of the noise in the result in units of the input's, see `noise_left_by`; NaN: not known.
        part: (slices, rows, columns) bool, what alone was denoised and is judged, see `changed_part`; None: all.
    """
    axis, excluded = look.axis, slices.excluded
    before, after = slices_first(volume, axis), slices_first(result, axis)
    if part is not None:
        look = replace(look, blocks=look.blocks.of_part(part))
        excluded = ~part if excluded is None else excluded | ~part
    chosen = np.unique(np.linspace(*ends_of(part, len(before)), min(LOOKED_AT, len(before))).round().astype(int))
    inside = _inside(before, excluded)
    pixel = pixel_size(spacing, axis)
    normalized = slices.normalization.apply(after)
    figures = measure(slices.values, normalized, look, noise_left)
    del normalized
    residual = residual_correlation(before, after, inside, chosen)
    return {
        **figures,
        "sliceCorrelation": [plain(c, 3) for c in look.noise.slice_correlation],
        "noiseCorrelation": {
            "rows": [plain(c, 3) for c in look.noise.color.rows],
            "columns": [plain(c, 3) for c in look.noise.color.columns],
        },
        "shiftByTissue": shift_by_tissue(before, after, excluded, chosen),
        "leakBands": list(BANDS),
        "leak": [plain(v, 3) for v in leak(before, after, inside, chosen)],
        "residual": _rounded(residual),
        "spectrum": _spectrum(before, after, inside, chosen, pixel),
        "edges": _rounded(edge_transfer(before, after, inside, chosen, look.noise_sd, pixel)),
        "identical": bool(np.array_equal(before, after)),
    }


def changed_part(before: np.ndarray, after: np.ndarray) -> np.ndarray | None:
    """Where a result that was denoised within a part is denoised: around most voxels' values changed; None: nowhere.

    Without the seam, in which what is left is input, too; of what is all seam, all.

    Args:
        before, after: (slices, rows, columns).

    Returns:
        bool, same shape.
    """
    part = np.empty(before.shape, bool)
    for k, plane in enumerate(before):
        part[k] = ndimage.uniform_filter((plane != after[k]).astype(np.float32), AROUND) > 0.5
    whole = ndimage.minimum_filter(part, (1, 2 * SEAM + 1, 2 * SEAM + 1), mode="nearest")
    if whole.any():
        return whole
    return part if part.any() else None


def ends_of(part: np.ndarray | None, count: int) -> tuple[int, int]:
    """First and last slice of a part, of all `count` slices without one."""
    if part is None:
        return 0, count - 1
    found = np.flatnonzero(part.any(axis=(1, 2)))
    return int(found[0]), int(found[-1])


def noise_left_by(report: dict | None) -> float:
    """SD of the noise in a result in units of the input's, as its run's report has it; NaN where it has not.

    Where input was mixed back in since, at most: what is mixed in and what was left add up.
    """
    before, after = ((report or {}).get(key) for key in ("noiseBefore", "noiseAfter"))
    if not before or after is None:
        return float("nan")
    strength = strength_since(report)
    return 1 - strength + strength * after / before


def strength_since(report: dict) -> float:
    """Strength of a result, 0 to 1, beyond the one at which its run's figures were measured: a run of Slicer's panel
    is of full strength, and mixed later; one of the command line is measured when it is mixed."""
    own = (report.get("settings") or {}).get("strength", 1.0)
    return 1.0 if report["strength"] == own else report["strength"]


def pixel_size(spacing: tuple[float, float, float] | None, axis: str) -> tuple[float, float]:
    """(rows, columns) in mm of the slices along an axis; 1 mm where the spacing (k, j, i) is not known."""
    rest = [s for s, name in zip(spacing or (1.0, 1.0, 1.0), "kji", strict=True) if name != axis]
    return float(rest[0]), float(rest[1])


def _inside(before: np.ndarray, excluded: np.ndarray | None) -> np.ndarray:
    """Where the figures count: not in air, not in padding; (slices, rows, columns) bool."""
    sample = before[:: max(1, len(before) // 16), ::2, ::2]
    limit = AIR_HU if is_hounsfield(sample) else BRIGHT * float(np.percentile(sample, 99.5))
    inside = np.empty(before.shape, bool)
    for k, plane in enumerate(before):
        inside[k] = ndimage.gaussian_filter(np.asarray(plane, np.float32), 2.0) > limit
    if inside.mean() < LEAST:
        inside[:] = True
    if excluded is not None:
        inside &= ~excluded
    return inside


def _spectrum(before, after, inside, chosen, pixel) -> dict | None:
    windows = find_windows(before, inside, chosen)
    if windows is None:
        return None
    removed = np.zeros_like(before, dtype=np.float32)
    for k in np.unique(windows.corners[:, 0]):
        removed[k] = np.subtract(before[k], after[k], dtype=np.float32)
    found = {"windows": len(windows.corners), "side": windows.side}
    for name, stack in (("before", before), ("after", after), ("removed", removed)):
        found["frequency"], found[name] = noise_power(stack, windows, pixel)
        found[f"{name}SD"] = window_sd(stack, windows)
        found[f"{name}MeanFrequency"] = mean_frequency(found["frequency"], found[name])
    return _rounded(found)


def _rounded(value):
    """The same with floats that JSON can hold, of five digits."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return plain(value) if isinstance(value, float) else value
