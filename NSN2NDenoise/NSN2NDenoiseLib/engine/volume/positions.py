"""Which slices are real neighbors where some are missing or their distances differ."""

import numpy as np

from ..errors import InputError

#: A distance beyond this many times the usual one nearby is a hole in the volume.
HOLE = 1.5
#: The usual distance is the median of so many around a slice: it may change along the volume, as in some head CT.
NEARBY = 5


def real_pairs(positions: np.ndarray | None, slices: int, gap: int) -> np.ndarray:
    """Which pairs (x_i, x_i+gap) have no hole between them.

    Args:
        positions: of the slices along their axis, mm, (slices,) ascending; None where all are equally far apart.
        slices: how many there are.
        gap: pairs are (x_i, x_i+gap).

    Returns:
        (slices - gap,) bool.

    Raises:
        InputError: positions that don't belong to the slices, are not finite, or don't ascend.
    """
    if positions is None:
        return np.ones(slices - gap, bool)
    positions = np.asarray(positions, np.float64)
    distances = np.diff(positions)
    if positions.shape != (slices,) or not np.isfinite(positions).all() or not (distances > 0).all():
        raise InputError(f"positions must be {slices} ascending numbers (mm), one for each slice")
    around = range(-(NEARBY // 2), NEARBY // 2 + 1)
    usual = [
        np.median(distances[[j for j in (i + n for n in around) if 0 <= j < slices - 1]]) for i in range(slices - 1)
    ]
    is_hole = distances > HOLE * np.array(usual)
    return np.array([not is_hole[i : i + gap].any() for i in range(slices - gap)])
