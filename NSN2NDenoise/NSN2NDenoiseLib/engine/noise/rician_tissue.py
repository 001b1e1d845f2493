"""MR magnitude images whose air was cropped or masked away: recognized by the noise in dark tissue.

The variance of Rician noise falls with the signal by a law that nothing else follows: at a mean of two sigmas it is
.76 of that in bright tissue, at the smallest mean that there is, 1.25 sigmas, .43. CT has the same noise in dark tissue
as in bright one, PET and ultrasound have much less; where those are dark, some means are below 1.25 SDs. It is looked
at where tissue is homogeneous: at an edge, dark voxels have brighter means than they should have for their variance.
"""

import numpy as np
from scipy import ndimage

from ..volume.slices import Slices
from .rician import AIR_MEAN, rician_variance

#: Slices that are looked at, each with its neighbors.
SLICES = 16
#: Side in pixels of the square whose mean, over three slices, is the local mean; and of that in which ...
SIDE, AROUND = 5, 5
#: ... these means differ by so many SDs at most, where tissue is homogeneous. By chance they do by .4.
FLAT = 0.8
#: In sigmas: no mean is smaller; tissue is dark up to here. In SDs: it is bright from here on, very bright from here.
SMALLEST, DARK, BRIGHT, VERY_BRIGHT = 0.92 * AIR_MEAN, 2.6, 3.0, 8.0
#: Dark tissue is at least this part of all, or there is no bias to speak of; so is bright tissue, to compare with.
LEAST_DARK, LEAST_BRIGHT = 0.01, 0.1
#: Fewer dark voxels tell nothing; but where this part of all that is not homogeneous is dark, there may be a bias.
FEWEST, MUCH_DARK = 1000, 0.03
#: For each dark voxel there are at most so many with too small a mean.
BELOW = 0.02
#: The variance in dark tissue is what its means tell, that in very bright tissue as in bright one, by these factors.
AGREEMENT, CONSTANT = 1.12, 1.3
#: sigma in SDs. The SD was measured where the law has lowered it; noise with a color has another sum of differences.
SIGMA = (0.9, 1.25)


def sigma_without_air(stack: np.ndarray, slices: Slices, sd: float) -> tuple[float | None, bool]:
    """sigma of an MR magnitude image without air in image units, as its dark tissue tells.

    Args:
        stack: the volume, (slices, rows, columns), image units.
        slices: of the volume.
        sd: of the noise in tissue, image units, > 0.

    Returns:
        sigma; None where it is no such image or can't be told to be one. And whether it may be one all the same: it has
        much dark tissue, little of it homogeneous.
    """
    if stack.min() < 0 or len(slices) < 3:
        return None, False
    everywhere, flat, energies = _means_and_energies(stack, slices.excluded, sd)
    means, energies = everywhere[flat], energies[flat]
    bright, very_bright = means >= BRIGHT, means >= VERY_BRIGHT
    if not means.size or bright.sum() < LEAST_BRIGHT * means.size:
        return None, False
    in_bright = _typical(energies[bright])
    if not in_bright > 0:  # slices that are there several times
        return None, False
    sigma = _sigma(float(np.median(means[bright])), in_bright)
    all_dark = (everywhere >= SMALLEST * sigma) & (everywhere < DARK * sigma)
    if (everywhere < SMALLEST * sigma).sum() > BELOW * all_dark.sum():
        return None, False
    dark = all_dark[flat]
    if dark.sum() < max(FEWEST, LEAST_DARK * means.size):
        return None, bool(all_dark.sum() > MUCH_DARK * everywhere.size)
    if very_bright.sum() > LEAST_BRIGHT * means.size and not _agree(
        _typical(energies[very_bright]), in_bright, CONSTANT
    ):
        return None, False
    lower = _typical(energies[dark]) / in_bright
    expected = rician_variance(means[dark] / sigma, 1.0).mean() / rician_variance(means[bright] / sigma, 1.0).mean()
    return (sigma * sd if _agree(lower, expected, AGREEMENT) else None), False


def _sigma(mean: float, variance: float) -> float:
    """The sigma with which a Rician variable has this variance at this mean; 1 where the noise has a color."""
    sigma = np.sqrt(variance)
    for _ in range(3):
        expected = float(rician_variance(np.array(mean / sigma), 1.0))
        if not expected > 0:
            return 1.0
        sigma = np.sqrt(variance / expected)
    return float(sigma) if SIGMA[0] <= sigma <= SIGMA[1] else 1.0


def _means_and_energies(stack: np.ndarray, excluded: np.ndarray | None, sd: float) -> tuple[np.ndarray, ...]:
    """(n,) each, in SDs: local means; where they are alike; squares of what is not smooth in 2 x 2 x 2 voxels."""
    found = []
    for index in np.unique(np.linspace(1, len(stack) - 2, SLICES).round().astype(int)):
        slab = stack[index - 1 : index + 2].astype(np.float32) / np.float32(sd)
        usable = (slab > 0).all(axis=0)
        if excluded is not None:
            usable &= ~excluded[index - 1 : index + 2].any(axis=0)
        mean = ndimage.uniform_filter(slab.mean(axis=0), SIDE)
        flat = ndimage.maximum_filter(mean, AROUND) - ndimage.minimum_filter(mean, AROUND) < FLAT
        usable = ndimage.minimum_filter(usable, SIDE + AROUND - 1)[:-1, :-1]
        alternating = np.diff(np.diff(slab[1] - slab[2], axis=0), axis=1)
        found.append((mean[:-1, :-1][usable], flat[:-1, :-1][usable], alternating[usable] ** 2))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _typical(energies: np.ndarray) -> float:
    """The variance of a voxel behind such squares, in SD^2: their median is .455 of eight variances."""
    return float(np.median(energies)) / (8 * 0.455)


def _agree(one: float, other: float, factor: float) -> bool:
    return bool(other / factor <= one <= other * factor)
