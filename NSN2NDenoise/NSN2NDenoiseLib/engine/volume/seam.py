"""How a result that is wanted in a part of a volume only fades in at its edge."""

import numpy as np
from scipy import ndimage

#: Pixels inside the edge of what is wanted, in each slice, in which the result fades in; outside, nothing changes.
SEAM = 3


def seam(wanted: np.ndarray) -> np.ndarray:
    """How much of the result counts at each voxel, 0 to 1, float32.

    It is 0 outside; inside it rises with the distance, in rows or columns, from the nearest voxel of the slice that is
    outside, by 1 / (SEAM + 1) a voxel. The ends of the volume are no edge, nor are slices: noise has none between them.

    Args:
        wanted: boolean (slices, rows, columns).
    """
    left = np.pad(wanted, ((0, 0), (SEAM, SEAM), (SEAM, SEAM)), mode="edge")
    depth = left.astype(np.uint8)
    for _ in range(SEAM):
        left = ndimage.minimum_filter(left, (1, 3, 3), mode="nearest")
        depth += left
    return depth[:, SEAM:-SEAM, SEAM:-SEAM].astype(np.float32) / (SEAM + 1)
