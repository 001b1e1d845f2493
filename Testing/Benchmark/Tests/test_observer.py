"""Model observers against closed forms: in white noise, and in noise whose covariance is known."""

import numpy as np
import pytest
from Benchmark.observer import FOLDS, area, detectability, gabor, hotelling, laguerre_gauss, matched_filter
from scipy import ndimage, stats

SIDE = 25


def signal(height, sd=2.5):
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return height * np.exp(-(rows**2 + columns**2) / (2 * sd**2))


def auc_of(index):
    """AUC of two normal distributions of SD 1 that are `index` apart."""
    return stats.norm.cdf(index / np.sqrt(2))


def study(noise, height, train, seed=0):
    """Detectability with independent noise in both images of a pair."""
    half = len(noise) // 2
    return detectability(noise[:half] + signal(height), noise[half:], train, seed)


@pytest.fixture(scope="module")
def white():
    return np.random.default_rng(0).normal(0, 10, (6000, SIDE, SIDE))


def channels(name):
    return {"laguerre-gauss": laguerre_gauss(SIDE, 6.0), "gabor": gabor(SIDE)}[name]


def high_passed(images):
    """(n, side, side) with little left at low frequencies, as of CT's noise; a symmetric matrix."""
    return images - 0.9 * ndimage.gaussian_filter(images, (0, 1.5, 1.5), mode="wrap")


@pytest.mark.parametrize("colored", [False, True])
@pytest.mark.parametrize("name", ["laguerre-gauss", "gabor"])
def test_hotelling_in_white_and_in_correlated_noise(white, name, colored):
    u, height = channels(name), 0.6 if colored else 4.0
    make = high_passed if colored else np.asarray
    heard = make(u.T.reshape(-1, SIDE, SIDE)).reshape(u.shape[1], -1)
    projected = u.T @ signal(height).ravel()
    index = np.sqrt(projected @ np.linalg.pinv(100 * heard @ heard.T) @ projected)
    if not colored:
        assert index <= np.linalg.norm(signal(height)) / 10 * (1 + 1e-9)
    found = study(make(white), height, hotelling(u))
    assert found.auc == pytest.approx(auc_of(index), abs=0.015)
    assert found.index == pytest.approx(index, rel=0.06)
    assert found.low < auc_of(index) < found.high


def test_laguerre_gauss_catches_nearly_all_of_a_gaussian_and_is_orthonormal():
    u = laguerre_gauss(61, 8.0)
    np.testing.assert_allclose(u.T @ u, np.eye(5), atol=0.01)
    rows, columns = np.mgrid[:61, :61] - 30
    s = np.exp(-(rows**2 + columns**2) / (2 * 2.5**2)).ravel()
    assert np.linalg.norm(u.T @ s) == pytest.approx(np.linalg.norm(s), rel=0.02)


def test_gabor_channels_lie_at_their_frequencies():
    u = gabor(64, bands=3, angles=4, highest=0.25).T.reshape(12, 64, 64)
    for band in range(3):
        spectrum = np.abs(np.fft.fft2(u[4 * band]))  # angle 0: along the columns
        peak = np.unravel_index(spectrum.argmax(), spectrum.shape)
        assert abs(np.fft.fftfreq(64)[peak[1]]) == pytest.approx(0.75 * 0.25 / 2**band, abs=1.01 / 64)
        assert abs(np.fft.fftfreq(64)[peak[0]]) <= 1 / 64


def test_gabor_channels_are_octave_bands():
    """At both ends of a band, highest / 2 to highest, half of the amplitude at its middle is left."""
    u = gabor(129, bands=2, angles=1, highest=0.25).T.reshape(2, 129, 129)
    along = np.arange(129) - 64
    for band, upper in enumerate((0.25, 0.125)):
        low, middle, high = (
            abs((u[band].sum(axis=0) * np.exp(-2j * np.pi * f * along)).sum()) for f in np.array([0.5, 0.75, 1]) * upper
        )
        assert low == pytest.approx(0.5 * middle, rel=0.02) and high == pytest.approx(0.5 * middle, rel=0.02)


@pytest.mark.parametrize("blur", [0.0, 1.5])
def test_matched_filter_in_white_and_in_correlated_noise(white, blur):
    noise = ndimage.gaussian_filter(white, (0, blur, blur), mode="wrap") if blur else white
    s = signal(2.0)
    delta = np.zeros((SIDE, SIDE))
    delta[0, 0] = 10.0
    power = np.abs(np.fft.fft2(ndimage.gaussian_filter(delta, blur, mode="wrap") if blur else delta)) ** 2
    energy = np.abs(np.fft.fft2(s)) ** 2 / s.size
    index = energy.sum() / np.sqrt((energy * power).sum())  # s's / sqrt(s'Ks)
    found = detectability(noise[:3000] + s, noise[:3000], matched_filter)  # the same noise in both: s is known
    assert found.auc == pytest.approx(auc_of(index), abs=0.02)


def test_without_a_signal_nothing_is_detected(white):
    found = study(white[:2000], 0.0, hotelling(channels("gabor")))
    assert found.low < 0.5 < found.high
    assert found.auc == pytest.approx(0.5, abs=0.05)


def test_training_on_the_tested_images_would_promise_more_than_there_is(white):
    few = white[:120]
    u = channels("gabor")
    template = hotelling(u)(few[:60].reshape(60, -1), few[60:].reshape(60, -1))
    cheating = area(few[:60].reshape(60, -1) @ template, few[60:].reshape(60, -1) @ template)
    assert cheating > 0.65 > detectability(few[:60], few[60:], hotelling(u)).auc


def test_the_interval_covers_the_truth():
    u, s = laguerre_gauss(SIDE, 6.0, 1), signal(3.0).ravel()
    truth = auc_of((u[:, 0] @ s) / (10 * np.linalg.norm(u[:, 0])))
    random = np.random.default_rng(5)
    inside = 0
    for seed in range(20):
        found = study(random.normal(0, 10, (160, SIDE, SIDE)), 3.0, hotelling(u), seed)
        inside += found.low <= truth <= found.high
    assert inside >= 16


def test_the_images_of_a_site_are_never_compared(white):
    """Without a signal but with a hair's difference, each image beats its own partner, and half of the others."""
    found = detectability(white[:60] + signal(1e-9), white[:60], matched_filter)
    assert found.auc == pytest.approx(0.5, abs=0.01)
    assert found.low <= found.auc <= found.high


def test_area_agrees_with_counting_pairs():
    random = np.random.default_rng(1)
    seen, blank = random.integers(0, 6, 40).astype(float), random.integers(0, 5, 30).astype(float)
    pairs = (seen[:, None] > blank) + 0.5 * (seen[:, None] == blank)
    assert area(seen, blank) == pytest.approx(pairs.mean())
    assert area(np.ones(FOLDS), np.zeros(FOLDS)) == 1.0
