"""Is the noise of two frames of a sequence independent? What they share is anatomy, and noise that is correlated."""

import numpy as np

from .color import NoiseColor
from .cubes import HIGH, LOW, SIDE, cosines, sample_cubes
from .intercept import OWN, fit_line, group_cubes, median_variance


def frame_correlation(stack: np.ndarray, other: np.ndarray, excluded: np.ndarray | None, color: NoiseColor) -> float:
    """Correlation of the noise of two frames at the same voxels, 0 to 1; NaN without tissue.

    The variances of their sum and difference are read at the highest frequencies within the slices, where there is no
    anatomy (intercept.py): what both frames show of it is in the sum.

    Args:
        stack, other: (slices, rows, columns) in the same units, air lowest.
        excluded: boolean, same shape, True on padding; or None.
        color: of the noise of one frame.
    """
    cubes = sample_cubes(stack, excluded)
    if not len(cubes.places):
        return float("nan")
    k, j, i = cubes.places.T[:, :, None, None, None]
    depth = cubes.slices.shape[1]
    around = np.ogrid[:depth, :SIDE, :SIDE]
    pixels = other[k + around[0], j + around[1], i + around[2]].reshape(-1, depth, SIDE * SIDE)
    others = pixels @ np.kron(cosines(SIDE), cosines(SIDE)).T.astype(np.float32)
    groups = group_cubes(cubes.anatomy)
    anatomy, count = (np.array([f(cubes.anatomy[group]) for group in groups]) for f in (np.mean, len))
    within, along = color.within.ravel(), color.along
    own = (
        OWN / 2 * within[LOW].mean() / within[HIGH].mean() * along[: max(1, len(along) // 2)].mean()
    )  # of a sum of two
    plus, minus = (
        fit_line(
            anatomy, np.array([median_variance(values[group][:, :, HIGH]).mean() for group in groups]), count, own
        ).noise
        for values in (cubes.slices + others, cubes.slices - others)
    )
    # below 0 the line has taken more than the anatomy away
    return max(0.0, (plus - minus) / (plus + minus)) if plus + minus > 0 else 0.0
