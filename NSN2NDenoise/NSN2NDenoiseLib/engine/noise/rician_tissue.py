"""MR magnitude images whose air was cropped or masked away: recognized by the noise in dark tissue.

The variance of Rician noise falls with the signal by a law that nothing else follows: at a mean of two sigmas it is
.76 of that in bright tissue, at the smallest mean that there is, 1.25 sigmas, .43. CT has the same noise in dark tissue
as in bright one, PET and ultrasound have much less; where those are dark, some means are below 1.25 SDs.
"""

import numpy as np
from scipy import ndimage

from ..volume.slices import Slices
from .rician import AIR_MEAN, rician_variance

#: Slices that are looked at, each with its neighbors.
SLICES = 16
#: Side in pixels of the square whose mean, over three slices, is the local mean.
SIDE = 5
#: In SDs: no mean is smaller; tissue is dark up to here, bright from here on, and very bright from here on.
SMALLEST, DARK, BRIGHT, VERY_BRIGHT = 0.92 * AIR_MEAN, 3.0, 4.0, 8.0
#: Dark tissue is at least this part of all, or there is no bias to speak of; so is bright tissue, to compare with.
LEAST_DARK, LEAST_BRIGHT = 0.02, 0.1
#: For each dark voxel there are at most so many with too small a mean.
BELOW = 0.05
#: The variance in dark tissue is what its means tell, that in very bright tissue as in bright one, by these factors.
AGREEMENT, CONSTANT = 1.12, 1.3


def is_rician_without_air(stack: np.ndarray, slices: Slices, sd: float) -> bool:
    """Whether a volume is an MR magnitude image, as far as its dark tissue tells; sigma is the SD in tissue then.

    Args:
        stack: the volume, (slices, rows, columns), image units.
        slices: of the volume.
        sd: of the noise in tissue, image units, > 0.
    """
    if stack.min() < 0 or len(slices) < 3:
        return False
    means, energies = _means_and_energies(stack, slices.excluded, sd)
    dark, bright, very_bright = (means >= SMALLEST) & (means < DARK), means >= BRIGHT, means >= VERY_BRIGHT
    if dark.sum() < LEAST_DARK * means.size or bright.sum() < LEAST_BRIGHT * means.size:
        return False
    if (means < SMALLEST).sum() > BELOW * dark.sum():
        return False
    typical = np.median(energies[bright])
    if very_bright.sum() > LEAST_BRIGHT * means.size and not _agree(
        np.median(energies[very_bright]), typical, CONSTANT
    ):
        return False
    expected = rician_variance(means[dark], 1.0).mean() / rician_variance(means[bright], 1.0).mean()
    return _agree(np.median(energies[dark]) / typical, expected, AGREEMENT)


def _means_and_energies(stack: np.ndarray, excluded: np.ndarray | None, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Local means, and squares of what is left of 2 x 2 x 2 voxels without all that is smooth; in SDs, both (n,)."""
    means, energies = [], []
    for index in np.unique(np.linspace(1, len(stack) - 2, SLICES).round().astype(int)):
        slab = stack[index - 1 : index + 2].astype(np.float32) / np.float32(sd)
        usable = (slab > 0).all(axis=0)
        if excluded is not None:
            usable &= ~excluded[index - 1 : index + 2].any(axis=0)
        usable = ndimage.minimum_filter(usable, SIDE)[:-1, :-1]
        alternating = np.diff(np.diff(slab[1] - slab[2], axis=0), axis=1)
        means.append(ndimage.uniform_filter(slab.mean(axis=0), SIDE)[:-1, :-1][usable])
        energies.append(alternating[usable] ** 2)
    return np.concatenate(means), np.concatenate(energies)


def _agree(one: float, other: float, factor: float) -> bool:
    return bool(other / factor <= one <= other * factor)
