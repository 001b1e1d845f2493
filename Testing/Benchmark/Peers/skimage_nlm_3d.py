"""Non-local means on the volume, scikit-image."""

from skimage.restoration import denoise_nl_means

LABEL = "NLM 3-D (scikit-image)"
SOURCE = "Buades et al., CVPR 2005; scikit-image denoise_nl_means"
LICENSE = "BSD-3-Clause"
PACKAGE = None
RANDOM = False
SWEEP = [{"h": h, "distance": 3} for h in (0.2, 0.3, 0.4, 0.6, 0.9)] + [{"h": h, "distance": 5} for h in (0.4, 0.6)]


def denoise(case, seed, progress, h, distance):
    """h in units of the noise SD; 3 x 3 x 3 patches at most `distance` voxels away."""
    return denoise_nl_means(
        case.noisy, patch_size=3, patch_distance=distance, h=h * case.sigma, sigma=case.sigma, fast_mode=True
    )
