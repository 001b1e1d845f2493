"""Eq. 3, by hand and on a phantom with one moved disc."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

from Testing.Engine.phantoms import disc, matching_of, phantom


def test_eq_3_by_hand():
    residual = np.array([0.0, 0.009, 0.01, 0.0101, 0.5, np.inf], np.float32)
    assert engine.weight_matrix(residual, 0.01).tolist() == [1, 1, 1, 0, 0, 0]
    assert engine.weight_matrix(residual, 0.01).dtype == np.uint8


def test_matched_fraction_leaves_excluded_voxels_out():
    assert engine.matched_fraction(np.array([0.0, 0.1, 0.3, np.inf], np.float32), 0.2) == pytest.approx(2 / 3)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), "0.1", True, None])
def test_threshold_out_of_range_is_named(threshold):
    with pytest.raises(engine.SettingsError, match="threshold is"):
        engine.weight_matrix(np.zeros(3, np.float32), threshold)


def test_w_is_zero_where_a_disc_moved_and_only_there():
    _, noisy = phantom(slices=10, side=96, noise=10)
    there, here = disc((96, 96), (30, 60), 7), disc((96, 96), (66, 40), 7)
    noisy[:5][:, there] += 400
    noisy[5:][:, here] += 400
    *_, matching = matching_of(noisy, gap=1)
    weights = engine.weight_matrix(matching.residual(), 0.08)
    assert weights[4][disc((96, 96), (30, 60), 5)].mean() < 0.02
    assert weights[4][disc((96, 96), (66, 40), 5)].mean() < 0.02
    elsewhere = ~(disc((96, 96), (30, 60), 10) | disc((96, 96), (66, 40), 10))
    assert weights[4][elsewhere].mean() > 0.98
    assert weights[[0, 1, 2, 3, 5, 6, 7, 8]].mean() > 0.98


def test_residual_slices_are_the_residual_and_the_last_slices_repeat_their_pair():
    _, noisy = phantom(slices=7, side=48)
    *_, matching = matching_of(noisy, gap=2)
    residual = matching.residual()
    for index in range(7):
        np.testing.assert_array_equal(residual[index], matching.residual_slice(index))
    expected = np.abs(matching.low_passed(0) - matching.low_passed(2))
    np.testing.assert_array_equal(residual[0], expected)
    np.testing.assert_array_equal(residual[5], residual[3])
    np.testing.assert_array_equal(residual[6], residual[4])


@pytest.mark.parametrize("axis", ["k", "j", "i"])
def test_residual_keeps_the_volumes_own_axis_order(axis):
    _, noisy = phantom(slices=20, side=40)
    noisy = noisy[:, :36, :]
    *_, matching = matching_of(noisy, axis=axis, gap=1)
    residual = matching.residual()
    assert residual.shape == noisy.shape
    number = "kji".index(axis)
    np.testing.assert_array_equal(np.take(residual, 3, axis=number), matching.residual_slice(3))


def test_padding_is_excluded_from_w():
    _, noisy = phantom(slices=8, side=64)
    noisy[:, :10] = -3000
    *_, matching = matching_of(noisy, gap=1)
    residual = matching.residual()
    assert np.isinf(residual[:, :8]).all()
    assert np.isfinite(residual[:, 20:]).all()
    assert engine.weight_matrix(residual, 1.0)[:, :8].max() == 0


def test_stopping_the_residual():
    _, noisy = phantom()
    with pytest.raises(engine.Cancelled):
        matching_of(noisy)[2].residual(should_stop=lambda: True)
