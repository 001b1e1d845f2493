"""Where the noise is stronger and where weaker: a smooth map over the volume."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..volume.part import Box, everywhere


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


def _interpolate(values: np.ndarray, axis: int, cells: np.ndarray) -> np.ndarray:
    low = np.minimum(cells.astype(int), max(values.shape[axis] - 2, 0))
    part = np.expand_dims((cells - low).astype(np.float32), tuple(a for a in range(3) if a != axis))
    high = np.minimum(low + 1, values.shape[axis] - 1)
    return values.take(low, axis) * (1 - part) + values.take(high, axis) * part
