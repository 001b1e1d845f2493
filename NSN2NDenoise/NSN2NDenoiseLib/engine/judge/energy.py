"""Whether no more was removed than there is noise: where more went, it was anatomy."""

import numpy as np
from scipy import ndimage

from ..noise.level import NoiseLevel

#: Side in pixels of the cells whose removed energy is summed.
CELL = 4
#: SD of the Gaussian window over cells, in slices and in cells.
WINDOW = (1.0, 1.5, 1.5)
#: Removed energy up to this part above the noise's is chance, or the map's error.
TOLERANCE = 1.15


def justified_strength(noisy: np.ndarray, denoised: np.ndarray, noise: NoiseLevel) -> np.ndarray:
    """How much of what was removed from a neighborhood may have been noise.

    With noise n of variance V, independent of the anatomy, the error of input - a (input - denoised) is least at
    a = (V - cov(n, denoised)) / E, where E is the mean square of what was removed. So wherever E exceeds V, a filter
    went too far, and V / E of it is better than all of it.

    Args:
        noisy, denoised: (slices, rows, columns) float32, normalized.
        noise: of the volume.

    Returns:
        (slices, cell rows, cell columns) float32, from 0 to 1; see `at_full_size`.
    """
    slices, rows, columns = noisy.shape
    cells = (slices, -(-rows // CELL), -(-columns // CELL))
    energy, variance = np.zeros(cells, np.float32), np.zeros(cells, np.float32)
    for index in range(slices):
        removed = noisy[index] - denoised[index]
        energy[index] = _cell_sums(removed * removed)
        variance[index] = _cell_sums(np.square(noise.local.slab(index, index + 1)[0]))
    energy, variance = (ndimage.gaussian_filter(values, WINDOW, mode="nearest") for values in (energy, variance))
    return np.minimum(1.0, TOLERANCE * variance / np.maximum(energy, 1e-20)).astype(np.float32)


def at_full_size(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """One slice of `justified_strength`, (cell rows, cell columns), at the size of the slice, float32."""
    rows, columns = (_weights(side, count) for side, count in zip(shape, cells.shape, strict=True))
    return rows @ cells @ columns.T


def _weights(side: int, count: int) -> np.ndarray:
    """(side, count) float32: how much each cell counts at a pixel, linear between the cells' centers."""
    positions = np.clip((np.arange(side) + 0.5) / CELL - 0.5, 0, count - 1)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(count))).astype(np.float32)


def _cell_sums(image: np.ndarray) -> np.ndarray:
    rows, columns = image.shape
    padded = np.pad(image, ((0, -rows % CELL), (0, -columns % CELL)))
    return padded.reshape(padded.shape[0] // CELL, CELL, -1, CELL).sum(axis=(1, 3))
