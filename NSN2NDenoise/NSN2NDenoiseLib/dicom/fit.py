"""A volume that some other program loaded from a series, as the slices of that series."""

import numpy as np

from ..engine import InputError
from .geometry import SAME_DIRECTION, SHIFT_PIXELS, Placement


def as_slices(array: np.ndarray, ijk_to_lps: np.ndarray, placement: Placement) -> np.ndarray:
    """The voxels of a volume, slice by slice as `placement` has them; each axis may run either way.

    Args:
        array: (K, J, I).
        ijk_to_lps: (4, 4), from voxel indices (i, j, k) to mm, in DICOM's axes.
        placement: of the series.

    Returns:
        (K, rows, columns): a view.

    Raises:
        InputError: the volume does not lie where the slices are.
    """
    slices = placement.slices
    if placement.positions is None:
        raise InputError("the files don't say where their slices are")
    if array.shape != (len(slices), *slices[0].shape):
        raise InputError("the volume has other slices, rows or columns than its series")
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    along = (ijk_to_lps[:3, :3] / spacing * placement.direction).sum(axis=0)
    pixel = np.array(placement.spacing[:0:-1])
    if np.abs(np.abs(along) - 1).max() > SAME_DIRECTION or not np.allclose(spacing[:2], pixel, rtol=SAME_DIRECTION):
        raise InputError("the volume has other directions or another spacing than its series")
    i, j = (count - 1 if way < 0 else 0 for count, way in zip(array.shape[:0:-1], along[:2], strict=True))
    first = slices[-1 if along[2] < 0 else 0]
    # between slices that are not equally far apart a volume can be right in its first slice only
    if np.linalg.norm((ijk_to_lps @ [i, j, 0, 1])[:3] - first.position) > SHIFT_PIXELS * pixel.min():
        raise InputError("the volume lies elsewhere than its series")
    return array[tuple(slice(None, None, -1 if way < 0 else 1) for way in along[::-1])]
