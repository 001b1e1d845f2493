"""Metrics against a clean reference: PSNR, SSIM, RMSE; whole image and inside a mask; per slice as in the paper.

All volumes are (K, J, I) in the same image units; data_range is stated by the caller in those units, one per volume.
"""

import numpy as np
from skimage.metrics import structural_similarity


def rmse(reference, image, mask=None):
    """Root mean square error in image units, over the voxels of mask (all without one)."""
    error = np.subtract(image, reference, dtype=np.float64)
    return float(np.sqrt(np.mean(np.square(error if mask is None else error[mask]))))


def psnr(reference, image, data_range, mask=None):
    """Peak signal-to-noise ratio in dB of the whole volume (inf for equal images)."""
    error = rmse(reference, image, mask)
    return float("inf") if error == 0 else float(20.0 * np.log10(data_range / error))


def ssim_map(reference, image, data_range):
    """SSIM of one slice (J, I) per pixel: Gaussian window of SD 1.5, K1 = 0.01, K2 = 0.03 (Wang et al. 2004)."""
    return structural_similarity(
        np.asarray(reference, dtype=np.float64),
        np.asarray(image, dtype=np.float64),
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1]


SSIM_BORDER = 5  # half the window: pixels nearer to the border are left out of the mean


def compare(reference, image, data_range, mask, min_mask=64):
    """Whole-image and masked figures as a dict of numbers.

    psnr, rmse: over the volume. psnrMean/psnrSD, ssimMean/ssimSD: over the slices (a slice with fewer than min_mask
    masked pixels is left out of the masked figures). Names with "Tissue": inside the mask.
    """
    psnrs, ssims, psnrs_tissue, ssims_tissue = [], [], [], []
    inner = slice(SSIM_BORDER, -SSIM_BORDER)
    for clean, plane, where in zip(reference, image, mask, strict=True):
        similarity = ssim_map(clean, plane, data_range)
        psnrs.append(psnr(clean, plane, data_range))
        ssims.append(similarity[inner, inner].mean())
        if np.count_nonzero(where) >= min_mask:
            psnrs_tissue.append(psnr(clean, plane, data_range, where))
            ssims_tissue.append(similarity[where].mean())
    figures = {
        "psnr": psnr(reference, image, data_range),
        "psnrTissue": psnr(reference, image, data_range, mask),
        "rmse": rmse(reference, image),
        "rmseTissue": rmse(reference, image, mask),
        "dataRange": float(data_range),
    }
    for name, values in (
        ("psnr{}", psnrs),
        ("ssim{}", ssims),
        ("psnrTissue{}", psnrs_tissue),
        ("ssimTissue{}", ssims_tissue),
    ):
        figures[name.format("Mean")] = float(np.mean(values)) if values else None
        figures[name.format("SD")] = float(np.std(values)) if values else None
    return figures
