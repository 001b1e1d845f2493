"""Non-local means slice by slice, scikit-image."""

import numpy as np
from skimage.restoration import denoise_nl_means

LABEL = "NLM 2-D (scikit-image)"
SOURCE = "Buades et al., CVPR 2005; scikit-image denoise_nl_means"
LICENSE = "BSD-3-Clause"
PACKAGE = None
RANDOM = False
SWEEP = [{"h": h} for h in (0.3, 0.45, 0.6, 0.8, 1.2)]


def denoise(case, seed, progress, h):
    """h in units of the noise SD; 5 x 5 patches within 13 x 13 pixels."""
    result = np.empty_like(case.noisy)
    for k, plane in enumerate(case.noisy):
        result[k] = denoise_nl_means(
            plane, patch_size=5, patch_distance=6, h=h * case.sigma, sigma=case.sigma, fast_mode=True
        )
        progress((k + 1) / len(result))
    return result
