"""Preset "ultrasound": speckle with grains wider than a pixel."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.noise.speckle import SD, Speckle, measure_speckle
from scipy import ndimage

from Testing.Benchmark.simulate_speckle import simulate_speckle

ULTRASOUND = engine.Settings.from_preset("ultrasound", device="cpu")


@pytest.fixture(scope="module")
def case():
    """A bright ball in tissue, (8, 72, 96), grains of about 3 x 4 pixels."""
    k, j, i = np.indices((8, 72, 96))
    ball = (3 * (k - 4)) ** 2 + (j - 36) ** 2 + (i - 48) ** 2 < 20**2
    return simulate_speckle(np.where(ball, -12.0, -24.0), (0.5, 1.3, 1.9), seed=3)


def test_grains_and_sd_of_simulated_speckle(case):
    speckle = measure_speckle(case.noisy.astype(np.float32) / 255)
    assert 2 <= speckle.grain[0] <= 4 and 3 <= speckle.grain[1] <= 6
    cells, truth = (speckle.stabilize(speckle.shrink(v.astype(np.float32) / 255)[0]) for v in (case.noisy, case.truth))
    assert (cells - truth).std() == pytest.approx(SD, rel=0.15)


def test_a_gray_map_changes_nothing(case):
    """Without log compression the SD is proportional to the level; stabilized, it is the same again."""
    linear = 10 ** (case.noisy / case.gray / 20)
    linear = (linear / np.percentile(linear, 99.9)).astype(np.float32)
    speckle = measure_speckle(linear)
    cells = speckle.stabilize(speckle.shrink(linear)[0])
    dark, bright = cells[:, :6].std(), cells[3:5, 10:14, 10:14].std()
    assert 0.6 < dark / bright < 1.7


def test_cells_are_means_and_come_back_at_full_size():
    random = np.random.default_rng(0)
    stack = random.random((3, 32, 33), np.float32)
    speckle = Speckle((2, 4), np.array([0.0, 1.0]), np.array([0.0, 10.0]), 0.1)
    excluded = np.zeros(stack.shape, bool)
    excluded[:, :2, :5] = True
    cells, empty = speckle.shrink(stack, excluded)
    assert cells.shape == (3, 16, 9)
    np.testing.assert_allclose(cells[1, 5, 2], stack[1, 10:12, 8:12].mean(), rtol=1e-6)
    np.testing.assert_allclose(cells[1, 0, 1], stack[1, :2, 5:8].mean(), rtol=1e-6)
    assert empty.sum() == 3 and empty[:, 0, 0].all()
    ramp = np.broadcast_to(np.arange(9, dtype=np.float32), (3, 16, 9))
    large = speckle.enlarge(ramp, (32, 33))
    np.testing.assert_allclose(large[2, 7, 2:33], (np.arange(2, 33) + 0.5) / 4 - 0.5, rtol=1e-5)
    values = np.array([0.0, 0.3, 1.0], np.float32)
    np.testing.assert_allclose(speckle.unstabilize(speckle.stabilize(values)), values, atol=1e-6)


def test_most_of_the_speckle_goes_and_the_ball_stays(case):
    result = engine.denoise(case.noisy, ULTRASOUND, spacing=(1, 0.3, 0.3))
    before, after = ((v - case.truth) / case.gray for v in (case.noisy.astype(float), result.denoised.astype(float)))
    plain = engine.denoise(case.noisy, engine.Settings.from_preset("fast", device="cpu"), spacing=(1, 0.3, 0.3))
    assert np.sqrt(np.mean(after**2)) < 0.35 * np.sqrt(np.mean(before**2))
    assert np.mean(after**2) < 0.6 * np.mean(((plain.denoised - case.truth) / case.gray) ** 2)
    assert abs(after.mean()) < 0.3
    inside, outside = result.denoised[4, 30:42, 40:56].mean(), result.denoised[4, :8].mean()
    assert (inside - outside) / case.gray == pytest.approx(12, abs=1.2)
    assert result.denoised.dtype == np.uint8 and result.weights.shape == case.noisy.shape
    report = result.report
    assert report["stages"][0] == "speckle" and report["speckle"] == [3, 4]
    assert report["noiseAfter"] < 0.5 * report["noiseBefore"] and report["settings"]["speckle"] is True
    assert "grains of the speckle" in engine.describe_stages(report["stages"])


def test_any_axis_strength_and_region(case):
    whole = engine.denoise(case.noisy.astype(np.float32), ULTRASOUND)
    along_i = engine.Settings.from_preset("ultrasound", axis="i", device="cpu")
    turned = engine.denoise(np.moveaxis(case.noisy, 0, 2).astype(np.float32), along_i)
    np.testing.assert_array_equal(np.moveaxis(turned.denoised, 2, 0), whole.denoised)
    wanted = np.zeros(case.noisy.shape, bool)
    wanted[2:6, 20:50, 30:70] = True
    half = engine.Settings.from_preset("ultrasound", strength=0.5, device="cpu")
    part = engine.denoise(case.noisy.astype(np.float32), half, within=wanted)
    np.testing.assert_array_equal(part.denoised[~wanted], case.noisy[~wanted])
    mixed = 0.5 * (case.noisy + whole.denoised)
    inner = np.s_[2:6, 24:46, 34:66]
    np.testing.assert_allclose(part.denoised[inner], mixed[inner], atol=1e-3)
    assert part.report["within"]["voxels"] == wanted.sum()
    assert part.report["stages"][-2:] == ["strength", "within"]


def test_outside_of_the_fan_nothing_changes(case):
    fan = np.abs(np.arange(96) - 48) < 12 + 0.5 * np.arange(72)[:, None]
    noisy = np.where(fan, np.maximum(case.noisy, 1), 0).astype(np.uint8)
    result = engine.denoise(noisy, ULTRASOUND)
    np.testing.assert_array_equal(result.denoised[:, ~fan], 0)
    edge = fan & ~ndimage.binary_erosion(fan, iterations=3)
    edge[:4], edge[-4:] = False, False
    rise = (result.denoised[:, edge].mean() - case.truth[:, edge].mean()) / case.gray
    assert abs(rise) < 1.0  # padding does not shine through
