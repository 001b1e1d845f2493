"""The noise that the noise level is judged with is what it says."""

import numpy as np
import pytest
from Benchmark.noise_cases import KINDS, Z_CORRELATION, add_noise
from Benchmark.noise_rivals import RIVALS

CLEAN = np.full((24, 64, 64), 1000.0, np.float32)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "place"])
def test_sd_is_what_was_asked_for(kind):
    noisy, factor = add_noise(CLEAN, 50, kind)
    assert factor == 1
    assert (noisy - CLEAN).std() == pytest.approx(50, rel=0.02)


def test_factor_is_that_of_the_noise():
    noisy, factor = add_noise(CLEAN, 50, "place")
    assert ((noisy - CLEAN) / factor).std() == pytest.approx(50, rel=0.02)
    assert 0.49 < factor.min() < 0.7 and 1.5 < factor.max() < 2.01


def test_correlation_between_slices():
    noise = add_noise(CLEAN, 1, "z")[0] - CLEAN
    assert (noise[1:] * noise[:-1]).mean() / noise.var() == pytest.approx(Z_CORRELATION, abs=0.02)


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_know_white_noise_without_anatomy(name):
    noisy = add_noise(CLEAN, 50, "white")[0]
    noisy[:, :4] -= 1000
    assert RIVALS[name](noisy, None, noisy > 500) == pytest.approx(50, rel=0.06)
