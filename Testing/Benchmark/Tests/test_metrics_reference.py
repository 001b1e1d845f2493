"""PSNR, SSIM, RMSE against scikit-image and by hand."""

import numpy as np
import pytest
from Benchmark.metrics_reference import SSIM_BORDER, compare, psnr, rmse
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    clean = rng.uniform(0, 200, (5, 40, 48)).astype(np.float32)
    return clean, (clean + rng.normal(3, 12, clean.shape)).astype(np.float32)


def test_psnr_and_rmse_agree_with_scikit_image(pair):
    clean, noisy = pair
    assert psnr(clean, noisy, 200) == pytest.approx(peak_signal_noise_ratio(clean, noisy, data_range=200), abs=1e-4)
    assert rmse(clean, noisy) == pytest.approx(np.sqrt(3**2 + 12**2), rel=0.02)
    assert psnr(clean, clean, 200) == np.inf


def test_psnr_of_a_constant_error():
    assert psnr(np.zeros((2, 4, 4)), np.full((2, 4, 4), 10.0), 1000) == pytest.approx(40.0)


def test_masked_figures_see_only_the_mask(pair):
    clean, noisy = pair
    mask = np.zeros(clean.shape, bool)
    mask[:, 10:30, 10:30] = True
    wrong = noisy.copy()
    wrong[~mask] += 1000
    assert psnr(clean, wrong, 200, mask) == psnr(clean, noisy, 200, mask)
    assert psnr(clean, wrong, 200) < psnr(clean, noisy, 200)


def test_ssim_per_slice_agrees_with_scikit_image(pair):
    clean, noisy = pair
    figures = compare(clean, noisy, 200, np.ones(clean.shape, bool))
    theirs = []
    for a, b in zip(clean, noisy, strict=True):
        settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        mean = structural_similarity(a.astype(float), b.astype(float), data_range=200, **settings)
        theirs.append(mean)  # scikit-image, too, leaves half a window out at the border
    assert SSIM_BORDER == 5
    assert figures["ssimMean"] == pytest.approx(np.mean(theirs), abs=1e-9)
    assert figures["ssimSD"] == pytest.approx(np.std(theirs), abs=1e-9)
    slices = [psnr(a, b, 200) for a, b in zip(clean, noisy, strict=True)]
    assert figures["psnrMean"] == pytest.approx(np.mean(slices))
    assert figures["psnrSD"] == pytest.approx(np.std(slices))


def test_slices_without_tissue_do_not_count(pair):
    clean, noisy = pair
    mask = np.zeros(clean.shape, bool)
    mask[1:3, 5:35, 5:35] = True
    figures = compare(clean, noisy, 200, mask)
    slices = [psnr(clean[k], noisy[k], 200, mask[k]) for k in (1, 2)]
    assert figures["psnrTissueMean"] == pytest.approx(np.mean(slices))
