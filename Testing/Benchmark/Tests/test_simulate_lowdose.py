"""Low-dose CT: Poisson variance in, FBP variance out, and a reference that agrees with the object."""

import numpy as np
import pytest
from Benchmark.simulate_lowdose import (
    MU_WATER,
    backproject,
    correlate_slices,
    line_integrals,
    poisson_line_integrals,
    simulate_low_dose,
)


def disk(side, radius, value):
    rows, columns = np.mgrid[:side, :side] - side // 2
    return np.where(np.hypot(rows, columns) <= radius, value, 0.0)


def test_line_integral_through_a_disk_is_its_chord():
    pixel = 2.0
    theta = np.arange(0, 180, 15.0)
    integrals = line_integrals(disk(101, 40, MU_WATER), pixel, theta)
    np.testing.assert_allclose(integrals[50], 2 * 40.5 * pixel * MU_WATER, rtol=0.02)
    expected = 2 * np.sqrt(40.5**2 - 20**2) * pixel * MU_WATER
    np.testing.assert_allclose(integrals[70], expected, rtol=0.03)


@pytest.mark.parametrize(("integral", "photons"), [(0.0, 1e4), (2.0, 1e4), (4.0, 1e5)])
def test_variance_of_the_log_of_poisson_counts(integral, photons):
    noisy = poisson_line_integrals(np.full(200_000, integral), photons, np.random.default_rng(1))
    mean_count = photons * np.exp(-integral)
    assert noisy.var() == pytest.approx(1.0 / mean_count, rel=0.03)  # first order in 1 / count
    assert noisy.mean() == pytest.approx(integral + 0.5 / mean_count, abs=5 / np.sqrt(mean_count * noisy.size))


def test_a_ray_without_photons_stays_finite():
    noisy = poisson_line_integrals(np.full(1000, 30.0), 100.0, np.random.default_rng(0))
    np.testing.assert_allclose(noisy, np.log(100.0))


@pytest.mark.parametrize("views", [60, 180])
def test_variance_after_filtered_backprojection(views):
    """White noise of variance v in, pi^2 v / (12 views pixel^2) out at the center, where no interpolation averages."""
    side, pixel, variance = 33, 1.5, 0.04
    theta = np.arange(views) * 180.0 / views
    rng = np.random.default_rng(2)
    centers = [
        backproject(rng.normal(0, np.sqrt(variance), (side, views)), pixel, theta)[side // 2, side // 2]
        for _ in range(300)
    ]
    expected = np.pi**2 * variance / (12 * views * pixel**2)
    assert np.var(centers) == pytest.approx(expected, rel=4 * np.sqrt(2 / 300))


def test_reconstructed_water_has_its_value_and_the_noise_scales_with_the_dose():
    side = 64
    water = np.where(disk(side, 24, 1.0) > 0, 0.0, -1000.0)[None].repeat(3, axis=0)
    result = simulate_low_dose(water, 4.0, [1e5, 4e5], views=120, seed=7)
    inside = disk(side, 12, 1.0) > 0
    assert result.reference[:, inside].mean() == pytest.approx(0.0, abs=5.0)
    assert result.reference[:, 2, 2].mean() == pytest.approx(-1000.0, abs=15.0)
    low, high = (result.noise[n][:, inside].std() for n in (1e5, 4e5))
    assert low / high == pytest.approx(2.0, rel=0.1)
    assert abs(np.corrcoef(result.noise[1e5][0][inside], result.noise[1e5][1][inside])[0, 1]) < 0.2
    np.testing.assert_allclose(result.noisy(1e5), result.reference + result.noise[1e5])


def test_the_image_is_not_moved_or_turned():
    volume = np.full((1, 48, 64), -1000.0)
    volume[0, 10:16, 40:52] = 1000.0
    reference = simulate_low_dose(volume, 1.0, [1e6], views=180).reference[0]
    weights = np.clip(reference + 600, 0, None)
    rows, columns = np.mgrid[:48, :64]
    assert np.sum(rows * weights) / weights.sum() == pytest.approx(12.5, abs=0.35)
    assert np.sum(columns * weights) / weights.sum() == pytest.approx(45.5, abs=0.35)


@pytest.mark.parametrize("correlation", [0.1, 0.3, 0.5])
def test_correlation_between_slices(correlation):
    noise = np.random.default_rng(3).normal(0, 2.0, (40, 60, 60)).astype(np.float32)
    mixed = correlate_slices(noise, correlation)
    assert mixed.std() == pytest.approx(2.0, rel=0.02)
    lags = [np.mean(mixed[:-lag] * mixed[lag:]) / mixed.var() for lag in (1, 2)]
    assert lags[0] == pytest.approx(correlation, abs=0.03)
    assert lags[1] == pytest.approx(0.0, abs=0.03)
    with pytest.raises(ValueError, match=r"0\.7"):
        correlate_slices(noise, 0.7)
