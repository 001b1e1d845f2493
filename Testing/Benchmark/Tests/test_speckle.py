"""Simulated ultrasound, and its peer."""

import numpy as np
import pytest
from Benchmark.simulate_speckle import LOG_MEAN, LOG_SD, simulate_speckle
from Benchmark.srad import srad


def test_simulated_speckle_is_that_of_a_rayleigh_envelope():
    flat = simulate_speckle(np.full((8, 64, 64), -25.0), (0.0, 0.0, 0.0))
    noise = (flat.noisy - flat.truth) / flat.gray
    assert flat.truth.mean() / flat.gray == pytest.approx(60 - 5 - 25 + LOG_MEAN, abs=0.01)
    assert noise.std() == pytest.approx(LOG_SD, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.1)


def test_the_truth_is_the_mean_of_many_speckles():
    edge = np.full((3, 16, 32), -30.0)
    edge[:, :, 16:] = -10.0
    cases = [simulate_speckle(edge, (0.5, 1.0, 1.5), seed) for seed in range(60)]
    mean = np.mean([case.noisy for case in cases], axis=(0, 1, 2)) / cases[0].gray
    np.testing.assert_allclose(mean, cases[0].truth.mean(axis=(0, 1)) / cases[0].gray, atol=0.5)


def test_srad_smooths_speckle_and_keeps_the_mean_and_an_edge():
    random = np.random.default_rng(0)
    clean = np.ones((6, 32, 32))
    clean[:, :, 16:] = 100.0
    noisy = clean * random.exponential(size=clean.shape)
    few, many = (srad(noisy, (10, 60))[steps] for steps in (10, 60))
    assert many.mean() == pytest.approx(noisy.mean(), rel=1e-6)  # what flows out of a voxel flows into its neighbor
    spread = [np.log(image[:, :, 20:]).std() for image in (noisy, few, many)]
    assert spread[0] > 2 * spread[1] > 2 * spread[2]
    assert many[:, :, :12].mean() < 5
