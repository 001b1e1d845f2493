"""The strong low-pass filter LPF of Sec. 3.2 and Fig. 1(a): non-local means, then a median of size 3."""

import numpy as np
from scipy import ndimage

#: Side of the non-local means patch and reach of its search, in pixels (the paper does not give them).
PATCH_SIZE = 5
PATCH_DISTANCE = 5
#: Filter strength h in units of the noise SD.
STRENGTH = 1.0
#: Kernel of the median (Sec. 3.2).
MEDIAN_SIZE = 3


def low_pass(image: np.ndarray, noise_sd: float) -> np.ndarray:
    """LPF(x_i) of Sec. 3.2.

    Args:
        image: (rows, columns) slice, normalized, float32.
        noise_sd: standard deviation of the noise, normalized.

    Returns:
        The filtered slice, float32, same shape and units.

    References:
        Zhou et al., "Neighboring Slice Noise2Noise", Sec. 3.2; Buades et al., "A non-local algorithm for image
        denoising", CVPR 2005.
    """
    from skimage.restoration import denoise_nl_means  # Slicer installs it when it is first needed

    filtered = denoise_nl_means(
        image.astype(np.float32, copy=False),
        patch_size=PATCH_SIZE,
        patch_distance=PATCH_DISTANCE,
        h=max(STRENGTH * noise_sd, 1e-6),
        sigma=noise_sd,
        fast_mode=True,
        preserve_range=True,
    )
    return ndimage.median_filter(filtered, size=MEDIAN_SIZE, mode="nearest").astype(np.float32, copy=False)
