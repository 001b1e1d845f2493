"""Total variation on the volume, scikit-image."""

from skimage.restoration import denoise_tv_chambolle

LABEL = "TV 3-D (scikit-image)"
SOURCE = "Chambolle, J. Math. Imaging Vis. 20, 2004; scikit-image denoise_tv_chambolle"
LICENSE = "BSD-3-Clause"
PACKAGE = None
RANDOM = False
SWEEP = [{"weight": weight} for weight in (0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.4)]


def denoise(case, seed, progress, weight):
    """weight in units of the noise SD."""
    return (
        denoise_tv_chambolle(case.noisy / case.sigma, weight=weight, eps=1e-5, max_num_iter=300).astype("float32")
        * case.sigma
    )
