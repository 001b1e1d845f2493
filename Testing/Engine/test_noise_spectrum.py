"""The noise at each frequency of a block, from neighboring slices."""

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib.engine.noise.spectrum import noise_spectrum
from scipy import ndimage

BLOCK = (4, 4, 4)
SHAPE = (20, 128, 128)


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def spectrum(noisy, pilot, gap=1, correlation=(0.0, 0.0, 0.0), counts=None, block=BLOCK, unit=None):
    counts = np.ones(noisy.shape, bool) if counts is None else counts

    unit = np.ones(noisy.shape, np.float32) if unit is None else unit

    def read(index):
        return tuple(torch.from_numpy(np.ascontiguousarray(a[index])) for a in (noisy, pilot, unit, counts))

    return noise_spectrum(read, len(noisy), gap, list(correlation), block).numpy().reshape(block)


def test_white_noise_is_flat_and_of_the_right_strength():
    assert spectrum(3 * noise(), np.zeros(SHAPE, np.float32)) == pytest.approx(np.full(BLOCK, 3.0), rel=0.08)


def test_noise_that_the_pilot_kept_is_counted_too():
    """A pilot that holds the low frequencies of the noise still: what it removed would tell too little of them."""
    white = noise()
    kept = ndimage.gaussian_filter(white, (0, 2, 2))
    found = spectrum(white, kept.astype(np.float32))
    assert (found[:, 0, 0] > 0.6).all()  # what was removed has 0.1 there
    assert found[:, 3, 3] == pytest.approx(np.ones(4), rel=0.08)


def test_colored_noise_has_its_known_spectrum():
    """The mean of two neighboring columns: frequency f of 4 samples has the variance t_f' C t_f, worked by hand."""
    white = noise()
    pairs = (white + np.roll(white, 1, axis=2)) / 2**0.5  # correlation 1, 1/2, 0, 0
    found = spectrum(pairs, np.zeros(SHAPE, np.float32))
    assert found[0, 0, 0] == pytest.approx((1 + 3 * 0.5 * 2 / 4) ** 0.5, rel=0.08)
    assert found[2, 1, 3] == pytest.approx((1 - 0.5 * (2 * 0.2706 * 0.6533 * 2 + 0.6533**2 * 2)) ** 0.5, rel=0.1)


def test_correlation_across_slices_is_as_told():
    white = noise()
    pairs = ((white + np.roll(white, 1, axis=0)) / 2**0.5).astype(np.float32)
    found = spectrum(pairs, np.zeros(SHAPE, np.float32), gap=2, correlation=(0.5, 0.0, 0.0))
    assert found[0].mean() == pytest.approx(1.75**0.5, rel=0.05)
    assert found[3].mean() == pytest.approx((1 - 0.5 * (4 * 0.2706 * 0.6533 + 2 * 0.6533**2)) ** 0.5, rel=0.05)


def test_a_local_noise_sd_that_differs_between_slices_leaves_no_trace_of_the_mean():
    unit = np.where(np.arange(SHAPE[0]) % 2 == 0, 0.95, 1.05).astype(np.float32)[:, None, None]
    unit = np.broadcast_to(unit, SHAPE)
    found = spectrum(100 + noise(), np.full(SHAPE, 100, np.float32), unit=unit)
    assert found == pytest.approx(np.ones(BLOCK), rel=0.1)


def test_anatomy_and_padding_do_not_count():
    anatomy = np.zeros(SHAPE, np.float32)
    anatomy[:, 80:] = 20 * noise(1)[:, 80:]
    padded = np.zeros(SHAPE, bool)
    padded[:, :10] = True
    noisy = anatomy + noise() * ~padded
    assert spectrum(noisy, anatomy, counts=~padded) == pytest.approx(np.ones(BLOCK), rel=0.2)


def test_without_a_flat_place_the_local_noise_is_trusted():
    nothing = np.zeros((3, 16, 16), np.float32)
    assert (spectrum(nothing, nothing) == 1).all()
    assert spectrum(nothing[:2], nothing[:2], block=(2, 4, 4)).shape == (2, 4, 4)
