"""Did anatomy go? The guard's figures worked by hand, and its alarm on noise and on anatomy."""

from types import SimpleNamespace

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.judge.likeness import CERTAIN, LOCAL, Likeness, _detail, alarm, likeness
from scipy import ndimage

from Testing.Engine.phantoms import noise_level

SHAPE, SD = (6, 64, 64), 0.05
RANDOM = np.random.default_rng(0)
LOOK = SimpleNamespace(noise=noise_level(SHAPE, SD))
#: Tissue everywhere, with texture that goes on through the slices.
TEXTURE = 0.2 * ndimage.gaussian_filter(RANDOM.standard_normal(SHAPE), (1, 1.5, 1.5))
ANATOMY = (0.6 + TEXTURE).astype(np.float32)


def judged(removed, denoised=ANATOMY, excluded=None):
    values = (denoised + removed).astype(np.float32)
    return likeness(SimpleNamespace(values=values, excluded=excluded), denoised, LOOK)


def test_noise_is_none_of_the_image():
    found = judged(RANDOM.normal(0, SD, SHAPE))
    assert found.detail < 0.02
    assert found.energy == pytest.approx(1, rel=0.05)
    assert found.probability < 0.1
    assert alarm(found) is None


def test_signs_by_chance_have_one_energy_in_all_places():
    found = judged(2 * SD * RANDOM.choice([-1, 1], SHAPE))
    assert found.energy == pytest.approx(4, rel=1e-3)
    assert found.places == pytest.approx(1, rel=1e-3)


def test_a_part_of_the_image_correlates_fully():
    found = judged(0.1 * TEXTURE)
    assert found.detail == pytest.approx(1, abs=1e-4)
    local = ndimage.uniform_filter(np.square(0.1 * TEXTURE / SD), (0, LOCAL, LOCAL))
    assert found.energy == pytest.approx(local.mean(), rel=1e-3)
    assert found.places == pytest.approx(np.quantile(local, 0.99) / np.median(local), rel=1e-3)


def test_anatomy_that_goes_is_an_alarm():
    edges = np.abs(_detail(ANATOMY[0]))
    gone = RANDOM.normal(0, SD, SHAPE) + 4 * SD * (edges > np.quantile(edges, 0.95)) * np.sign(_detail(ANATOMY[0]))
    found = judged(gone)
    assert found.probability > CERTAIN
    assert "looks more like anatomy" in alarm(found)


def test_what_was_not_removed_and_padding_say_nothing():
    assert judged(np.zeros(SHAPE)) is None
    removed = RANDOM.normal(0, SD, SHAPE)
    padding = np.zeros(SHAPE, bool)
    padding[:, :, 32:] = True
    strange = removed + np.where(padding, 10 * ANATOMY, 0)
    assert judged(strange, excluded=padding).energy == pytest.approx(judged(removed, excluded=padding).energy, rel=0.1)
    assert judged(removed, excluded=np.ones(SHAPE, bool)) is None
    assert alarm(None) is None


def test_the_probability_rises_with_each_figure():
    base = Likeness(0.1, 1.0, 2.0).probability
    assert all(Likeness(*figures).probability > base for figures in ((0.2, 1, 2), (0.1, 2, 2), (0.1, 1, 4)))
