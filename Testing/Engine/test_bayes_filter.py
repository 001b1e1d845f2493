"""Non-local Bayes of similar 3-D blocks."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.filter.bayes import bayes_filter
from scipy import ndimage

from Testing.Engine.phantoms import noise_model

SHAPE = (9, 50, 53)  # no side fits the blocks' steps


def filtered(before, guide, noise_sd, excluded=None, progress=None, within=None):
    model = noise_model(before.shape, noise_sd, within)
    return bayes_filter(before, guide, model, excluded, progress=progress)


def noise(sd, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).normal(0, sd, shape).astype(np.float32)


def test_a_flat_guide_leaves_only_the_mean():
    clean = np.full(SHAPE, 0.5, np.float32)
    before = clean + noise(0.1)
    result = filtered(before, clean, 0.1)
    assert result.mean() == pytest.approx(before.mean(), abs=1e-3)
    assert result.std() < 0.1 / 64**0.5 * 1.2  # one of 64 frequencies is left, and the groups' means differ less


def test_hardly_any_noise_gives_the_noisy_slices_back():
    before = 0.5 + noise(0.1)
    guide = (0.5 + 0.5 * noise(0.1, seed=1)).astype(np.float32)
    assert filtered(before, guide, 1e-7) == pytest.approx(before, abs=1e-3)


def test_input_and_progress():
    before, told = 0.5 + noise(0.1), []
    kept = before.copy()
    filtered(before, np.full(SHAPE, 0.5, np.float32), 0.1, progress=told.append)
    assert np.array_equal(before, kept)
    assert told == sorted(told) and told[0] > 0 and told[-1] == 1


def test_anatomy_that_the_guide_weakened_comes_back():
    shape = (8, 96, 96)
    wave = np.zeros(shape, np.float32)
    wave[:, 40:56, :24] = 0.3 * np.sin(np.arange(24) * 2 * np.pi / 8)
    before = (0.5 + wave + noise(0.05, shape=shape)).astype(np.float32)
    guide = (0.5 + 0.6 * wave).astype(np.float32)
    result = filtered(before, guide, 0.05)
    kept = float((result * wave).sum() / (wave * wave).sum())
    assert kept > 0.95  # 0.6 in the guide
    assert np.square(result - 0.5 - wave).mean() < 0.15 * np.square(guide - 0.5 - wave).mean()


def test_it_gains_from_similar_blocks():
    """A texture that repeats is cleaned better by its copies than the noise of one block would allow."""
    shape = (8, 64, 64)
    rows, columns = np.mgrid[:64, :64]
    texture = np.broadcast_to(
        0.5 + 0.2 * np.sign(np.sin(rows * np.pi / 2 + 0.1) * np.sin(columns * np.pi / 2 + 0.1)), shape
    )
    before = (texture + noise(0.1, shape=shape)).astype(np.float32)
    guide = (texture + noise(0.03, seed=1, shape=shape)).astype(np.float32)
    assert (filtered(before, guide, 0.1) - texture).std() < 0.02


def test_colored_noise_is_removed_where_it_is():
    """Stripes of noise along the columns, beside a little white noise: their frequencies are filtered the most."""
    stripes = np.broadcast_to(noise(0.1)[:, :1], SHAPE)
    guide = 0.5 + noise(0.005, seed=2)
    within = np.full((4, 4), 0.01**2)
    within[0] += 4 * 0.1**2  # constant along the rows' axis: the first of four frequencies has it all
    result = filtered((0.5 + stripes + noise(0.01, seed=1)).astype(np.float32), guide, 0.1, within=within)
    assert result.std() < 0.055  # similar blocks lie along the stripes and share them


def test_noise_that_varies_over_the_slice_is_judged_locally():
    """Texture of SD 0.1 is anatomy in the quiet half; noise of SD 0.4 in the loud half hides none of it."""
    shape = (6, 128, 128)
    wave = np.zeros(shape, np.float32)
    wave[:, :, :48] = 0.1 * np.sin(np.arange(48) * 2 * np.pi / 8)
    loud = noise(1.0, shape=shape) * np.where(np.arange(128) < 64, 0.02, 0.4).astype(np.float32)
    sd = np.where(np.arange(128) < 64, 0.02, 0.4)
    result = filtered(0.5 + wave + loud, 0.5 + wave, sd)
    assert float((result * wave)[:, :, :48].sum() / (wave * wave).sum()) == pytest.approx(1, abs=0.03)
    assert result[:, :, 90:].std() < 0.08


def test_slices_whose_guide_lost_different_amounts_do_not_flicker():
    """The noise that a guide takes differs a little from slice to slice; the means of flat slices must not follow."""
    shape = (12, 64, 64)
    before = (0.5 + noise(0.02, shape=shape)).astype(np.float32)
    part = np.where(np.arange(12) % 2 == 0, 0.0, 0.3).astype(np.float32)[:, None, None]
    result = filtered(before, 0.5 + part * (before - 0.5), 0.02)
    shift = result.mean(axis=(1, 2)) - 0.5
    assert np.abs(np.diff(shift)).max() < 2 * np.abs(np.diff(before.mean(axis=(1, 2)))).max()


def test_noise_that_the_guide_kept_is_not_kept():
    """A guide has some of the noise itself, at low frequencies above all."""
    shape = (12, 64, 64)
    white = noise(0.1, shape=shape)
    smooth = ndimage.gaussian_filter(white, (0, 1.5, 1.5))
    guide = (0.5 + smooth).astype(np.float32)
    assert filtered((0.5 + white).astype(np.float32), guide, 0.1).std() < 0.8 * smooth.std()


def test_an_empty_background_stays_empty():
    before = 0.5 + noise(0.1)
    before[:, :30] = 0
    guide = np.full(SHAPE, 0.5, np.float32)
    guide[:, :30] = 0
    result = filtered(before, guide, 0.1)
    assert np.isfinite(result).all()
    assert np.abs(result[:, :26]).max() < 1e-3


@pytest.mark.parametrize("slices", [2, 3, 5])
def test_few_slices_and_padding(slices):
    shape = (slices, 24, 24)
    clean = np.full(shape, 0.5, np.float32)
    before = clean + noise(0.1, shape=shape)
    excluded = np.zeros(shape, bool)
    excluded[:, :6] = True
    before[excluded] = clean[excluded] = -2.0
    result = filtered(before, clean, 0.1, excluded=excluded)
    assert np.isfinite(result).all()
    assert result[:, 10:].std() < 0.04
