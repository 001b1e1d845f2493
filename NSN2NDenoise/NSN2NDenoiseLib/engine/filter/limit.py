"""A bound on what is removed: no voxel moves by more than a few noise SDs, so nothing of strong contrast can vanish."""

import numpy as np

from ..noise.model import NoiseModel

#: A voxel moves by at most this many SDs of the noise around it.
LIMIT = 3.0


def limit_removed(noisy: np.ndarray, denoised: np.ndarray, noise: NoiseModel) -> np.ndarray:
    """Bound noisy - denoised slice by slice to `LIMIT` local noise SDs.

    Noise beyond 3 SDs is rare (0.3 % of the voxels, and only their excess stays); an edge or a vessel that a stage got
    wrong is not.

    Args:
        noisy: (slices, rows, columns) float32, normalized.
        denoised: as `noisy`.
        noise: how strong it is around each voxel.

    Returns:
        As `denoised`.
    """
    limited = np.empty_like(denoised)
    for index in range(len(noisy)):
        bound = LIMIT * noise.unit(index, index + 1)[0]
        limited[index] = noisy[index] - np.clip(noisy[index] - denoised[index], -bound, bound)
    return limited
