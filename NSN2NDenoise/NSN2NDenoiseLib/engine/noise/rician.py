"""The bias of MR magnitude images: recognized by its background, and taken away by the inverse of the Rician mean.

Noise in both channels of a complex signal A makes the magnitude M a Rician variable, whose mean exceeds A: by
sigma sqrt(pi/2) in air (A = 0), hardly in bright tissue. Denoising estimates that mean; `invert_mean` gives A back.

References:
    Gudbjartsson and Patz, "The Rician Distribution of Noisy MRI Data", Magn. Reson. Med. 34, 1995.
    Koay and Basser, "Analytically Exact Correction Scheme for Signal Extraction from Noisy Magnitude MR Signals",
    J. Magn. Reson. 179, 2006.
"""

from functools import cache

import numpy as np
from scipy.special import ive

from ..volume.normalize import Normalization
from ..volume.slices import Slices
from .blocks import BLOCK, NoiseBlocks, block_means, block_variances, cut_blocks

#: Mean of the magnitude in air in units of sigma.
AIR_MEAN = float(np.sqrt(np.pi / 2))
#: SD of the magnitude in air in units of sigma.
AIR_SD = float(np.sqrt(2 - np.pi / 2))
#: Slices that are searched for air.
SLICES = 48
#: Air is looked for from this percentile of the blocks' means on.
DARKEST = 2.0
#: Voxels of air that are looked at.
SAMPLE = 500_000
#: Means of air blocks differ from their common mean by at most this part of it.
SPREAD = 0.2
#: SD of a block in units of its mean beyond which it holds something else beside air; that of air is 0.52.
MIXED = 0.68
#: Moves toward the most frequent mean.
MAX_MOVES = 50
#: Blocks with more than this part of exact zeros were masked.
MASKED = 0.25
#: Air needs this part of the blocks, and so many of them. (Dark tissue in a masked head can look like a little air.)
MIN_PART, MIN_BLOCKS = 0.05, 60
#: Quantiles of the air that must agree with a Rayleigh distribution.
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
#: The sigmas that mean, SD and quantiles of the air give may differ by this part.
AGREEMENT = 0.05
#: Smallest sigma, in gray levels of an integer image, whose distribution can be told.
MIN_LEVELS = 1.0
#: Tissue is looked at from this percentile of the homogeneous blocks' means on ...
BRIGHT = 75
#: ... is at least this many times as bright as air ...
TISSUE_LEVEL = 1.5
#: ... and its noise has the SD that the air's sigma means, within these factors. It is smaller in filtered tissue; it
#: grows with the signal in ultrasound and PET.
TISSUE_NOISE = (0.85, 1.35)
#: The table of the Rician mean: amplitudes up to this many sigmas, in these steps. Beyond it, A^2 = M^2 - sigma^2.
TABLE_END, TABLE_STEP = 20.0, 0.002


def find_rician(stack: np.ndarray, slices: Slices, where: NoiseBlocks) -> float | None:
    """Recognize an MR magnitude image by its air, and measure sigma there.

    Air of a magnitude image is Rayleigh distributed with the sigma that the noise in tissue has. CT (negative values,
    or Gaussian air), ultrasound and PET (noise that grows with the signal), masked, filtered and noise-free images
    fail at least one of the checks.

    Args:
        stack: the volume, (slices, rows, columns), image units.
        slices: of the volume.
        where: its homogeneous blocks.

    Returns:
        sigma in image units, or None when any check fails.
    """
    if stack.min() < 0:
        return None
    sigma = rayleigh_sigma(_air(stack, slices.excluded))
    return sigma if sigma is not None and _fits_tissue(sigma, stack, where) else None


def rayleigh_sigma(values: np.ndarray) -> float | None:
    """sigma of Rayleigh distributed values; None if they have another distribution, or are too few.

    A Rayleigh distribution gives the same sigma whether it is computed from the mean, the SD or any quantile.

    Args:
        values: (n,) float64, >= 0. Whole numbers are taken for rounded or cut off.
    """
    if values.size < MIN_BLOCKS * BLOCK**2:
        return None
    if not np.array_equal(values, np.rint(values)):
        return _common_sigma(values)
    if values.mean() < MIN_LEVELS * AIR_MEAN:
        return None
    rounded = _common_sigma(_within(np.maximum(values - 0.5, 0), values + 0.5))
    return rounded if rounded is not None else _common_sigma(_within(values, values + 1))


def invert_mean(mean: np.ndarray, sigma: float) -> np.ndarray:
    """The amplitude A whose Rician mean E[M](A, sigma) is given; 0 below the mean in air.

    Args:
        mean: any shape, image units.
        sigma: SD of the noise in each channel, image units, > 0.

    Returns:
        float32, same shape.
    """
    amplitudes, means = _table()
    ratio = mean / np.float32(sigma)
    inside = np.interp(ratio, means, amplitudes)
    beyond = np.sqrt(np.maximum(ratio * ratio - 1, 0))
    return (np.where(ratio > means[-1], beyond, inside) * sigma).astype(np.float32)


def put_back_bias(
    before: np.ndarray, after: np.ndarray, sigma: float, strength: float = 1.0, excluded: np.ndarray | None = None
) -> np.ndarray:
    """A result as it was before its bias was taken away, by the same law: what the filters alone made.

    Args:
        before, after: (slices, rows, columns), image units; input, and result whose bias was corrected.
        sigma: SD of the noise in each channel, image units, > 0.
        strength: with which the result was mixed with the input after that, > 0.
        excluded: boolean, same shape, where the result is the input; or None.

    Returns:
        float32, same shape.
    """
    amplitudes, means = _table()
    found = np.empty(after.shape, np.float32)
    for k, plane in enumerate(after):
        own = before[k].astype(np.float64)
        ratio = np.maximum(own + (plane - own) / strength, 0) / sigma
        mean = np.where(ratio > amplitudes[-1], np.sqrt(ratio**2 + 1), np.interp(ratio, amplitudes, means)) * sigma
        found[k] = own + strength * (mean - own)
        if excluded is not None:
            found[k][excluded[k]] = plane[excluded[k]]
    return found


def rician_mean(amplitude: np.ndarray) -> np.ndarray:
    """E[M](A, 1) = sqrt(pi/2) L_1/2(-A^2/2) for amplitudes from 0 to about 1000, same shape, float64."""
    half = np.asarray(amplitude, np.float64) ** 2 / 4
    return AIR_MEAN * ((1 + 2 * half) * ive(0, half) + 2 * half * ive(1, half))


def rician_variance(mean: np.ndarray, sigma: float) -> np.ndarray:
    """E[M^2] - E[M]^2 of Rician variables with these means, same shape, in squared image units."""
    amplitude = invert_mean(np.asarray(mean, np.float64), sigma)
    return np.clip(amplitude**2 + 2 * sigma**2 - np.square(mean), (AIR_SD * sigma) ** 2, sigma**2)


def correct_bias(means: np.ndarray, normalization: Normalization, sigma: float) -> np.ndarray:
    """The amplitudes whose Rician means are given.

    Args:
        means: denoised (slices, rows, columns), float32, normalized.
        normalization: of the volume.
        sigma: in image units.

    Returns:
        As `means`.
    """
    amplitudes = np.empty_like(means)
    for index, mean in enumerate(means):
        amplitudes[index] = normalization.apply(invert_mean(normalization.invert(mean), sigma))
    return amplitudes


def _common_sigma(values: np.ndarray) -> float | None:
    """The median of the sigmas that mean, SD and quantiles give; None where they disagree."""
    expected = np.sqrt(-2 * np.log1p(-np.array(QUANTILES)))
    sigmas = np.array([values.mean() / AIR_MEAN, values.std() / AIR_SD, *(np.quantile(values, QUANTILES) / expected)])
    sigma = float(np.median(sigmas))
    return sigma if sigma > 0 and np.abs(sigmas / sigma - 1).max() < AGREEMENT else None


def _within(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Random values between `low` and `high`, with a density that rises as a Rayleigh distribution's does near 0."""
    part = np.random.default_rng(0).random(low.shape)
    return np.sqrt(low**2 + part * (high**2 - low**2))


def _fits_tissue(sigma: float, stack: np.ndarray, where: NoiseBlocks) -> bool:
    """Whether bright homogeneous tissue has the noise that sigma means at its level."""
    means = block_means(stack, where)
    if not means.size:
        return False
    bright = means >= np.percentile(means, BRIGHT)
    level = float(np.median(means[bright]))
    if level < TISSUE_LEVEL * AIR_MEAN * sigma:
        return False
    low, high = TISSUE_NOISE
    return bool(low**2 <= np.median(block_variances(stack, where)[bright]) / rician_variance(level, sigma) <= high**2)


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes and their Rician means, both in units of sigma, rising."""
    amplitudes = np.arange(0, TABLE_END + TABLE_STEP, TABLE_STEP)
    return amplitudes, rician_mean(amplitudes)


def _air(stack: np.ndarray, excluded: np.ndarray | None) -> np.ndarray:
    """The voxels of what may be air: the blocks around the most frequent low mean; (n,) float64, empty without."""
    chosen = np.unique(np.linspace(0, len(stack) - 1, min(SLICES, len(stack))).round().astype(int))
    found = []
    for index in chosen:
        blocks = cut_blocks(stack[index]).reshape(-1, BLOCK * BLOCK)
        usable = ((blocks == 0).mean(axis=1) <= MASKED) & (blocks.std(axis=1) <= MIXED * blocks.mean(axis=1))
        if excluded is not None:
            usable &= ~cut_blocks(excluded[index]).reshape(-1, BLOCK * BLOCK).any(axis=1)
        found.append(blocks[usable])
    blocks = np.concatenate(found).astype(np.float64)
    means = blocks.mean(axis=1)
    if not means.size:
        return np.zeros(0)
    center = np.percentile(means, DARKEST)
    for _ in range(MAX_MOVES):
        near = np.abs(means - center) <= SPREAD * center
        last, center = center, means[near].mean() if near.any() else center
        if center == last:
            break
    if near.sum() < max(MIN_BLOCKS, MIN_PART * means.size):
        return np.zeros(0)
    air = blocks[near].ravel()
    return air[:: max(1, air.size // SAMPLE)]
