"""Recovered contrast of low-contrast discs that were inserted into a volume before denoising."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from Benchmark.inserted import insert
from Benchmark.regions import homogeneous_blocks

RADIUS = 4.0  # pixels
HALF_DEPTH = 2  # slices to either side


@dataclass(frozen=True)
class Discs:
    """centers: int (n, 3) in (k, j, i); contrasts: (n,) in image units; baseline: disc minus ring without them."""

    centers: np.ndarray
    contrasts: np.ndarray
    baseline: np.ndarray


def insert_discs(volume, contrast, spacing, count=8):
    """(volume with discs, Discs): cylinders along k, 4 pixels in radius and 5 slices deep, in homogeneous tissue.

    Their edge is softened by a Gaussian of 0.7 pixels, as a scanner would. Some are brighter than the tissue and some
    darker, see `insert`. volume: (K, J, I); spacing (k, j, i) in mm.
    """
    depth = 2 * HALF_DEPTH + 1
    size = int(4 * RADIUS) + 5
    blocks = homogeneous_blocks(volume, count=count, shape=(depth, size, size), spacing=spacing)
    centers = blocks.corners + np.array([HALF_DEPTH, size // 2, size // 2])
    rows, columns = np.mgrid[:size, :size] - size // 2
    profile = ndimage.gaussian_filter((np.hypot(rows, columns) <= RADIUS).astype(np.float32), 0.7)
    baseline = disc_minus_ring(volume, centers)
    result, contrasts = insert(volume, blocks, profile, contrast, baseline)
    return result, Discs(centers, contrasts, baseline)


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
    """Mean over the discs of the contrast after denoising over the inserted one: 1 is all of it."""
    return float(np.mean((disc_minus_ring(volume, discs.centers) - discs.baseline) / discs.contrasts))
