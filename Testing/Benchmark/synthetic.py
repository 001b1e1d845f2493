"""A head-like object from ellipsoids and tubes, for machines without the data folder and for tests.

It is piecewise smooth, so edge-preserving filters do better on it than on anatomy; tables made from it say so.
"""

import numpy as np
from scipy import ndimage

# value in MR units (0-255), value in HU, center and half axes in units of half the field of view (k, j, i)
PARTS = (
    (60.0, 40.0, (0.0, 0.0, 0.0), (1.6, 0.86, 0.70)),  # scalp
    (12.0, 900.0, (0.0, 0.0, 0.0), (1.55, 0.80, 0.64)),  # skull
    (170.0, 32.0, (0.0, 0.0, 0.0), (1.5, 0.74, 0.58)),  # gray matter
    (220.0, 26.0, (0.0, -0.22, 0.22), (1.0, 0.36, 0.24)),  # white matter
    (220.0, 26.0, (0.0, -0.22, -0.22), (1.0, 0.36, 0.24)),
    (215.0, 27.0, (0.3, 0.33, 0.0), (0.9, 0.28, 0.36)),
    (45.0, 6.0, (0.1, -0.18, 0.09), (0.7, 0.24, 0.06)),  # ventricles
    (45.0, 6.0, (0.1, -0.18, -0.09), (0.7, 0.24, 0.06)),
    (190.0, 55.0, (-0.2, 0.30, 0.18), (0.25, 0.09, 0.09)),  # a lesion
    (150.0, 38.0, (0.2, 0.38, -0.16), (0.4, 0.12, 0.10)),
)
TUBES = 14


def synthetic_head(shape, kind="mr", seed=0):
    """(K, J, I) float32 in MR units (0-255, kind "mr") or HU (kind "ct"), with 14 oblique vessels of 1-2 pixels."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    column = 0 if kind == "mr" else 1
    volume = np.full(shape, 0.0 if kind == "mr" else -1000.0, dtype=np.float32)
    for part in PARTS:
        (ck, cj, ci), (ak, aj, ai) = part[2:]
        tilt = 0.06 * k  # contours move from slice to slice
        inside = ((k - ck) / ak) ** 2 + ((j - cj - tilt) / aj) ** 2 + ((i - ci + tilt / 2) / ai) ** 2 <= 1
        volume[inside] = part[column]
    rng = np.random.default_rng(seed)
    for _ in range(TUBES):
        start, slope = rng.uniform(-0.45, 0.45, 2), rng.uniform(-0.15, 0.15, 2)
        radius = rng.uniform(1.0, 2.0) * 2 / min(shape[1:])
        inside = (j - start[0] - slope[0] * k) ** 2 + (i - start[1] - slope[1] * k) ** 2 <= radius**2
        volume[inside] = (250.0, 75.0)[column]
    return ndimage.gaussian_filter(volume, (0.4, 0.6, 0.6))
