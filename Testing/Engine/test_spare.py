"""Stage "spare": did it help? Gains and strengths worked by hand, and what the stage makes of them."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.judge.gain import (
    CELL,
    EXPECTED,
    TOLERANCE,
    at_full_size,
    cell_means,
    measure_gain,
    mixed_gain,
)
from NSN2NDenoiseLib.engine.judge.kept import Kept, noise_kept, sample_regions
from NSN2NDenoiseLib.engine.runtime.progress import Tracker
from NSN2NDenoiseLib.engine.stages.state import State, Workshop
from NSN2NDenoiseLib.engine.volume.slices import Slices

from Testing.Engine.phantoms import noise_level, noise_model

module = import_module("NSN2NDenoiseLib.engine.stages.spare")  # the name in the package is the function

SHAPE = (6, 32, 40)


def signs(shape, seed=0) -> np.ndarray:
    """-1 and 1 by chance: every voxel has the same energy, so nothing is left to chance in its sums."""
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), shape)


def gain_of(removed, sd, kept=0.0, left=None):
    noisy = np.full(removed.shape, 0.5, np.float32) + removed
    return measure_gain(
        noisy, noisy - removed, noise_model(removed.shape, sd), Kept(kept, 0.0, kept if left is None else left)
    )


@pytest.mark.parametrize(
    ("factor", "kept", "expected"),
    [
        (0.5, 0, 1),
        (1, 0, 1),
        (TOLERANCE**0.5 * 0.999, 0, 1),
        (2, 0, TOLERANCE / 4),
        (2, 0.2, 0.8 * TOLERANCE / 4),
        (1, 0.5, 0.5 * TOLERANCE),
        (1, 1, 0),
    ],
)
def test_strength_where_the_removed_energy_is_a_known_multiple_of_the_noise(factor, kept, expected):
    found = gain_of(0.1 * factor * signs(SHAPE), 0.1, kept).strength
    assert found.shape == (6, 8, 10) and found.dtype == np.float32
    assert found == pytest.approx(np.full(found.shape, expected), rel=1e-4)


def test_pure_noise_may_go_everywhere():
    noise = np.random.default_rng(0).normal(0, 0.1, (8, 64, 64)).astype(np.float32)
    found = gain_of(noise, 0.1).strength
    assert (found == 1).mean() > 0.95  # a neighborhood of some hundred voxels exceeds 15 % by chance now and then
    assert found.min() > 0.9


def test_nothing_removed_is_justified():
    assert (gain_of(np.zeros(SHAPE, np.float32), 0.1).strength == 1).all()


def test_too_much_in_one_place_comes_back_there_only():
    removed = 0.1 * signs((6, 64, 96))
    removed[:, :, 64:] *= 3
    found = gain_of(removed, 0.1).strength
    assert found[:, :, :8] == pytest.approx(1)
    assert found[:, :, 23] == pytest.approx(TOLERANCE / 9, rel=0.02)


def test_where_the_noise_is_stronger_more_may_go():
    sd = np.where(np.arange(96) < 48, 0.1, 0.3).astype(np.float32)
    assert gain_of(sd * signs((6, 64, 96)), sd).strength == pytest.approx(1)


@pytest.mark.parametrize("shape", [(3, 16, 16), (3, 17, 18), (4, 19, 16)])
def test_small_stacks_and_sides_that_are_no_multiple_of_a_cell(shape):
    found = gain_of(0.2 * signs(shape), 0.1).strength
    assert found.shape == (shape[0], -(-shape[1] // CELL), -(-shape[2] // CELL))
    assert found == pytest.approx(np.full(found.shape, TOLERANCE / 4), rel=1e-4)


def test_padding_hides_only_what_is_close_to_it():
    """In padding nothing is removed where noise is expected; six cells away that counts no more."""
    removed = 0.2 * signs((6, 64, 96))
    removed[:, :, :48] = 0
    found = gain_of(removed, 0.1).strength
    assert (found[:, :, : 12 - 6] == 1).all()
    assert found[:, :, 12 + 6 :] == pytest.approx(TOLERANCE / 4, rel=1e-3)


EVERYWHERE = np.ones((6, 8, 10), bool)


@pytest.mark.parametrize(
    ("factor", "kept", "strength", "decibels"),
    [
        (1, 0, 1, 60),  # all of the noise and nothing else: no error is left; 60 dB is the most that is told
        (1, 0, 0, 0),
        (2, 0, 1, 10 * np.log10(1 / 3)),  # 1 - 2 + 4 times the variance: worse than before
        (2, 0, 0.25, 10 * np.log10(4 / 3)),  # 1 - 2 / 4 + 4 / 16
    ],
)
def test_gain_by_hand(factor, kept, strength, decibels):
    """Where no noise is left to tell the error, Stein's estimate alone does."""
    gain = gain_of(0.1 * factor * signs(SHAPE), 0.1, kept)
    assert gain.decibels(EVERYWHERE, strength)[0] == pytest.approx(decibels, abs=0.01)
    assert gain.decibels(EVERYWHERE, np.full(EVERYWHERE.shape, strength))[0] == pytest.approx(decibels, abs=0.01)


def test_the_error_is_about_what_the_noise_that_is_left_lets_expect():
    """By its energy all of the noise went; the result has 0.2 of its SD, which is known better than a difference."""
    decibels, sd = gain_of(0.1 * signs(SHAPE), 0.1, kept=0.0, left=0.2).decibels(EVERYWHERE, 1.0)
    assert decibels == pytest.approx(-10 * np.log10(EXPECTED * 0.2**2), abs=0.6)
    assert 1 < sd < 2.5


def test_much_anatomy_that_went_outweighs_what_the_noise_lets_expect():
    """2 - 1 + 2 * 0.1 of the variance, however little noise is left."""
    decibels, sd = gain_of(0.1 * 2**0.5 * signs(SHAPE), 0.1, kept=0.1, left=0.1).decibels(EVERYWHERE, 1.0)
    assert decibels == pytest.approx(-10 * np.log10(1.2), abs=0.1)
    assert sd < 0.5


def test_the_gain_is_less_sure_where_samples_differ():
    removed = 0.08 * signs(SHAPE)
    sure, unsure = (
        measure_gain(removed, 0 * removed, noise_model(SHAPE, 0.1), Kept(0.4, spread, 0.5)).decibels(EVERYWHERE, 1.0)
        for spread in (0.0, 0.1)
    )
    assert unsure[1] > 1.2 * sure[1]


def test_gain_counts_the_cells_that_it_is_told():
    removed = 0.1 * signs((6, 32, 96))
    removed[:, :, 48:] *= 2
    left = np.zeros((6, 8, 24), bool)
    left[:, :, :5] = True
    assert gain_of(removed, 0.1).decibels(left, 1.0)[0] > 10
    assert gain_of(removed, 0.1).decibels(~left, 1.0)[0] < 0
    assert gain_of(removed, 0.1).decibels(left & ~left, 1.0) == (0, 0)


def test_the_gain_is_that_over_the_truth():
    """Stein's estimate of a filter that takes 60 % of the noise and weakens the anatomy, without the truth."""
    random = np.random.default_rng(0)
    clean = 0.5 + 0.1 * np.sin(np.arange(96, dtype=np.float32) / 3)
    noise = random.normal(0, 0.1, (8, 96, 96)).astype(np.float32)
    denoised = clean + 0.3 * (0.5 - clean) + 0.4 * noise
    gain = measure_gain(clean + noise, denoised, noise_model(noise.shape, 0.1), Kept(0.4, 0.0, 0.4))
    true = 10 * np.log10(np.square(noise).mean() / np.square(denoised - clean).mean())
    decibels, sd = gain.decibels(np.ones(gain.energy.shape, bool), 1.0)
    assert decibels == pytest.approx(true, abs=min(2 * sd, 1))


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_the_gain_at_less_strength_is_that_over_the_truth(strength):
    noise = np.random.default_rng(0).normal(0, 0.1, (8, 96, 96))
    error = 0.2 * noise + 0.03 * np.sin(np.arange(96) / 3)
    squares = [np.square(values).mean() for values in (noise, error, noise + strength * (error - noise))]
    full, true = (10 * np.log10(squares[0] / square) for square in squares[1:])
    found, sd = mixed_gain(full, 1.0, (noise * error).mean() / squares[0], strength)
    assert found == pytest.approx(true, abs=1e-6)
    assert sd == 0 if strength == 0 else 0.1 < sd <= 1


def test_cells_repeat_the_ends():
    found = cell_means(np.arange(6, dtype=np.float32)[None].repeat(5, 0))
    assert found == pytest.approx(np.array([[1.5, (4 + 5 + 5 + 5) / 4]] * 2))


def test_at_full_size_by_hand():
    """Cell centers lie at 1.5 and 5.5; between them it is linear, beyond them constant."""
    cells = np.array([[0.0, 1.0]], np.float32)
    found = at_full_size(cells, (3, 8))
    assert found.shape == (3, 8) and found.dtype == np.float32
    expected = np.float32([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])
    assert found == pytest.approx(np.broadcast_to(expected, (3, 8)), abs=1e-6)
    assert at_full_size(cells.T, (8, 3)) == pytest.approx(found.T)
    assert at_full_size(np.ones((5, 4), np.float32), (17, 16)) == pytest.approx(np.ones((17, 16)))


def kept_of(noisy, again):
    samples = [noisy[region] for region in sample_regions(noisy, 0.1)]
    results = [again(sample, number) for number, sample in enumerate(samples)]
    return noise_kept(samples, results, [noise_model(sample.shape, 0.1) for sample in samples], again, tissue=0.1)


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(12, 70, 66), (3, 16, 16)])
def test_how_much_noise_is_kept_of_a_known_part(part, shape):
    noisy = np.full(shape, 0.5, np.float32) + 0.1 * signs(shape)
    kept = kept_of(noisy, lambda own, _: 0.5 + part * (own - 0.5))
    assert kept.covariance == pytest.approx(part, abs=0.1 if shape[0] == 3 else 0.02)
    assert kept.left == pytest.approx(part, abs=0.1 if shape[0] == 3 else 0.02)


def test_without_tissue_nothing_is_known_of_what_is_kept():
    noisy = np.zeros((6, 32, 32), np.float32)
    kept = kept_of(noisy, lambda own, _: own)
    assert (kept.covariance, kept.spread, kept.left) == (0, 0, 0)


def run_stage(removed, monkeypatch, made_by=("first",), value=0.5, **parts):
    """The stage on a flat volume; `parts` is how much of the noise the filter and the network keep.

    A filter that keeps all of it takes what is removed in any case, whatever noise there is.
    """

    def filtered(sample):
        own, keeps = sample.slices.values, parts["filter"]
        return own - removed[sample.region] if keeps == 1 else value + keeps * (own - value)

    monkeypatch.setattr(module, "first", lambda sample, _: sample.with_result(filtered(sample), "first"))
    monkeypatch.setattr(module, "compare", lambda sample, _: sample)
    monkeypatch.setattr(module, "denoise_region", lambda _, own, *__: value + parts["network"] * (own - value))
    noisy = np.full(removed.shape, value, np.float32) + removed
    before = State(
        Slices(noisy, None, None, None, "k", None),
        SimpleNamespace(noise=noise_level(removed.shape, 0.1)),
        SimpleNamespace(settings=SimpleNamespace(collaborative=1.0, context=0), gap=1, part=None),
        denoised=noisy,
    )
    before = replace(module.take_samples(before), denoised=noisy - removed, made_by=made_by)
    after = module.spare(before, Workshop("cpu", None, Tracker()))
    assert before.denoised == pytest.approx(np.full(removed.shape, value))  # a stage never changes a state
    return before, after


def test_what_exceeds_the_noise_is_put_back_and_told(monkeypatch):
    removed = 0.2 * signs(SHAPE)
    before, after = run_stage(removed, monkeypatch, filter=0.0)
    assert before.slices.values - after.denoised == pytest.approx(removed * TOLERANCE / 4, abs=1e-6)
    assert after.made_by == ("first", "spare") and after.justified == pytest.approx(TOLERANCE / 4, rel=1e-4)
    a = TOLERANCE / 4
    assert after.gain["predictedGain"] == pytest.approx(-10 * np.log10(1 - 2 * a + 4 * a**2), abs=0.01)
    assert after.gain["predictedGainAtFullStrength"] == pytest.approx(-10 * np.log10(3), abs=0.01)
    assert "In 100 % of the tissue" in after.warnings[0]


def test_a_result_that_took_only_noise_stays(monkeypatch):
    before, after = run_stage(0.1 * signs(SHAPE), monkeypatch, filter=0.0)
    assert after.denoised is before.denoised
    assert after.made_by == ("first",) and after.justified == 1 and not after.warnings
    assert after.gain["noiseKept"] == 0 and after.gain["noiseLeft"] == 0


def test_a_result_that_is_no_better_is_none(monkeypatch):
    """What is removed is 9 times the noise, and the filter keeps all of the noise: all of it was anatomy."""
    before, after = run_stage(0.3 * signs(SHAPE), monkeypatch, filter=1.0)
    assert after.denoised is before.slices.values
    assert after.made_by == () and after.justified == 0


@pytest.mark.parametrize(("made_by", "kept"), [(("first",), 0.0), (("learn",), 0.3), (("first", "learn"), 0.3)])
def test_it_asks_what_made_the_result(monkeypatch, made_by, kept):
    _, after = run_stage(0.1 * signs(SHAPE), monkeypatch, made_by=made_by, filter=0.0, network=0.3)
    assert after.gain["noiseLeft"] == pytest.approx(kept, abs=0.03)


def test_samples_that_differ_make_the_gain_less_certain():
    """Half of the difference of two; a sample without tissue says nothing."""
    kept = Kept(0.1, 0.02, 0.2)

    def sample(factor, level=0.5):
        removed = 0.1 * factor * signs(SHAPE)
        noisy = np.full(SHAPE, level, np.float32) + removed
        return SimpleNamespace(
            slices=SimpleNamespace(values=noisy),
            denoised=noisy - removed,
            measured_noise=noise_model(SHAPE, 0.1),
            look=SimpleNamespace(noise=SimpleNamespace(level=0.5)),
            filtered=None,
        )

    def alone(factor):
        gain = replace(gain_of(0.1 * factor * signs(SHAPE), 0.1), kept=kept)
        return gain.sums(np.ones(gain.energy.shape, bool), gain.strength)

    one, other, nothing = sample(1), sample(0.8), sample(1, level=0.0)
    gains = [alone(factor).decibels(kept)[0] for factor in (1, 0.8)]
    assert abs(gains[0] - gains[1]) > 0.5
    both, sd = (alone(1) + alone(0.8)).decibels(kept)
    for samples in ((one, other), (one, other, nothing)):
        tried = module.Tried(samples, kept)
        assert tried.decibels == pytest.approx(both, abs=1e-3)
        assert tried.decibels_sd == pytest.approx(np.hypot(sd, (gains[0] - gains[1]) / 2), rel=1e-3)
    same = module.Tried((one, one), kept)
    assert same.decibels_sd == pytest.approx(alone(1).decibels(kept)[1], rel=1e-3)
    assert module.Tried((one,), kept).decibels_sd == pytest.approx(same.decibels_sd, rel=1e-3)
