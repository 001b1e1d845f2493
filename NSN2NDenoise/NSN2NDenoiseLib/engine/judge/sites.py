"""Where in a volume lesions can be inserted: in tissue, away from its borders and from each other."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: Tissue in HU; without HU, what is brighter than this part of the bright end.
TISSUE_HU, BRIGHT = (-150.0, 200.0), 0.15
#: A volume that reaches below this holds HU.
AIR_HU = -500.0
#: Pixels and slices between the centers of two lesions, at least: more than a block filter's search reaches.
PITCH, PITCH_SLICES = 24, 8
#: Pixels of tissue around a lesion.
MARGIN = 2
#: SD in pixels of the low-pass that shows texture, and what must be tissue.
SMOOTH = 1.5


@dataclass(frozen=True)
class Sites:
    """Places for lesions.

    Attributes:
        centers: (n, 3) int, slice, row, column.
        texture: (n,), SD of the low-passed volume there, image units.
        tissue: mean of the low-passed volume over the sites, above air, image units; contrasts can be parts of it.
        spacing: (slices, rows, columns) in mm.
    """

    centers: np.ndarray
    texture: np.ndarray
    tissue: float
    spacing: tuple[float, float, float]

    @property
    def textured(self) -> np.ndarray:
        """(n,) bool, True for the half of the sites with more texture."""
        return self.texture > np.median(self.texture) if len(self) else np.zeros(0, bool)

    def __len__(self) -> int:
        return len(self.centers)


def is_hounsfield(stack: np.ndarray) -> bool:
    """Whether the values are HU: air, below -500, beside tissue."""
    return float(np.min(stack)) < AIR_HU


def find_sites(
    stack: np.ndarray,
    spacing: tuple[float, float, float],
    diameter: float,
    excluded: np.ndarray | None = None,
    most: int = 400,
    seed: int = 0,
) -> Sites:
    """Find places in tissue, in random order on the volume, none near another.

    Args:
        stack: (slices, rows, columns), image units.
        spacing: (slices, rows, columns) in mm.
        diameter: mm, of the largest lesion.
        excluded: boolean, as `stack`, True on padding; or None.
        most: sites.
        seed: of the order.
    """
    smooth = ndimage.gaussian_filter(np.asarray(stack, np.float32), (0.0, SMOOTH, SMOOTH))
    hounsfield = is_hounsfield(stack)
    low, high = TISSUE_HU if hounsfield else (BRIGHT * float(np.percentile(smooth[:, ::2, ::2], 99.5)), np.inf)
    tissue = (smooth >= low) & (smooth <= high)
    if excluded is not None:
        tissue &= ~excluded
    reach = [int(np.ceil(0.5 * diameter / s)) for s in spacing]
    box = (2 * reach[0] + 1, *(2 * (r + MARGIN) + 1 for r in reach[1:]))
    free = ndimage.minimum_filter(tissue.view(np.uint8), box, mode="constant").astype(bool)
    candidates = np.random.default_rng(seed).permutation(np.flatnonzero(free))
    pitch = np.maximum(np.array([2 * r + 2 for r in reach]), (PITCH_SLICES, PITCH, PITCH)) - 1
    centers, texture, means = [], [], []
    for flat in candidates:
        if len(centers) == most:
            break
        if not free.flat[flat]:
            continue
        center = np.array(np.unravel_index(flat, free.shape))
        centers.append(center)
        free[tuple(slice(max(c - p, 0), c + p + 1) for c, p in zip(center, pitch, strict=True))] = False
        around = smooth[tuple(slice(max(c - n // 2, 0), c + n // 2 + 1) for c, n in zip(center, box, strict=True))]
        texture.append(float(around.std()))
        means.append(float(around.mean()))
    air = -1000.0 if hounsfield else 0.0
    level = float(np.mean(means)) - air if means else float("nan")
    return Sites(np.array(centers, int).reshape(-1, 3), np.array(texture), level, tuple(spacing))
