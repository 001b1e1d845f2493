"""Noise SD and the correlation between slices, on noise that is known."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.match.threshold import automatic_threshold
from NSN2NDenoiseLib.engine.noise.blocks import find_noise_blocks, mean_shift, noise_sd
from scipy import ndimage

from Testing.Engine.phantoms import matching_of, phantom


@pytest.mark.parametrize("noise", [5.0, 40.0])
def test_noise_sd_of_known_noise(noise):
    _, noisy = phantom(slices=16, side=128, noise=noise)
    assert noise_sd(noisy, find_noise_blocks(noisy)) == pytest.approx(noise, rel=0.05)


@pytest.mark.parametrize(
    ("weights", "expected"), [((1, 0), (0, 0, 0)), ((1, 1), (0.5, 0, 0)), ((1, 1, 1), (2 / 3, 1 / 3, 0))]
)
def test_correlation_between_slices_of_known_mixtures(weights, expected):
    clean, _ = phantom(slices=16, side=80)
    white = np.random.default_rng(1).standard_normal((clean.shape[0] + len(weights), *clean.shape[1:]))
    noise = sum(w * white[n : n + len(clean)] for n, w in enumerate(weights))
    noisy = (clean + 20 * noise).astype(np.float32)
    assert matching_of(noisy)[0].noise.slice_correlation == pytest.approx(expected, abs=0.05)


def test_gap_is_the_smallest_lag_with_clean_noise():
    clean, _ = phantom(slices=16, side=80)
    white = np.random.default_rng(1).standard_normal((18, 80, 80))
    independent = clean + 20 * white[:16]
    contiguous = clean + 20 * (white[:16] + white[1:17])
    overlapping = clean + 20 * (white[:16] + white[1:17] + white[2:18])
    assert matching_of(independent.astype(np.float32))[1].gap == 1
    assert matching_of(contiguous.astype(np.float32))[1].gap == 2
    assert matching_of(overlapping.astype(np.float32))[1].gap == 3


@pytest.mark.parametrize(("spacing", "gap"), [(1.0, 2), (3.3, 2), (5.0, 1)])
def test_slices_too_far_apart_are_not_paired(spacing, gap):
    clean, _ = phantom(slices=16, side=80)
    white = np.random.default_rng(1).standard_normal((18, 80, 80))
    noisy = (clean + 20 * (white[:16] + white[1:17])).astype(np.float32)
    _, plan, _ = matching_of(noisy, spacing=(spacing, 0.8, 0.8))
    assert plan.gap == gap
    assert any("correlated" in text for text in plan.warnings)


def test_correlated_noise_that_no_gap_cures_is_a_warning():
    """Of the lags within 8 mm the least correlated is taken: lag 1 has .88, lag 2 .75, lag 3 .63."""
    clean, _ = phantom(slices=16, side=80)
    white = np.random.default_rng(1).standard_normal((24, 80, 80))
    smooth = clean + 20 * sum(white[n : n + 16] for n in range(8))
    for spacing, gap in ((2.0, 3), (3.3, 2), (5.0, 1)):
        _, plan, _ = matching_of(smooth.astype(np.float32), spacing=(spacing, 0.8, 0.8))
        assert plan.gap == gap
        text = next(text for text in plan.warnings if "part of the noise will stay" in text)
        assert ("direct neighbors are more alike (0.8" in text) == (gap > 1)


def test_mean_shift_by_hand():
    _, noisy = phantom(slices=12, side=64)
    where = find_noise_blocks(noisy)
    median, worst = mean_shift(noisy, noisy + 3, where)
    assert (median, worst) == pytest.approx((3, 3), abs=1e-4)


def test_the_automatic_threshold_is_three_noise_sds_within_its_range():
    _, noisy = phantom(slices=16, side=80, noise=40)
    look, *_ = matching_of(noisy)
    assert look.threshold == pytest.approx(3 * 40 / look.scale, rel=0.05)
    assert automatic_threshold(0.5) == 0.5
    assert automatic_threshold(1e-6) == 0.001


def test_anatomy_that_runs_through_the_slices_is_not_taken_for_correlated_noise():
    """Folds as in a brain, twice as strong as the noise, that last for some slices; a sixth of the image is flat."""
    random = np.random.default_rng(0)
    folds = ndimage.gaussian_filter(random.normal(size=(24, 160, 160)), (2, 2.5, 2.5))
    where = ndimage.gaussian_filter(random.normal(size=folds.shape), (3, 14, 14))
    brain = 500 + 100 * folds / folds.std() * np.where(where > where.std(), 0.1, 1.0)
    brain[:, :24] = 0
    look, plan, _ = matching_of((brain + random.normal(0, 50, brain.shape)).astype(np.float32))
    assert plan.gap == 1
    assert abs(look.noise.slice_correlation[0]) < 0.06
    assert look.noise_sd == pytest.approx(50, rel=0.15)
