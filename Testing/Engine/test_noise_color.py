"""Noise of a measured color: its SD, spectrum and correlation, the same across and within blocks."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.noise.color import NoiseColor, limit_mean
from NSN2NDenoiseLib.engine.noise.cubes import cosines

SHAPE = (24, 96, 100)
#: Covariance at the lags 0 to 3 of noise that is smooth, and of noise that alternates.
SMOOTH, ALTERNATING = np.array([1, 0.5, 0.1, 0]), np.array([1, -0.3, 0.05, 0])


def color_of(rows, columns, slices) -> NoiseColor:
    """Of stationary noise with these covariances in the three directions."""
    within = np.multiply.outer(variances(rows), variances(columns))
    return NoiseColor.of(within.ravel(), variances(slices), ([], []))


def variances(covariance) -> np.ndarray:
    """At the frequencies of the cosine transform, by its definition."""
    transform = cosines(len(covariance))
    lags = np.abs(np.subtract.outer(np.arange(len(covariance)), np.arange(len(covariance))))
    return np.diag(transform @ covariance[lags] @ transform.T)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_sample_has_the_covariance_that_was_measured(axis):
    wanted = [np.eye(4)[0]] * 3
    wanted[axis] = SMOOTH
    noise = color_of(*wanted[1:], wanted[0]).sample(SHAPE, seed=0)
    assert noise.shape == SHAPE and noise.dtype == np.float32
    for along in range(3):
        moved = np.moveaxis(noise, along, 0)
        found = [np.mean(moved[: len(moved) - lag] * moved[lag:]) for lag in range(4)]
        assert found == pytest.approx(wanted[along], abs=0.02)


def test_neighbors_are_as_alike_across_the_edge_of_a_block_as_within_it():
    noise = color_of(SMOOTH, ALTERNATING, SMOOTH).sample(SHAPE, seed=1)
    for first in range(4):
        assert np.mean(noise[:, first:-1:4] * noise[:, first + 1 :: 4]) == pytest.approx(0.5, abs=0.03)
        assert np.mean(noise[..., first:-1:4] * noise[..., first + 1 :: 4]) == pytest.approx(-0.3, abs=0.03)


def test_white_noise_stays_white_and_chance_has_a_number():
    white = NoiseColor.white(4)
    noise = white.sample(SHAPE, seed=2)
    assert np.square(np.abs(np.fft.fftn(noise))).mean() == pytest.approx(noise.size, rel=0.02)
    assert noise == pytest.approx(np.random.default_rng(2).standard_normal(SHAPE, dtype=np.float32), abs=1e-5)
    assert np.array_equal(noise, white.sample(SHAPE, seed=2))
    assert not np.array_equal(noise, white.sample(SHAPE, seed=3))


@pytest.mark.parametrize("shape", [(3, 16, 16), (7, 17, 19)])
def test_small_and_odd_shapes(shape):
    assert color_of(SMOOTH, SMOOTH, SMOOTH[:3]).sample(shape, seed=0).shape == shape


def test_the_mean_holds_no_more_than_a_gaussian_spectrum_would():
    """Worked by hand: 8 at frequency 1 and 1 at frequency 2 allow for 8 x 8^.7 = 34.3 at the mean."""
    spectrum = np.ones((4, 4))
    spectrum[0, 1], spectrum[1, 0], spectrum[0, 0] = 4, 16, 30
    assert limit_mean(spectrum.ravel()) == pytest.approx(spectrum.ravel())
    spectrum[0, 0] = 40
    limited = limit_mean(spectrum.ravel())
    assert limited[0] == pytest.approx(34.3, abs=0.01) and limited[1:] == pytest.approx(spectrum.ravel()[1:])
    rising = np.ones((4, 4))
    rising[0, 0], rising[0, 2], rising[2, 0] = 1.5, 3, 3  # as of a CT: no more than its neighbors
    assert limit_mean(rising.ravel())[0] == pytest.approx(1)


@pytest.mark.parametrize("smooth", [0.4, 0.6, 0.8, 1.0, 1.4])
def test_smoothed_noise_keeps_its_mean(smooth):
    """White noise smoothed by a Gaussian of that SD in pixels."""
    covariance = np.exp(-np.square(np.arange(4) / (2 * smooth)))
    spectrum = np.multiply.outer(variances(covariance), variances(covariance)).ravel()
    assert limit_mean(spectrum)[0] == pytest.approx(spectrum[0], rel=0.05)
