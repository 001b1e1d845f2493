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
    np.testing.assert_array_equal(padding, np.broadcast_to(outside, padding.shape))


def test_padding_in_single_rows_and_slivers_comes_back_untouched():
    """A field that nearly fills the image leaves slivers at its edge; a shifted one, single rows at the border."""
    _, noisy = phantom(side=64)
    outside = ~disc((64, 64), (32.5, 31.5), 35)
    outside[0], outside[:, -1] = True, True
    noisy[:, outside] = -3024
    result = engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"))
    assert (result.denoised[:, outside] == -3024).all()
    assert result.report["padding"] == -3024


def test_clipped_air_that_touches_padding_is_still_measured():
    """Air at -1000 +- 20, clipped at -1000 as the padding is: half of its voxels have that value, and are noise."""
    _, noisy = phantom(side=64)
    noisy[:, 20:40] = np.random.default_rng(0).normal(-1000, 20, noisy[:, 20:40].shape)
    noisy = np.clip(np.rint(noisy), -1000, None).astype(np.int16)
    noisy[:, :20] = -1000
    padding, _ = find_padding(noisy)
    assert padding[:, :20].all() and not padding[:, 24:].any()


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
