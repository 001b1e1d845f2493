"""The range of a volume and its padding."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.volume.normalize import Normalization, find_padding, fit_normalization

from Testing.Engine.phantoms import disc, phantom


def test_apply_and_invert_by_hand():
    normalization = Normalization(-1000.0, 2000.0)
    np.testing.assert_allclose(normalization.apply(np.array([-1000, 0, 1000, 3000], np.int16)), [0, 0.5, 1, 2])
    np.testing.assert_allclose(normalization.invert(np.array([0, 0.5, 1], np.float32)), [-1000, 0, 1000])


def test_one_hot_voxel_does_not_stretch_the_range():
    _, noisy = phantom()
    spoiled = noisy.copy()
    spoiled[3, 30, 30] = 1e6
    usual, now = fit_normalization(noisy, None), fit_normalization(spoiled, None)
    assert now.scale == pytest.approx(usual.scale, rel=0.05)


@pytest.mark.parametrize("value", [-3024, -2000])
def test_padding_around_a_round_field_of_view_is_found(value):
    _, noisy = phantom(side=64)
    noisy = noisy.astype(np.int16)
    outside = ~disc((64, 64), (31.5, 31.5), 31)
    noisy[:, outside] = value
    padding, found = find_padding(noisy)
    assert found == value
    # the corners are padding; a rim thinner than the 7 x 7 square may stay
    assert padding[:, :6, :6].all() and not padding[:, ~outside].any()


def test_isolated_zeros_are_not_padding():
    counts = np.random.default_rng(0).poisson(0.5, (8, 64, 64))
    assert find_padding(counts) == (None, None)


def test_padding_has_no_part_in_the_range():
    _, noisy = phantom(side=64)
    padded = noisy.copy()
    padded[:, :12] = -3024
    padding, _ = find_padding(padded)
    assert fit_normalization(padded, padding).low > -1200
    with pytest.raises(engine.InputError, match="padding"):
        nothing = np.full((8, 64, 64), -2000, np.int16)
        nothing[0, 0, 0] = 5
        find_padding(nothing)
