"""The SD of the removed noise around each pixel: noise of CT varies over a slice."""

import numpy as np
from scipy import ndimage

#: SD in pixels of the Gaussian window that the removed noise is looked at in.
WINDOW = 12.0
#: SD of Gaussian noise in units of its mean absolute value.
SD_PER_MEAN = 1.2533


def local_noise_sd(removed: np.ndarray, excluded: np.ndarray | None) -> np.ndarray:
    """SD of one slice's removed noise in a window around each pixel, from its mean absolute value.

    Args:
        removed: (rows, columns) float32, input - output, any unit.
        excluded: boolean, same shape, True on pixels that do not count; or None.

    Returns:
        (rows, columns) float32, in the unit of `removed`, >= 0.
    """
    if excluded is None:
        return np.float32(SD_PER_MEAN) * ndimage.gaussian_filter(np.abs(removed), WINDOW)
    counted = (~excluded).astype(np.float32)
    total = ndimage.gaussian_filter(np.abs(removed) * counted, WINDOW)
    return np.float32(SD_PER_MEAN) * total / np.maximum(ndimage.gaussian_filter(counted, WINDOW), np.float32(1e-6))
