"""Where the noise is stronger and where weaker: a smooth map, from regions that are flat enough to tell."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import ndimage

from ..volume.part import Box, everywhere
from .intercept import fit_line

#: Side of a region in pixels, at least; and the number of regions along the longer side of a slice, at most.
REGION, ACROSS = 16, 12
#: Regions along the slices, at most, and slices in one, at least.
ALONG, THICK = 6, 6
#: Ends of a region's groups, as parts of its cubes, and the fewest cubes of a region.
ENDS, FEWEST = (0.0, 0.1, 0.25, 0.45, 0.7), 60
#: SD of the smoothing, in regions.
SMOOTH = 0.55
#: A region counts from here on: how much of what its flattest cubes show of anatomy may be noise.
LEAST = 0.25
#: Weight of the typical noise beside that of the regions around a place.
TYPICAL = 0.06
#: The typical noise is this quantile of the regions': where nothing is known, the smaller estimate rules.
QUANTILE = 0.3
#: The map stays within these factors of the typical noise.
BOUNDS = (0.2, 5.0)
#: Median of the mean square of 16 normally distributed values, of which half are independent, in units of its mean.
MEDIAN = 0.94


@dataclass(frozen=True)
class NoiseMap:
    """A smooth positive factor on a stack.

    Attributes:
        values: (regions along slices, rows, columns) float32.
        shape: of the stack.
        box: of the stack that `slab` is about; None: all of it.
    """

    values: np.ndarray
    shape: tuple[int, int, int]
    box: Box | None = None

    def inside(self, box: Box) -> "NoiseMap":
        """The map in a box of the stack."""
        return replace(self, box=box)

    def slab(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """The map at full resolution of the slices from `first` up to `last`, (slices, rows, columns) float32."""
        found = self.values
        for axis, side in enumerate(self.box or everywhere(self.shape)):
            positions = np.arange(side.start, side.stop)
            found = _interpolate(found, axis, self._cell(positions[first:last] if axis == 0 else positions, axis))
        return found

    def at(self, places: np.ndarray) -> np.ndarray:
        """The map at (n, 3) positions in voxels, (n,) float32."""
        cells = [self._cell(places[:, axis], axis) for axis in range(3)]
        return ndimage.map_coordinates(self.values, cells, order=1, mode="nearest").astype(np.float32)

    def root(self, factor: float) -> "NoiseMap":
        """The root of the map times a factor: from variances to SDs."""
        return NoiseMap((np.sqrt(self.values) * factor).astype(np.float32), self.shape)

    def _cell(self, positions: np.ndarray, axis: int) -> np.ndarray:
        count = self.values.shape[axis]
        return np.clip((positions + 0.5) * count / self.shape[axis] - 0.5, 0, count - 1)


def fit_map(
    places: np.ndarray, anatomy: np.ndarray, energy: np.ndarray, shape: tuple[int, int, int], own: float
) -> NoiseMap:
    """Variance of the noise over the volume, in units of its typical value.

    Args:
        places: (n, 3), the centers of the cubes in voxels.
        anatomy: (n,), see `noise_cubes`.
        energy: (n,), mean square of the coefficients that show the noise.
        shape: of the stack.
        own: see `noise_intercept`.
    """
    counts = _regions(shape)
    cell = [np.minimum((places[:, a] * counts[a] / shape[a]).astype(int), counts[a] - 1) for a in range(3)]
    region = np.ravel_multi_index(cell, counts)
    order = np.lexsort((anatomy, region))
    bounds = np.searchsorted(region[order], np.arange(np.prod(counts) + 1))
    variance, weight = np.zeros(np.prod(counts)), np.zeros(np.prod(counts))
    for index in range(len(variance)):
        members = order[bounds[index] : bounds[index + 1]]
        if len(members) >= FEWEST:
            variance[index], weight[index] = _region_noise(anatomy[members], energy[members], own)
    if not weight.sum() > 0:
        return NoiseMap(np.ones((1, 1, 1), np.float32), shape)
    typical = _weighted_quantile(variance, weight)
    limited = np.clip(variance, BOUNDS[0] ** 2 * typical, BOUNDS[1] ** 2 * typical)
    known = _smooth(weight.reshape(counts)) + TYPICAL
    logs = _smooth((weight * np.log(np.maximum(limited / typical, 1e-9))).reshape(counts))
    return NoiseMap(np.exp(logs / known).astype(np.float32), shape)


def _regions(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    side = max(REGION, max(shape[1:]) / ACROSS)
    return (max(1, min(ALONG, shape[0] // THICK)), *(max(1, round(n / side)) for n in shape[1:]))


def _region_noise(anatomy: np.ndarray, energy: np.ndarray, own: float) -> tuple[float, float]:
    """Variance of the noise in a region, and how much it counts; the cubes come with rising anatomy."""
    ends = [round(end * len(anatomy)) for end in ENDS]
    groups = [slice(*pair) for pair in pairwise(ends)]
    line = fit_line(
        np.array([anatomy[g].mean() for g in groups]),
        np.array([np.median(energy[g]) / MEDIAN for g in groups]),
        np.array([g.stop - g.start for g in groups]),
        own,
    )
    return line.noise, max(line.reached - LEAST, 0.0) / (1 - LEAST)


def _smooth(values: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(values.astype(np.float64), SMOOTH, mode="constant")


def _weighted_quantile(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, QUANTILE * total[-1])])


def _interpolate(values: np.ndarray, axis: int, cells: np.ndarray) -> np.ndarray:
    low = np.minimum(cells.astype(int), max(values.shape[axis] - 2, 0))
    part = np.expand_dims((cells - low).astype(np.float32), tuple(a for a in range(3) if a != axis))
    high = np.minimum(low + 1, values.shape[axis] - 1)
    return values.take(low, axis) * (1 - part) + values.take(high, axis) * part
