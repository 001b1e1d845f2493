"""LPF of Sec. 3.2."""

import numpy as np
from NSN2NDenoiseLib.engine.low_pass import low_pass


def test_a_constant_slice_stays():
    np.testing.assert_allclose(low_pass(np.full((32, 32), 0.5, np.float32), 0.05), 0.5, atol=1e-6)


def test_noise_falls_and_a_step_stays():
    step = np.zeros((64, 64), np.float32)
    step[:, 32:] = 1
    noisy = step + 0.05 * np.random.default_rng(0).standard_normal(step.shape).astype(np.float32)
    filtered = low_pass(noisy, 0.05)
    assert filtered.dtype == np.float32
    assert (filtered - step)[:, :28].std() < 0.35 * 0.05
    assert abs(filtered[:, :30].mean()) < 0.01 and abs(filtered[:, 34:].mean() - 1) < 0.01


def test_the_median_removes_a_single_outlier():
    image = np.zeros((32, 32), np.float32)
    image[16, 16] = 5
    assert low_pass(image, 1e-4)[16, 16] == 0
