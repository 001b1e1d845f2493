"""LPF of Sec. 3.2."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.match import low_pass as module
from NSN2NDenoiseLib.engine.match.low_pass import low_pass, median_of_nine, non_local_means
from scipy import ndimage

from Testing.Engine.phantoms import phantom


def test_a_constant_slice_stays():
    np.testing.assert_allclose(low_pass(np.full((32, 32), 0.5, np.float32), 0.05), 0.5, atol=1e-6)


def test_noise_falls_and_a_step_stays():
    step = np.zeros((64, 64), np.float32)
    step[:, 32:] = 1
    noisy = step + 0.05 * np.random.default_rng(0).standard_normal(step.shape).astype(np.float32)
    filtered = low_pass(noisy, 0.05)
    assert filtered.dtype == np.float32
    assert (filtered - step)[:, :28].std() < 0.35 * 0.05
    assert abs(filtered[:, :30].mean()) < 0.01 and abs(filtered[:, 34:].mean() - 1) < 0.01


def test_the_median_removes_a_single_outlier():
    image = np.zeros((32, 32), np.float32)
    image[16, 16] = 5
    assert low_pass(image, 1e-4)[16, 16] == 0


def direct(image, noise_sd):
    """Non-local means pixel by pixel, as its docstring has it."""
    h = 1.25 * noise_sd
    padded = np.pad(image.astype(np.float64), (6, 7), mode="reflect")
    result = np.zeros(image.shape)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            r, c = row + 6, column + 6
            patch = padded[r - 1 : r + 3, c - 1 : c + 3]
            values, weights = [], []
            for y in range(r - 5, r + 6):
                for x in range(c - 5, c + 6):
                    distance = ((padded[y - 1 : y + 3, x - 1 : x + 3] - patch) ** 2).mean() - 2 * noise_sd**2
                    weight = np.exp(-max(distance, 0) / h**2)
                    values.append(padded[y, x])
                    weights.append(weight if weight > np.exp(-5) else 0)
            result[row, column] = np.average(values, weights=weights)
    return result


@pytest.mark.parametrize("kernel", ["numba", "numpy"])
def test_non_local_means_is_its_formula_up_to_the_border(kernel, monkeypatch):
    if kernel == "numpy":
        monkeypatch.setattr(module, "compiled", lambda: None)
    image = phantom(slices=1, side=20, noise=60)[1][0] / 1300
    np.testing.assert_allclose(non_local_means(image, 0.05), direct(image, 0.05), atol=2e-6)
    np.testing.assert_allclose(non_local_means(image[:17], 0.05), direct(image[:17], 0.05), atol=2e-6)


def test_a_part_is_the_wholes_bit_by_bit():
    """Where it begins on the grid; `REACH` and a patch from its border."""
    image = phantom(slices=1, side=160, noise=20)[1][0] / 1300
    part = np.s_[48:133, 24:151]
    inside = np.s_[8:-8, 8:-8]
    whole = non_local_means(image, 0.015)[part]
    np.testing.assert_array_equal(non_local_means(image[part], 0.015)[inside], whole[inside])


def test_non_local_means_is_scikit_images_but_for_its_approximate_exp():
    restoration = pytest.importorskip("skimage.restoration")
    image = phantom(slices=1, side=96, noise=20)[1][0] / 1300
    sd = 20 / 1300
    theirs = restoration.denoise_nl_means(image, patch_size=5, patch_distance=5, h=sd, sigma=sd, fast_mode=True)
    difference = np.abs(non_local_means(image, sd) - theirs)
    assert difference.mean() < 0.004 * sd and difference.max() < 0.1 * sd


def test_the_median_is_scipys():
    image = np.random.default_rng(0).standard_normal((31, 40)).astype(np.float32)
    np.testing.assert_array_equal(median_of_nine(image), ndimage.median_filter(image, 3, mode="nearest"))
