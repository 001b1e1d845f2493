"""The noise of a volume with texture everywhere: SD, map, color, correlation; and none at all."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.noise.blocks import find_noise_blocks, noise_sd
from NSN2NDenoiseLib.engine.noise.level import gray_step, measure_noise
from scipy import ndimage

SHAPE = (12, 96, 96)
MEAN = 1000.0


@pytest.fixture(scope="module")
def cortex() -> np.ndarray:
    """A head full of folds: steps of 150 at most 10 voxels apart, smooth shading of 60; air is 0."""
    random = np.random.default_rng(5)
    folds = ndimage.gaussian_filter(random.standard_normal(SHAPE), 3.0)
    shading = ndimage.gaussian_filter(random.standard_normal(SHAPE), 2.0)
    brain = MEAN + 75 * np.tanh(4 * folds / folds.std()) + 60 * shading / shading.std()
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    head = (rows - SHAPE[1] / 2) ** 2 + (columns - SHAPE[2] / 2) ** 2 < (0.46 * SHAPE[1]) ** 2
    return (brain * head).astype(np.float32)


def white(seed: int = 0, slices: int = SHAPE[0]) -> np.ndarray:
    """(slices, rows, columns) of SD 1."""
    return np.random.default_rng(seed).standard_normal((slices, *SHAPE[1:])).astype(np.float32)


@pytest.fixture(scope="module")
def at_50(cortex):
    """The cortex with white noise of SD 50, and what is measured of it."""
    noisy = cortex + 50 * white()
    noisy.setflags(write=False)
    return noisy, measure_noise(noisy, None)


@pytest.mark.parametrize("sd", [20.0, 50.0, 200.0])
def test_sd_of_white_noise_in_texture(cortex, at_50, sd):
    found = at_50[1] if sd == 50 else measure_noise(cortex + sd * white(), None)
    assert found.sd == pytest.approx(sd, rel=0.15)


def test_sd_and_color_of_noise_that_is_smooth_in_the_slice(cortex):
    noise = ndimage.gaussian_filter(white(), (0, 0.7, 0.7), mode="wrap")
    found = measure_noise(cortex + 50 * noise / noise.std(), None)
    expected = [float((noise * np.roll(noise, lag, axis=1)).mean() / noise.var()) for lag in (1, 2)]
    assert found.sd == pytest.approx(50, rel=0.15)
    assert found.color.rows[:2] == pytest.approx(expected, abs=0.12)
    assert found.color.columns[:2] == pytest.approx(expected, abs=0.12)
    assert found.color.high < 0.2
    assert found.color.within.mean() == pytest.approx(1)


def test_color_of_white_noise_is_flat(cortex):
    found = measure_noise(cortex + 100 * white(), None)
    assert found.color.within == pytest.approx(np.ones((4, 4)), abs=0.25)
    assert found.color.high == pytest.approx(1, abs=0.25)


def test_correlation_between_slices_is_that_of_the_noise(cortex, at_50):
    more, alone = white(slices=SHAPE[0] + 1), at_50[1]
    mixed = measure_noise(cortex + 50 * (more[1:] + 0.5 * more[:-1]) / np.sqrt(1.25), None)
    assert alone.slice_correlation == pytest.approx([0, 0, 0], abs=0.1)
    assert mixed.slice_correlation == pytest.approx([0.4, 0, 0], abs=0.1)
    assert mixed.color.along[0] > 1.3 and mixed.color.along[-1] < 0.7
    assert np.array_equal(alone.color.along, np.ones(4))  # what is left of anatomy is no correlation of the noise
    assert mixed.sd == pytest.approx(50, rel=0.15)


def growing():
    """(SHAPE) SD of the noise: four times as strong at the right as at the left."""
    return np.broadcast_to(40 * np.linspace(0.5, 2, SHAPE[2], dtype=np.float32), SHAPE)


def test_map_follows_noise_that_grows_over_the_slice():
    clean = np.full(SHAPE, MEAN, np.float32)
    clean[:, :8] = 0
    found = measure_noise(clean + growing() * white(), None)
    local = found.local.slab()
    assert local.shape == SHAPE
    np.testing.assert_allclose(local[:, 20:80, 8:], growing()[:, 20:80, 8:], rtol=0.18)
    assert found.sd == pytest.approx(float(np.median(growing())), rel=0.05)


def test_regions_without_flat_tissue_follow_their_neighbors():
    clean = np.full(SHAPE, MEAN, np.float32)
    texture = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(SHAPE), 1.0)
    clean[:, :, 32:64] += (120 / texture.std() * texture)[:, :, 32:64]
    clean[:, :8] = 0
    found = measure_noise(clean + growing() * white(), None)
    np.testing.assert_allclose(found.local.slab()[:, 20:80, 8:], growing()[:, 20:80, 8:], rtol=0.2)
    assert found.sd == pytest.approx(float(np.median(growing())), rel=0.1)  # it was 16 % too low


def test_texture_alone_makes_no_map(cortex):
    noisy = cortex.copy()
    noisy[:, :, :48] = MEAN
    found = measure_noise(noisy + 50 * white(), None)  # in the right half no tissue is flat
    np.testing.assert_allclose(found.local.values, 50, rtol=0.1)


def test_a_slab_of_the_map_equals_the_whole():
    found = measure_noise(np.full(SHAPE, MEAN, np.float32) + 40 * white() * np.linspace(1, 2, SHAPE[1])[:, None], None)
    assert np.array_equal(found.local.slab(5, 9), found.local.slab()[5:9])
    assert found.local.at(np.array([[6, 10, 20]]))[0] == pytest.approx(found.local.slab(6, 7)[0, 10, 20], rel=1e-5)


def test_none_in_a_volume_without_noise(cortex):
    smooth = ndimage.gaussian_filter(cortex, 1.0)
    found = measure_noise(smooth, None)
    assert found.none
    assert "hardly any noise" in found.warnings[0]


def test_rounding_alone_is_none(cortex):
    assert measure_noise(np.round(ndimage.gaussian_filter(cortex, 1.5)), None).none


def test_half_a_percent_is_noise_where_tissue_is_flat():
    found = measure_noise(np.full(SHAPE, MEAN, np.float32) * (white(3) < 9) + 5 * white(), None)
    assert not found.none or found.level < MEAN / 2  # without air the level is not known
    assert found.sd == pytest.approx(5, rel=0.1)


def test_fine_texture_is_not_noise_and_what_is_extrapolated_says_so():
    random = np.random.default_rng(5)
    strength = ndimage.gaussian_filter(random.standard_normal(SHAPE), (3, 6, 6))
    texture = ndimage.gaussian_filter(random.standard_normal(SHAPE), 1.0)
    busy = MEAN + 80 * texture / texture.std() * np.exp(0.6 * strength / strength.std())
    busy[:, :8] = 0
    noisy = (busy + 10 * white()).astype(np.float32)
    found = measure_noise(noisy, None)
    assert noise_sd(noisy, find_noise_blocks(noisy)) > 20  # what homogeneous blocks make of it
    assert found.sd == pytest.approx(10, rel=0.2)
    assert not found.agree
    assert "extrapolated" in found.warnings[0]


@pytest.mark.parametrize("color", ["white", "smooth"])
def test_slices_measured_in_turns_are_not_noise(cortex, color):
    """A scanner that measures slices 1, 3, 5, ... and then 2, 4, 6, ... leaves them of unequal brightness."""
    noise = white() if color == "white" else ndimage.gaussian_filter(white(), (0, 0.6, 0.6))
    noisy = cortex + 50 * noise / noise.std()
    turns = np.where(np.arange(SHAPE[0]) % 2, 1.06, 0.94).astype(np.float32)[:, None, None]
    even, found = measure_noise(noisy, None), measure_noise(noisy * turns, None)
    assert found.sd == pytest.approx(50, rel=0.15)
    assert found.sd == pytest.approx(even.sd, rel=0.1)
    assert found.color.within == pytest.approx(even.color.within, rel=0.3)


def test_units_do_not_matter(at_50):
    noisy, found = at_50
    assert measure_noise(noisy / 2000, None).sd * 2000 == pytest.approx(found.sd, rel=0.02)


def test_padding_is_left_out(cortex):
    noisy, excluded = cortex + 50 * white(), np.zeros(SHAPE, bool)
    noisy[:, :, :40], excluded[:, :, :40] = -3000, True
    noisy[:, 0, 50] = 0  # air
    assert measure_noise(noisy, excluded).sd == pytest.approx(50, rel=0.2)


def test_same_answer_twice_and_the_stack_is_untouched(cortex, at_50):
    noisy, one = cortex + 50 * white(), at_50[1]
    before = noisy.copy()
    two = measure_noise(noisy, None)
    assert one.sd == two.sd and one.slice_correlation == two.slice_correlation
    assert np.array_equal(one.local.values, two.local.values)
    assert np.array_equal(noisy, before)


@pytest.mark.parametrize("shape", [(3, 16, 16), (4, 16, 40), (3, 64, 16)])
def test_small_stacks(shape):
    noisy = 100 + 10 * np.random.default_rng(0).standard_normal(shape)
    noisy[:, :4] -= 100
    found = measure_noise(noisy.astype(np.float32), None)
    assert found.sd == pytest.approx(10, rel=0.35)
    assert found.local.slab().shape == shape
    assert len(found.slice_correlation) == min(3, shape[0] - 1)


def test_nothing_but_constant_background():
    stack = np.zeros((5, 16, 16), np.float32)
    stack[2, 3, 4] = 1
    found = measure_noise(stack, np.ones(stack.shape, bool))
    assert found.sd > 0
    assert not found.agree
    assert found.warnings


def test_gray_step(cortex):
    assert gray_step(np.round(cortex / 4) * 0.01) == pytest.approx(0.01, rel=1e-3)
    assert gray_step(cortex + white()) == 0
