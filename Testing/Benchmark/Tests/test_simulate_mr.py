"""Rician noise against closed forms."""

import numpy as np
import pytest
from Benchmark.simulate_mr import add_rician_noise, expected_magnitude
from scipy.stats import rice


@pytest.mark.parametrize("amplitude", [0.0, 5.0, 30.0, 200.0])
def test_moments_of_the_noisy_magnitude(amplitude):
    clean = np.full((4, 200, 200), amplitude)
    clean[0, 0, 0] = 100.0  # the maximum, so sigma is 10
    if amplitude > 100:
        clean[0, 0, 0] = amplitude
    noisy, sigma = add_rician_noise(clean, 10.0 / clean.max(), seed=3)
    assert sigma == pytest.approx(10.0)
    sample = noisy.ravel()[1:].astype(np.float64)
    second_moment = amplitude**2 + 2 * sigma**2
    assert np.mean(sample**2) == pytest.approx(second_moment, rel=0.01)
    mean, variance = rice.stats(amplitude / sigma, scale=sigma, moments="mv")
    assert sample.mean() == pytest.approx(float(mean), abs=4 * np.sqrt(variance / sample.size))
    assert sample.var() == pytest.approx(float(variance), rel=0.03)


def test_air_is_rayleigh():
    noisy, sigma = add_rician_noise(np.pad(np.ones((1, 1, 1)), ((0, 3), (0, 99), (0, 99))), 0.07, seed=0)
    air = noisy.ravel()[1:]
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.01)
    assert (air >= 0).all()


def test_expected_magnitude_agrees_with_scipy_at_any_signal_to_noise_ratio():
    amplitude = np.array([0.0, 0.1, 1.0, 3.0, 10.0, 1000.0, 1e6])
    ours = expected_magnitude(amplitude, 2.0)
    theirs = rice.mean(amplitude[:5] / 2.0, scale=2.0)
    np.testing.assert_allclose(ours[:5], theirs, rtol=1e-5)
    np.testing.assert_allclose(ours[5:], amplitude[5:], rtol=1e-5)


def test_same_seed_same_noise_and_the_level_refers_to_the_given_maximum():
    clean = np.linspace(0, 50, 1000).reshape(10, 10, 10)
    first, sigma = add_rician_noise(clean, 0.1, seed=5, maximum=200.0)
    again, _ = add_rician_noise(clean, 0.1, seed=5, maximum=200.0)
    other, _ = add_rician_noise(clean, 0.1, seed=6, maximum=200.0)
    assert sigma == 20.0
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_stabilized_rician_noise_has_sd_1_and_the_inverse_no_bias():
    from Benchmark.rician_vst import RicianVST

    rng = np.random.default_rng(0)
    transform = RicianVST(7.0, 120.0)
    for amplitude in (10.0, 14.0, 35.0, 100.0):
        magnitude = np.hypot(amplitude + rng.normal(0, 7.0, 200_000), rng.normal(0, 7.0, 200_000))
        stable = transform.forward(magnitude)
        assert stable.std() == pytest.approx(1.0, abs=0.07)
        assert transform.inverse(stable.mean()) == pytest.approx(amplitude, rel=0.01)
    assert transform.inverse(np.float32(-3.0)) == 0.0
