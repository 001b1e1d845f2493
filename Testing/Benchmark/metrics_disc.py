"""Recovered contrast of low-contrast discs that were inserted into a volume before denoising."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from Benchmark.regions import homogeneous_blocks

RADIUS = 4.0  # pixels
HALF_DEPTH = 2  # slices to either side


@dataclass(frozen=True)
class Discs:
    """centers: int (n, 3) in (k, j, i); contrast: in image units; baseline: disc minus ring before the insertion."""

    centers: np.ndarray
    contrast: float
    baseline: np.ndarray


def insert_discs(volume, contrast, spacing, count=8):
    """(volume with discs, Discs): cylinders along k, 4 pixels in radius and 5 slices deep, in homogeneous tissue.

    Their edge is softened by a Gaussian of 0.7 pixels, as a scanner would. volume: (K, J, I); spacing (k, j, i) in mm.
    """
    depth = 2 * HALF_DEPTH + 1
    size = int(4 * RADIUS) + 5
    blocks = homogeneous_blocks(volume, count=count, shape=(depth, size, size), spacing=spacing)
    centers = blocks.corners + np.array([HALF_DEPTH, size // 2, size // 2])
    rows, columns = np.mgrid[:size, :size] - size // 2
    profile = ndimage.gaussian_filter((np.hypot(rows, columns) <= RADIUS).astype(np.float64), 0.7) * contrast
    result = np.array(volume, dtype=np.float32)
    for k, j, i in blocks.corners:
        result[k : k + depth, j : j + size, i : i + size] += profile.astype(np.float32)
    return result, Discs(centers, float(contrast), disc_minus_ring(volume, centers))


def disc_minus_ring(volume, centers):
    """Mean of each disc's core minus the mean of a ring around it, (n,) float64, image units."""
    reach = int(2 * RADIUS) + 2
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(rows, columns)
    core, ring = distance <= RADIUS - 2, (distance >= RADIUS + 2) & (distance <= 2 * RADIUS)
    differences = []
    for k, j, i in centers:
        cut = volume[k - HALF_DEPTH : k + HALF_DEPTH + 1, j - reach : j + reach + 1, i - reach : i + reach + 1]
        cut = np.asarray(cut, dtype=np.float64).mean(axis=0)
        differences.append(cut[core].mean() - cut[ring].mean())
    return np.array(differences)


def recovered_contrast(volume, discs):
    """Mean contrast of the discs after denoising over the inserted one: 1 is all of it."""
    return float(np.mean(disc_minus_ring(volume, discs.centers) - discs.baseline) / discs.contrast)
