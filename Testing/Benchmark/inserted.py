"""Shapes of known contrast that are added to a volume before denoising."""

from itertools import product

import numpy as np


def insert(volume, blocks, profile, contrast, baseline):
    """(volume with a shape in each block, float32; their contrasts, (n,) float32).

    Some are brighter than the tissue and some darker, such that the noise that happens to lie under them cancels in the
    mean: else a method that removes it would seem to change the contrast.
    volume: (K, J, I); blocks: `regions.Blocks`; profile: of contrast 1, a block or one slice of it; baseline: (n,),
    contrast that is measured in each block without a shape.
    """
    signs = min(product((1, -1), repeat=len(baseline)), key=lambda signs: abs(np.dot(signs, baseline)))
    contrasts = contrast * np.array(signs, dtype=np.float32)
    result = np.array(volume, dtype=np.float32)
    depth, rows, columns = blocks.shape
    for (k, j, i), height in zip(blocks.corners, contrasts, strict=True):
        result[k : k + depth, j : j + rows, i : i + columns] += height * profile
    return result, contrasts
