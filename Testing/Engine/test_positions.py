"""Slices that are no real neighbors are not paired."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.train.crops import CropSampler
from NSN2NDenoiseLib.engine.volume.positions import real_pairs

from Testing.Engine.phantoms import matching_of, phantom

#: Twelve slices 2 mm apart, of which the sixth and the last but one are missing.
HOLES = np.array([0, 2, 4, 6, 8, 12, 14, 16, 18, 22.0])


def test_pairs_by_hand():
    assert real_pairs(HOLES, 10, 1).tolist() == [True] * 4 + [False] + [True] * 3 + [False]
    assert real_pairs(HOLES, 10, 2).tolist() == [True] * 3 + [False] * 2 + [True] * 2 + [False]
    assert real_pairs(None, 10, 3).tolist() == [True] * 7


def test_a_distance_that_changes_along_the_volume_is_no_hole():
    """A head CT: thin slices at the skull base, thick ones above, one near the seam."""
    positions = np.concatenate([4.0 * np.arange(6), 21.08 + 7.0 * np.arange(6)])
    assert real_pairs(positions, 12, 1).all()


@pytest.mark.parametrize("positions", [HOLES[:-1], HOLES[::-1], np.where(HOLES == 4, np.nan, HOLES), HOLES * 0])
def test_positions_that_are_none(positions):
    with pytest.raises(engine.InputError, match="10 ascending numbers"):
        real_pairs(positions, 10, 1)


@pytest.mark.parametrize("crop", [0, 32])
def test_no_crop_is_drawn_across_a_hole(crop):
    _, noisy = phantom(slices=10, side=48)
    sampler = CropSampler(engine.take_look(noisy)[1].values, None, 1, crop, 0, real_pairs(HOLES, 10, 1))
    assert set(sampler.draw(400)[0]) == {0, 1, 2, 3, 5, 6, 7}


def test_the_run_leaves_holes_out_and_says_so():
    _, noisy = phantom(slices=10, side=48)
    settings = engine.Settings.from_preset("fast", device="cpu", gap=1)
    result = engine.denoise(noisy, settings, spacing=(2, 1, 1), positions=HOLES)
    whole = engine.denoise(noisy, settings, spacing=(2, 1, 1))
    assert not result.weights[[4, 8, 9]].any() and whole.weights[[4, 8, 9]].any()
    np.testing.assert_array_equal(np.delete(result.weights, [4, 8, 9], 0), np.delete(whole.weights, [4, 8, 9], 0))
    assert result.report["matchedFraction"] == pytest.approx(np.delete(result.weights, [4, 8, 9], 0).mean(), abs=1e-3)
    assert any("left out: 2 of 9" in text for text in result.report["warnings"])
    assert not any("left out" in text for text in whole.report["warnings"])


def test_positions_are_those_of_axis_k():
    _, noisy = phantom(slices=20, side=48)
    positions = np.concatenate([HOLES, 24 + HOLES])
    for axis in "kj":
        _, plan, _ = matching_of(noisy, axis=axis, positions=positions)
        assert plan.paired.all() == (axis == "j")


def test_an_epoch_has_the_pairs_that_are_real():
    _, noisy = phantom(slices=10, side=32)
    epochs = {"epochs": 1, "width": 1, "levels": 1, "batch_norm": False, "device": "cpu"}
    settings = engine.Settings.from_preset("paper", **epochs)
    report = engine.denoise(noisy, settings, positions=HOLES).report
    assert report["steps"] == engine.inspect_volume(noisy, None, settings, HOLES)["steps"] == 7
    within = np.zeros(noisy.shape, bool)
    within[0] = True  # looks at five slices more
    look = engine.take_look(noisy, positions=HOLES)[0]
    assert engine.make_plan(look, settings, within).pairs == 4
    assert engine.denoise(noisy, settings, positions=HOLES, within=within).report["steps"] == 4


def test_holes_in_the_piece_that_is_timed_stop_nobody(monkeypatch):
    """A pair three slices apart has a hole, wherever in the piece it lies."""
    draw, drawn = CropSampler.draw, []

    def draw_or_fail(sampler, count):
        assert sampler.pairs  # else whole slices are looked for without an end
        drawn.append(count)
        return draw(sampler, count)

    monkeypatch.setattr(CropSampler, "draw", draw_or_fail)
    distances = np.ones(29)
    distances[9:21] = [1, 9, 1, 1, 9, 9, 1, 1, 9, 9, 1, 1]
    positions = np.concatenate([[0], np.cumsum(distances)])
    settings = engine.Settings.from_preset("paper", gap=3, width=1, levels=1, epochs=1, device="cpu")
    assert engine.inspect_volume(phantom(slices=30, side=32)[1], None, settings, positions)["seconds"] > 0 and drawn
