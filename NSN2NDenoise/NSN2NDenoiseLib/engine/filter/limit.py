"""A bound on what is removed: no voxel moves by more than a few noise SDs, so nothing of strong contrast can vanish."""

import numpy as np
import torch

from ..noise.local import local_noise_sd

#: A voxel moves by at most this many SDs of the noise that was removed around it.
LIMIT = 3.0


def limit_removed(
    before: np.ndarray, after: np.ndarray, excluded: np.ndarray | None, device: torch.device | str = "cpu"
) -> np.ndarray:
    """Bound before - after slice by slice to `LIMIT` local noise SDs.

    Noise beyond 3 SDs is rare (0.3 % of the voxels, and only their excess stays); an edge or a vessel that the network
    got wrong is not.

    Args:
        before: (slices, rows, columns) float32, normalized.
        after: as `before`, denoised.
        excluded: boolean, as `before`, or None.
        device: where it is computed.

    Returns:
        As `after`.
    """
    limited = np.empty_like(after)
    for index in range(len(before)):
        noisy = torch.from_numpy(before[index : index + 1]).to(device)
        removed = noisy - torch.from_numpy(after[index : index + 1]).to(device)
        outside = None if excluded is None else torch.from_numpy(excluded[index : index + 1]).to(device)
        bound = LIMIT * local_noise_sd(removed, outside)
        limited[index] = (noisy - removed.clamp(-bound, bound))[0].cpu().numpy()
    return limited
