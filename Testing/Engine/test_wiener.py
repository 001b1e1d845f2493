"""The empirical Wiener filter in sliding 3-D blocks."""

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib.engine.wiener import BLOCK, _cosine_blocks, wiener

SHAPE = (9, 50, 53)  # no side fits the blocks' steps


def filtered(before, pilot, noise_sd, strength=1.0, excluded=None):
    result = pilot.copy()
    wiener(before, result, excluded, noise_sd, strength)
    return result


def noise(sd, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).normal(0, sd, shape).astype(np.float32)


def test_kernels_are_orthonormal_and_start_with_the_mean():
    kernels = _cosine_blocks(BLOCK).flatten(1)
    assert torch.allclose(kernels @ kernels.T, torch.eye(216), atol=1e-5)
    assert torch.allclose(kernels[0], torch.full((216,), 216**-0.5))
    two = _cosine_blocks((1, 1, 2)).flatten(1)
    assert torch.allclose(two, torch.tensor([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5)


def test_a_flat_pilot_leaves_only_the_mean():
    clean = np.full(SHAPE, 0.5, np.float32)
    before = clean + noise(0.1)
    result = filtered(before, clean, 0.1)
    assert result.mean() == pytest.approx(before.mean(), abs=1e-3)
    assert result.std() < 0.1 / 216**0.5 * 1.3  # one of 216 frequencies is left


def test_an_empty_pilot_leaves_nothing():
    assert np.abs(filtered(noise(0.1), np.zeros(SHAPE, np.float32), 0.1)).max() == 0


def test_strength_near_0_gives_the_noisy_slices_back():
    before = 0.5 + noise(0.1)
    pilot = (0.5 + 0.5 * noise(0.1, seed=1)).astype(np.float32)
    assert filtered(before, pilot, 0.1, strength=1e-12) == pytest.approx(before, abs=1e-3)


def test_anatomy_that_the_pilot_weakened_comes_back():
    shape = (8, 96, 96)
    wave = np.zeros(shape, np.float32)
    wave[:, 40:56, :24] = 0.3 * np.sin(np.arange(24) * 2 * np.pi / 8)
    before = (0.5 + wave + noise(0.05, shape=shape)).astype(np.float32)
    pilot = (0.5 + 0.6 * wave).astype(np.float32)
    result = filtered(before, pilot, 0.05)
    kept = float((result * wave).sum() / (wave * wave).sum())
    assert kept > 0.93  # 0.6 in the pilot
    assert np.square(result - 0.5 - wave).mean() < 0.2 * np.square(pilot - 0.5 - wave).mean()


def test_colored_noise_is_removed_where_it_is():
    """Stripes of noise along the columns, beside a little white noise: their frequencies are filtered the most."""
    stripes = np.broadcast_to(noise(0.1)[:, :, :1], SHAPE)
    clean = np.full(SHAPE, 0.5, np.float32)
    result = filtered((clean + stripes + noise(0.01, seed=1)).astype(np.float32), clean, 0.1)
    assert result.std() < 0.03  # the mean of 6 columns and 6 slices keeps 0.1 / 6 = 0.017


def test_noise_that_varies_over_the_slice_is_judged_locally():
    """Texture of SD 0.1 is anatomy in the quiet half; noise of SD 0.4 in the loud half hides none of it."""
    shape = (6, 128, 128)
    wave = np.zeros(shape, np.float32)
    wave[:, :, :48] = 0.1 * np.sin(np.arange(48) * 2 * np.pi / 8)
    loud = noise(1.0, shape=shape) * np.where(np.arange(128) < 64, 0.02, 0.4).astype(np.float32)
    result = filtered(0.5 + wave + loud, 0.5 + wave, 0.1)
    assert float((result * wave)[:, :, :48].sum() / (wave * wave).sum()) == pytest.approx(1, abs=0.03)
    assert result[:, :, 90:].std() < 0.05


def test_few_slices_and_padding():
    shape = (2, 24, 24)
    clean = np.full(shape, 0.5, np.float32)
    before = clean + noise(0.1, shape=shape)
    excluded = np.zeros(shape, bool)
    excluded[:, :6] = True
    before[excluded] = clean[excluded] = -2.0
    result = filtered(before, clean, 0.1, excluded=excluded)
    assert np.isfinite(result).all()
    assert result[:, 8:].std() < 0.04
