"""The bound on what is removed."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.filter.limit import limit_removed
from NSN2NDenoiseLib.engine.noise.model import UNMATCHED

from Testing.Engine.phantoms import noise_model

NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 128, 128)).astype(np.float32)


def test_ordinary_noise_passes():
    clean = limit_removed(NOISE, np.zeros_like(NOISE), noise_model(NOISE.shape, 0.1))
    assert (clean == 0).mean() > 0.99
    assert np.abs(clean).std() < 0.04 * 0.1


def test_a_removed_lesion_comes_back_but_for_three_noise_sds():
    before = NOISE.copy()
    before[0, 60:63, 60:63] += 2.0
    after = limit_removed(before, np.zeros_like(before), noise_model(before.shape, 0.1))
    assert after[0, 60:63, 60:63].mean() == pytest.approx(2.0 - 0.3, abs=0.12)


def test_local_noise_sets_the_bound():
    before = NOISE.copy()
    before[:, :, 64:] *= 5
    sd = np.where(np.arange(128) < 64, 0.1, 0.5)
    after = limit_removed(before, np.zeros_like(before), noise_model(before.shape, sd))
    assert (after[:, :, 100:] == 0).mean() > 0.99


def test_the_bound_by_hand_and_less_where_slices_do_not_match():
    weights = np.ones((2, 16, 32), np.uint8)
    weights[:, :, 16:] = 0
    before, denoised = np.full(weights.shape, 0.9, np.float32), np.zeros(weights.shape, np.float32)
    after = limit_removed(before, denoised, noise_model(before.shape, 0.1, weights=weights))
    assert after[:, :, :13] == pytest.approx(0.9 - 3 * 0.1, abs=1e-6)
    assert after[:, :, 19:] == pytest.approx(0.9 - 3 * 0.1 * UNMATCHED, abs=1e-6)
    assert denoised.max() == 0  # the argument stays
