"""Where to measure on a real volume: the body, and blocks of homogeneous tissue."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SOFT_TISSUE_HU = (-150.0, 200.0)


@dataclass(frozen=True)
class Blocks:
    """Homogeneous blocks: corners int (n, 3) of the first voxel in (k, j, i), and one shape (k, j, i) in voxels."""

    corners: np.ndarray
    shape: tuple

    def cut(self, volume):
        """The blocks' voxels as float64 (n, k, j, i)."""
        k, j, i = self.shape
        return np.stack([volume[a : a + k, b : b + j, c : c + i] for a, b, c in self.corners]).astype(np.float64)


def is_hounsfield(volume):
    """True for a volume in HU: air (below -500) beside tissue."""
    return float(np.min(volume)) < -500.0


def low_pass(volume, spacing_ratio=1.0):
    """In-plane Gaussian of 2 pixels and, if the slices are at most 2 pixels apart, 1 slice across; float32."""
    across = 1.0 if spacing_ratio <= 2.0 else 0.0
    return ndimage.gaussian_filter(np.asarray(volume, dtype=np.float32), (across, 2.0, 2.0))


def tissue_limits(smooth, hounsfield):
    """Soft tissue in HU, or what is brighter than 15 % of the 99.5th percentile in other modalities."""
    return SOFT_TISSUE_HU if hounsfield else (0.15 * float(np.percentile(smooth, 99.5)), np.inf)


def body_mask(volume):
    """bool (K, J, I): largest connected part above air (-300 HU, or 15 % of the bright end), holes filled per slice."""
    smooth = low_pass(volume)
    limit = -300.0 if is_hounsfield(volume) else tissue_limits(smooth, False)[0]
    labels, count = ndimage.label(smooth > limit)
    if count == 0:
        return np.zeros(smooth.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = labels == sizes.argmax()
    return np.stack([ndimage.binary_fill_holes(plane) for plane in body])


def homogeneous_blocks(volume, count=60, shape=None, spacing=None):
    """The `count` soft-tissue blocks whose low-passed values vary least, without overlap, chosen from `volume` alone.

    Choosing on the low-passed input, not on the SD itself, keeps from favoring blocks where the noise happens
    to be small. shape (k, j, i) in voxels: 4 x 12 x 12 unless given, fewer pixels in
    small images, one slice where slices are more than 2 pixels apart.
    Raises ValueError when the volume has no such block.
    """
    ratio = spacing[0] / spacing[1] if spacing is not None else 1.0
    if shape is None:
        side = int(np.clip(min(volume.shape[1:]) // 10, 4, 12))
        shape = (4 if ratio <= 2.0 else 1, side, side)
    shape = tuple(min(s, n) for s, n in zip(shape, volume.shape, strict=True))
    smooth = low_pass(volume, ratio)
    low, high = tissue_limits(smooth, is_hounsfield(volume))
    starts = [np.arange(0, n - s + 1, s) for n, s in zip(volume.shape, shape, strict=True)]
    corners, spreads = [], []
    for a in starts[0]:
        for b in starts[1]:
            for c in starts[2]:
                block = smooth[a : a + shape[0], b : b + shape[1], c : c + shape[2]]
                if block.min() >= low and block.max() <= high:
                    corners.append((a, b, c))
                    spreads.append(block.std())
    if not corners:
        size = " x ".join(map(str, reversed(shape)))
        raise ValueError(f"the volume holds no block of {size} voxels of soft tissue; its noise cannot be measured")
    order = np.argsort(spreads, kind="stable")[:count]
    return Blocks(np.asarray(corners)[order], shape)
