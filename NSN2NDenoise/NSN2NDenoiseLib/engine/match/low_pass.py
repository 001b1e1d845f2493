"""The strong low-pass filter LPF of Sec. 3.2 and Fig. 1(a): non-local means, then a median of size 3."""

from functools import cache
from types import ModuleType

import numpy as np

#: Side of the non-local means patch and reach of its search, in pixels (the paper does not give them).
PATCH, REACH = 4, 5
#: Filter strength h in units of the noise SD.
STRENGTH = 1.25
#: Patches farther apart than this, where their weight is 0.7 %, do not count.
FARTHEST = 5.0


def low_pass(image: np.ndarray, noise_sd: float) -> np.ndarray:
    """LPF(x_i) of Sec. 3.2.

    Args:
        image: (rows, columns) slice, normalized, float32.
        noise_sd: standard deviation of the noise, normalized.

    Returns:
        The filtered slice, float32, same shape and units.

    References:
        Zhou et al., "Neighboring Slice Noise2Noise", Sec. 3.2; Buades et al., "A non-local algorithm for image
        denoising", CVPR 2005; the loop over shifts: Darbon et al., "Fast nonlocal filtering applied to electron
        cryomicroscopy", ISBI 2008.
    """
    return median_of_nine(non_local_means(image, noise_sd))


def non_local_means(image: np.ndarray, noise_sd: float) -> np.ndarray:
    """Each pixel becomes the mean of the pixels nearby, weighted by exp(-max(d^2 - 2 SD^2, 0) / h^2).

    d^2 is the mean squared difference of the patches around the two. Where noise is all that differs, it is 2 SD^2.
    This is scikit-image's denoise_nl_means(patch_size=5, patch_distance=5, h=SD, sigma=SD, fast_mode=True), whose
    patches are 4 x 4, without its approximation of exp, and much faster.
    """
    h = max(STRENGTH * noise_sd, 1e-6)
    before, after = REACH + (PATCH - 1) // 2, REACH + PATCH // 2
    padded = np.pad(image.astype(np.float32, copy=False), (before, after), mode="reflect")
    total, weights = padded.copy(), np.ones_like(padded)
    kernel = compiled()
    add = add_alike if kernel is None else kernel.add_alike
    add(padded, padded * np.float32(1 / (PATCH * h)), np.float32(2 * noise_sd**2 / h**2), total, weights)
    inside = slice(before, -after)
    return total[inside, inside] / weights[inside, inside]


@cache
def compiled() -> ModuleType | None:
    """The kernel of `alike_pixels.py`; None where numba is missing or does not work with the installed numpy."""
    try:
        from . import alike_pixels
    except ImportError:
        return None
    return alike_pixels


def add_alike(
    pixels: np.ndarray, scaled: np.ndarray, expected: np.float32, total: np.ndarray, weights: np.ndarray
) -> None:
    """Add the pixels around each one, times their weights, to `total`, and the weights to `weights`.

    Args:
        pixels: (rows, columns) float32, with what is around the image.
        scaled: as `pixels`, so that d^2 / h^2 is the sum of a patch's squared differences.
        expected: 2 SD^2 / h^2.
        total, weights: as `pixels`; complete inside the image.
    """
    width, pixels, scaled = pixels.shape[1], pixels.ravel(), scaled.ravel()
    total, weights = total.reshape(-1), weights.reshape(-1)  # flat: what wraps around at a row's end is not the image's
    for down in range(REACH + 1):
        for right in range(-REACH if down else 1, REACH + 1):  # half of the shifts: a pair of pixels is met once
            shift = down * width + right
            weight = scaled[shift:] - scaled[:-shift]
            weight *= weight
            for step in (width, 1):  # sums over PATCH rows, then columns
                weight = weight[:-step] + weight[step:]
                weight = weight[: -2 * step] + weight[2 * step :]
            np.subtract(expected, weight, out=weight)
            np.clip(weight, -2 * FARTHEST, 0, out=weight)
            near = weight >= -FARTHEST
            np.exp(weight, out=weight)
            weight *= near
            start = (PATCH - 1) // 2 * (width + 1)
            one = slice(start, start + weight.size)
            other = slice(start + shift, start + shift + weight.size)
            weights[one] += weight
            weights[other] += weight
            total[one] += weight * pixels[other]
            weight *= pixels[one]
            total[other] += weight


def median_of_nine(image: np.ndarray) -> np.ndarray:
    """The median of the 3 x 3 pixels around each; beyond the border the border's pixels are repeated."""
    padded = np.pad(image, 1, mode="edge")
    low, middle, high = _sorted(padded[:-2], padded[1:-1], padded[2:])
    lowest = np.maximum(np.maximum(low[:, :-2], low[:, 1:-1]), low[:, 2:])
    highest = np.minimum(np.minimum(high[:, :-2], high[:, 1:-1]), high[:, 2:])
    middle = _sorted(middle[:, :-2], middle[:, 1:-1], middle[:, 2:])[1]
    return _sorted(lowest, middle, highest)[1]


def _sorted(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three images with the values of each pixel in ascending order."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.minimum(low, c), np.maximum(low, np.minimum(high, c)), np.maximum(high, c)
