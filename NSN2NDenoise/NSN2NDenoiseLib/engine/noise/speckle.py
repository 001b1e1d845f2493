"""Speckle of ultrasound: the size of its grains, and how its SD follows the gray level.

Speckle is no noise that was added: it is the interference of echoes from within a resolution cell. What is finer than
a grain is speckle only, so a grid whose cells are as large as the grains loses hardly any anatomy, and on it speckle is
nearly independent from cell to cell, as the filters want noise to be. Its SD depends on the gray level by the gray map
of the scanner (proportional to it without one, constant after log compression); whichever that was, there is a
transform after which the SD is the same everywhere, and it is found from the volume itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..volume.check import MIN_SIDE

#: SD in pixels of the window around whose mean speckle is looked at.
WINDOW = 10.0
#: Grains are as far apart as the correlation is above this, at most so many pixels.
CORRELATED, LARGEST = 0.2, 6
#: Gray levels, as parts of the range, where speckle is neither saturated nor lost in the dark.
MIDDLE = (0.15, 0.8)
#: Side in cells of the window whose variance is taken, and the quantile of the variances at one level: what is above
#: may be edges.
SIDE, QUANTILE = 5, 0.5
#: Levels at which the SD is looked up, and cells at least at one.
LEVELS, FEWEST = 24, 100
#: The SD at a level counts as at least this part of the largest: where the image is saturated it has none.
LEAST = 0.2
#: SD that the filters have to reckon with, in units of the SD in a window: what is slower than a window lacks there
#: (`check_speckle.py`).
SD = 1.15


@dataclass(frozen=True)
class Speckle:
    """What was measured of the speckle.

    Attributes:
        grain: rows and columns of a cell.
        levels: (n,) rising gray levels, in units of the stack.
        stable: (n,) rising, what they become; there, the speckle of the cells has the SD `SD`.
        sd: of the cells at the median gray level, in units of the stack.
    """

    grain: tuple[int, int]
    levels: np.ndarray
    stable: np.ndarray
    sd: float

    def shrink(self, stack: np.ndarray, excluded: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The mean of each cell, and whether it holds excluded voxels only.

        Args:
            stack: (slices, rows, columns) float32.
            excluded: boolean, as `stack`, voxels that do not count; or None.

        Returns:
            (slices, cell rows, cell columns) float32 and boolean; cells without a voxel that counts are 0.
        """
        counts = np.ones(stack.shape, np.float32) if excluded is None else (~excluded).astype(np.float32)
        total, count = _sums(stack * counts, self.grain), _sums(counts, self.grain)
        return total / np.maximum(count, 1), count == 0

    def enlarge(self, cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Cells at the size of the slices, linear in between, (slices, rows, columns) float32."""
        for axis, (side, size) in enumerate(zip(shape, self.grain, strict=True), 1):
            at = np.clip((np.arange(side) + 0.5) / size - 0.5, 0, cells.shape[axis] - 1)
            low = np.minimum(at.astype(int), max(cells.shape[axis] - 2, 0))
            part = np.expand_dims((at - low).astype(np.float32), [a for a in range(3) if a != axis])
            high = np.minimum(low + 1, cells.shape[axis] - 1)
            cells = cells.take(low, axis) * (1 - part) + cells.take(high, axis) * part
        return cells

    def stabilize(self, values: np.ndarray) -> np.ndarray:
        """Gray levels to where the SD is 1."""
        return np.interp(values, self.levels, self.stable).astype(np.float32)

    def unstabilize(self, values: np.ndarray) -> np.ndarray:
        """And back."""
        return np.interp(values, self.stable, self.levels).astype(np.float32)


def measure_speckle(stack: np.ndarray, excluded: np.ndarray | None = None) -> Speckle:
    """Measure the speckle of a volume.

    Args:
        stack: (slices, rows, columns) float32, normalized to [0, 1].
        excluded: boolean, as `stack`, True on padding; or None.
    """
    grain = tuple(find_grain(stack, excluded, axis) for axis in (1, 2))
    cells, empty = Speckle(grain, np.zeros(0), np.zeros(0), 0.0).shrink(stack, excluded)
    levels, sds = _sd_by_level(cells, ~empty)
    rises = np.diff(levels) / (0.5 * (sds[1:] + sds[:-1]))
    typical = float(np.interp(np.median(cells[~empty]), levels, sds))
    return Speckle(grain, levels, np.concatenate([[0.0], np.cumsum(rises)]), typical)


def find_grain(stack: np.ndarray, excluded: np.ndarray | None, axis: int) -> int:
    """The distance in pixels along an axis at which speckle is hardly correlated; less where a slice is too small."""
    lags = range(1, max(1, min(LARGEST, stack.shape[axis] // MIN_SIDE)) + 1)
    sums = np.zeros((len(lags), 2))
    for number, image in enumerate(stack):
        low = ndimage.gaussian_filter(image, WINDOW, mode="nearest")
        use = (low > MIDDLE[0]) & (low < MIDDLE[1])
        if excluded is not None:
            use &= ~excluded[number]
        rest, use = np.moveaxis(image - low, axis - 1, 0), np.moveaxis(use, axis - 1, 0)
        for sum_, lag in zip(sums, lags, strict=True):
            both = use[:-lag] & use[lag:]
            one, other = rest[:-lag][both], rest[lag:][both]
            sum_ += (one * other).sum(), 0.5 * (np.square(one) + np.square(other)).sum()
    correlations = sums[:, 0] / np.maximum(sums[:, 1], 1e-30)
    return next((lag for lag, c in zip(lags, correlations, strict=True) if c < CORRELATED), lags[-1])


def _sd_by_level(cells: np.ndarray, use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gray levels from below all to above all cells, and the SD of the cells around a mean of that level."""
    mean = ndimage.uniform_filter(cells, (1, SIDE, SIDE), mode="nearest")
    variance = ndimage.uniform_filter(np.square(cells - mean), (1, SIDE, SIDE), mode="nearest")
    variance *= SIDE**2 / (SIDE**2 - 1)
    use = ndimage.minimum_filter(use, (1, SIDE, SIDE), mode="nearest")
    mean, variance = (mean[use], variance[use]) if use.any() else (mean.ravel(), variance.ravel())
    edges = np.linspace(*np.percentile(mean, (0.5, 99.5)), LEVELS + 1)
    level = np.digitize(mean, edges) - 1
    found = [
        ((edges[n] + edges[n + 1]) / 2, np.sqrt(np.quantile(variance[level == n], QUANTILE)))
        for n in range(LEVELS)
        if np.count_nonzero(level == n) >= FEWEST
    ]
    if not found:
        found = [(float(mean.mean()), float(np.sqrt(np.median(variance))))]
    levels, sds = np.array(found, np.float64).T
    sds = np.maximum(sds, max(LEAST * sds.max(), 1e-6))
    fine = np.linspace(min(float(cells.min()), levels[0]) - 0.05, max(float(cells.max()), levels[-1]) + 0.05, 512)
    return fine, np.interp(fine, levels, sds)


def _sums(stack: np.ndarray, grain: tuple[int, int]) -> np.ndarray:
    """Sums over cells; what lacks at the ends repeats them."""
    pad = [(0, 0), *((0, -side % size) for side, size in zip(stack.shape[1:], grain, strict=True))]
    padded = np.pad(stack, pad, mode="edge")
    shape = (len(stack), padded.shape[1] // grain[0], grain[0], padded.shape[2] // grain[1], grain[1])
    return padded.reshape(shape).sum(axis=(2, 4), dtype=np.float32)
