"""A bound on what is removed: no voxel moves by more than a few noise SDs, so nothing of strong contrast can vanish."""

import numpy as np

from .local_noise import local_noise_sd

#: A voxel moves by at most this many SDs of the noise that was removed around it.
LIMIT = 3.0


def limit_removed(before: np.ndarray, after: np.ndarray, excluded: np.ndarray | None) -> None:
    """Bound before - after slice by slice, in place, to `LIMIT` local noise SDs.

    Noise beyond 3 SDs is rare (0.3 % of the voxels, and only their excess stays); an edge or a vessel that the network
    got wrong is not.

    Args:
        before: (slices, rows, columns) float32, normalized.
        after: the network's output, as `before`; changed in place.
        excluded: boolean, as `before`, or None.
    """
    for index in range(len(before)):
        removed = before[index] - after[index]
        bound = LIMIT * local_noise_sd(removed, None if excluded is None else excluded[index])
        after[index] = before[index] - np.clip(removed, -bound, bound)
