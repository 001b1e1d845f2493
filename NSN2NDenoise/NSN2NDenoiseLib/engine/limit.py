"""A bound on what is removed: no voxel moves by more than a few noise SDs, so nothing of strong contrast can vanish."""

import numpy as np
from scipy import ndimage

#: A voxel moves by at most this many SDs of the noise that was removed around it.
LIMIT = 3.0
#: SD in pixels of the Gaussian window that the removed noise is looked at in.
WINDOW = 12.0
#: SD of Gaussian noise in units of its mean absolute value.
SD_PER_MEAN = 1.2533


def limit_removed(before: np.ndarray, after: np.ndarray, excluded: np.ndarray | None) -> None:
    """Bound before - after slice by slice, in place, to `LIMIT` local noise SDs.

    Noise beyond 3 SDs is rare (0.3 % of the voxels, and only their excess stays); an edge or a vessel that the network
    got wrong is not. The noise is measured locally, since that of CT varies over a slice.

    Args:
        before: (slices, rows, columns) float32, normalized.
        after: the network's output, as `before`; changed in place.
        excluded: boolean, as `before`, or None.
    """
    for index in range(len(before)):
        removed = before[index] - after[index]
        counted = np.ones_like(removed) if excluded is None else (~excluded[index]).astype(np.float32)
        total = ndimage.gaussian_filter(np.abs(removed) * counted, WINDOW)
        share = ndimage.gaussian_filter(counted, WINDOW) if excluded is not None else 1.0
        bound = LIMIT * SD_PER_MEAN * total / np.maximum(share, 1e-6)
        after[index] = before[index] - np.clip(removed, -bound, bound)
