"""Non-local means on the volume, scikit-image."""

from skimage.restoration import denoise_nl_means

LABEL = "NLM 3-D (scikit-image)"
SOURCE = "Buades et al., CVPR 2005; scikit-image denoise_nl_means"
LICENSE = "BSD-3-Clause"
PACKAGE = None
RANDOM = False
SWEEP = [{"h": h} for h in (0.2, 0.3, 0.4, 0.6, 0.9)]


def denoise(case, seed, progress, h):
    """h in units of the noise SD; 3 x 3 x 3 patches within 7 x 7 x 7 voxels."""
    return denoise_nl_means(
        case.noisy, patch_size=3, patch_distance=3, h=h * case.sigma, sigma=case.sigma, fast_mode=True
    )
