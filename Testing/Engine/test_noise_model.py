"""The noise as the filters reckon with it, by hand."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.noise.model import UNMATCHED, NoiseModel

from Testing.Engine.phantoms import noise_level, noise_model

SHAPE = (5, 20, 30)


def test_the_local_sd_times_the_factor():
    sd = np.linspace(0.1, 0.3, 30)
    unit = NoiseModel(noise_level(SHAPE, sd), factor=2.0).unit(1, 3)
    assert unit.shape == (2, 20, 30) and unit.dtype == np.float32
    assert unit == pytest.approx(np.broadcast_to(2 * sd, unit.shape), rel=1e-5)


def test_less_of_it_where_slices_do_not_match_with_a_smooth_transition():
    weights = np.ones(SHAPE, np.uint8)
    weights[3, :, 15:] = 0
    unit = noise_model(SHAPE, 0.1, weights=weights).unit(2, 4)
    assert unit[0] == pytest.approx(np.full((20, 30), 0.1), rel=1e-5)
    matched = np.array([1, 0.8, 0.6, 0.4, 0.2, 0])  # the mean of W over 5 columns
    assert unit[1, 4, 12:18] == pytest.approx(0.1 * (UNMATCHED + (1 - UNMATCHED) * matched), rel=1e-5)


def test_the_spectrum_is_in_the_order_of_the_blocks_frequencies():
    within, along = np.arange(1.0, 17).reshape(4, 4), np.array([1.0, 2, 3, 4])
    found = noise_model(SHAPE, 0.1, within, along).spectrum((4, 4, 4))
    assert found.dtype == np.float32 and np.square(found).mean() == pytest.approx(1)
    assert np.square(found[(1 * 4 + 2) * 4 + 3]) == pytest.approx(along[1] / 2.5 * within[2, 3] / 8.5, rel=1e-5)


def test_blocks_of_another_depth_than_was_measured():
    found = noise_model((3, 20, 30), 0.1, along=np.array([1.0, 2, 3])).spectrum((2, 4, 4))
    assert found == pytest.approx(np.ones(32))


def test_white_or_not():
    assert noise_model(SHAPE, 0.1).is_white
    falling = np.outer([4, 2, 1, 0.5], [4, 2, 1, 0.5])
    assert not noise_model(SHAPE, 0.1, falling).is_white
    assert not noise_model(SHAPE, 0.1, along=np.array([4.0, 2, 1, 0.2])).is_white
