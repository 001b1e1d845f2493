"""The bound on what is removed."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.filter.limit import limit_removed

NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 128, 128)).astype(np.float32)


def test_ordinary_noise_passes():
    clean = np.zeros_like(NOISE)
    clean = limit_removed(NOISE, clean, None)
    assert (clean == 0).mean() > 0.99
    assert np.abs(clean).std() < 0.04 * 0.1


def test_a_removed_lesion_comes_back_but_for_three_noise_sds():
    before = NOISE.copy()
    before[0, 60:63, 60:63] += 2.0
    after = np.zeros_like(before)
    after = limit_removed(before, after, None)
    assert after[0, 60:63, 60:63].mean() == pytest.approx(2.0 - 0.3, abs=0.12)


def test_local_noise_sets_the_bound():
    before = NOISE.copy()
    before[:, :, 64:] *= 5
    after = np.zeros_like(before)
    after = limit_removed(before, after, None)
    assert (after[:, :, 100:] == 0).mean() > 0.99


def test_padding_does_not_lower_the_bound():
    before, excluded = NOISE.copy(), np.zeros(NOISE.shape, bool)
    excluded[:, :40] = True
    before[excluded] = 0
    after = np.zeros_like(before)
    after = limit_removed(before, after, excluded)
    assert (after[:, 41:50] == 0).mean() > 0.98
