"""Stage "spare": no more is removed than there is noise, worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.judge.energy import CELL, TOLERANCE, at_full_size, justified_strength
from NSN2NDenoiseLib.engine.runtime.progress import Tracker
from NSN2NDenoiseLib.engine.stages.spare import spare
from NSN2NDenoiseLib.engine.stages.state import State

from Testing.Engine.phantoms import noise_level

SHAPE = (6, 32, 40)


def signs(shape, seed=0) -> np.ndarray:
    """-1 and 1 by chance: every voxel has the same energy, so nothing is left to chance in its sums."""
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), shape)


def strength_of(removed, sd):
    noisy = np.full(removed.shape, 0.5, np.float32) + removed
    return justified_strength(noisy, noisy - removed, noise_level(removed.shape, sd))


@pytest.mark.parametrize(("factor", "expected"), [(0.5, 1), (1, 1), (TOLERANCE**0.5 * 0.999, 1), (2, TOLERANCE / 4)])
def test_removed_energy_of_a_known_multiple_of_the_noise(factor, expected):
    found = strength_of(0.1 * factor * signs(SHAPE), 0.1)
    assert found.shape == (6, 8, 10) and found.dtype == np.float32
    assert found == pytest.approx(np.full(found.shape, expected), rel=1e-4)


def test_pure_noise_may_go_everywhere():
    noise = np.random.default_rng(0).normal(0, 0.1, (8, 64, 64)).astype(np.float32)
    found = strength_of(noise, 0.1)
    assert found.mean() > 0.99  # a neighborhood of 500 voxels exceeds 15 % by chance now and then
    assert found.min() > 0.9


def test_nothing_removed_is_justified():
    assert (strength_of(np.zeros(SHAPE, np.float32), 0.1) == 1).all()


def test_too_much_in_one_place_comes_back_there_only():
    removed = 0.1 * signs((6, 64, 96))
    removed[:, :, 64:] *= 3
    found = strength_of(removed, 0.1)
    assert found[:, :, :8] == pytest.approx(1)
    assert found[:, :, 23] == pytest.approx(TOLERANCE / 9, rel=0.02)


def test_where_the_noise_is_stronger_more_may_go():
    sd = np.where(np.arange(96) < 48, 0.1, 0.3)
    assert strength_of(sd.astype(np.float32) * signs((6, 64, 96)), sd) == pytest.approx(1)


@pytest.mark.parametrize("shape", [(3, 16, 16), (3, 17, 18), (4, 19, 16)])
def test_small_stacks_and_sides_that_are_no_multiple_of_a_cell(shape):
    found = strength_of(0.2 * signs(shape), 0.1)
    assert found.shape == (shape[0], -(-shape[1] // CELL), -(-shape[2] // CELL))
    assert found == pytest.approx(np.full(found.shape, TOLERANCE / 4), rel=1e-4)


def test_padding_where_nothing_is_removed_does_not_hide_what_is_beside_it_for_long():
    """Padding has noise's variance but no removed energy; four cells away it counts no more."""
    removed = 0.2 * signs((6, 64, 96))
    removed[:, :, :48] = 0
    found = strength_of(removed, 0.1)
    assert (found[:, :, : 12 - 6] == 1).all()
    assert found[:, :, 12 + 6 :] == pytest.approx(TOLERANCE / 4, rel=1e-3)


def test_at_full_size_by_hand():
    """Cell centers lie at 1.5 and 5.5; between them it is linear, beyond them constant."""
    cells = np.array([[0.0, 1.0]], np.float32)
    found = at_full_size(cells, (3, 8))
    assert found.shape == (3, 8) and found.dtype == np.float32
    expected = [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]
    assert found == pytest.approx(np.broadcast_to(np.float32(expected), (3, 8)), abs=1e-6)
    assert at_full_size(cells.T, (8, 3)) == pytest.approx(found.T)
    assert at_full_size(np.ones((5, 4), np.float32), (17, 16)) == pytest.approx(np.ones((17, 16)))


def state_of(removed, sd) -> State:
    noisy = np.full(removed.shape, 0.5, np.float32) + removed
    look = SimpleNamespace(noise=noise_level(removed.shape, sd))
    return State(SimpleNamespace(values=noisy), look, None, denoised=noisy - removed, made_by=("first",))


def test_the_stage_puts_back_what_exceeds_the_noise_and_says_so():
    removed = 0.2 * signs(SHAPE)
    before = state_of(removed, 0.1)
    after = spare(before, SimpleNamespace(tracker=Tracker()))
    assert before.slices.values - after.denoised == pytest.approx(removed * TOLERANCE / 4, abs=1e-6)
    assert before.denoised == pytest.approx(np.full(SHAPE, 0.5))  # a stage never changes a state
    assert after.made_by == ("first", "spare") and after.justified == pytest.approx(TOLERANCE / 4, rel=1e-4)
    assert "In 100 % of the volume" in after.warnings[0]


def test_the_stage_leaves_a_result_alone_that_took_only_noise():
    before = state_of(0.1 * signs(SHAPE), 0.1)
    after = spare(before, SimpleNamespace(tracker=Tracker()))
    assert after.denoised is before.denoised
    assert after.made_by == ("first",) and after.justified == 1 and not after.warnings
