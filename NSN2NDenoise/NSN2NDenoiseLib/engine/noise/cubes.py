"""Cosine coefficients of small cubes, sampled over a volume: the data that the noise is measured on.

Anatomy is smooth compared with noise, and above all it is smooth in three directions: of a cube of 4 slices x 4 x 4
pixels the highest frequency across the slices shows least of it, at every frequency within the slice. The frequencies
that are low in all directions show most of it: their energy says how much anatomy a cube has, and is independent of
the noise in the others.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

#: Side of a cube in pixels, and in slices where there are as many.
SIDE = 4
#: Places along the slice axis.
PLACES = 40
#: Cubes that are looked at.
MOST = 60_000
#: A cube is tissue when its mean exceeds this part of the bright cubes' mean (normalized units start at air).
TISSUE = 0.25
#: Frequencies within a slice, row by row, that are low in both directions.
LOW = np.add.outer(4 * (np.arange(SIDE) == SIDE - 1), np.arange(SIDE) == SIDE - 1).ravel() == 0
#: The others: highest in one direction at least.
HIGH = ~LOW


@dataclass(frozen=True)
class Cubes:
    """Cubes of tissue.

    Attributes:
        places: (n, 3) int, first slice, row and column of each cube.
        slices: (n, depth, 16) float32, cosine coefficients of each of its slices.
        top: (n, 16) float32, coefficients at the highest frequency across the slices.
        anatomy: (n,) float32, mean square of the low frequencies: anatomy, and noise.
        level: mean of the tissue above air.
    """

    places: np.ndarray
    slices: np.ndarray
    top: np.ndarray
    anatomy: np.ndarray
    level: float


def sample_cubes(stack: np.ndarray, excluded: np.ndarray | None) -> Cubes:
    """Cut cubes at regular places, and keep those of tissue.

    Args:
        stack: (slices, rows, columns), at least 2 x 4 x 4, air lowest.
        excluded: boolean, same shape, True on padding; or None.
    """
    depth = min(SIDE, stack.shape[0])
    starts = np.unique(np.linspace(0, stack.shape[0] - depth, PLACES).round().astype(int))
    stride = _stride(stack.shape, len(starts))
    within = np.kron(cosines(SIDE), cosines(SIDE)).astype(np.float32)
    found, places = [], []
    for start in starts:
        windows = np.lib.stride_tricks.sliding_window_view(stack[start : start + depth], (SIDE, SIDE), axis=(1, 2))
        windows = windows[:, ::stride, ::stride]
        rows, columns = np.mgrid[: windows.shape[1], : windows.shape[2]].reshape(2, -1) * stride
        cut = windows.reshape(depth, -1, SIDE * SIDE)
        use = _varies(windows)  # what is constant was written, not measured
        if excluded is not None:
            bad = np.lib.stride_tricks.sliding_window_view(excluded[start : start + depth].any(axis=0), (SIDE, SIDE))
            use &= ~bad[::stride, ::stride].reshape(-1, SIDE * SIDE).any(axis=1)
        found.append(_transformed(cut[:, use].swapaxes(0, 1), within))
        places.append(np.stack([np.full(use.sum(), start), rows[use], columns[use]], axis=1))
    slices, places = np.concatenate(found), np.concatenate(places)
    means = slices[:, :, 0].mean(axis=1) / SIDE
    if not means.size:
        return _cubes(places, slices, 0.0)
    air = float(means.min())
    tissue = means >= air + TISSUE * (np.percentile(means, 99) - air)
    return _cubes(places[tissue], slices[tissue], float(means[tissue].mean()) - air)


def cosines(size: int) -> np.ndarray:
    """The orthonormal cosine transform, (frequencies, positions)."""
    return fft.dct(np.eye(size), axis=0, norm="ortho")


def _varies(windows: np.ndarray) -> np.ndarray:
    """Whether no slice of a cube is constant: (depth, rows, columns, SIDE, SIDE) -> (rows * columns,) bool."""
    varies = np.zeros(windows.shape[:3], bool)
    for row, column in np.ndindex(SIDE, SIDE):  # ten times as fast as the extremes of each window
        varies |= windows[..., row, column] != windows[..., 0, 0]
    return varies.all(axis=0).ravel()


def _transformed(values: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """The last axis transformed. Not by BLAS: its sums depend on the number of threads, and so would every voxel."""
    return np.einsum("...p,fp->...f", values, transform, optimize=False)


def _cubes(places: np.ndarray, slices: np.ndarray, level: float) -> Cubes:
    depth = slices.shape[1]
    across = _transformed(slices.swapaxes(1, 2), cosines(depth).astype(np.float32)).swapaxes(1, 2)
    low = across[:, : max(1, depth // 2)]
    energy = np.square(low[:, :, LOW]).sum(axis=(1, 2)) - np.square(low[:, 0, 0])
    return Cubes(places, slices, across[:, -1], energy / (low.shape[1] * LOW.sum() - 1), level)


def _stride(shape: tuple[int, int, int], places: int) -> int:
    """Pixels between cubes, so that about twice `MOST` are cut: half of a volume is often air."""
    return max(1, round(np.sqrt(places * shape[1] * shape[2] / (2 * MOST))))
