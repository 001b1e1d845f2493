"""Figures without a reference, on objects whose answers are known."""

import numpy as np
import pytest
from Benchmark.metrics_disc import insert_discs, recovered_contrast
from Benchmark.metrics_edge import TEN_TO_NINETY, edge_places, edge_width
from Benchmark.metrics_leak import leak
from Benchmark.metrics_pet import suv_kept
from Benchmark.metrics_roi import block_noise, mean_shift
from Benchmark.metrics_texture import mean_frequency, noise_power_spectrum, slice_flicker
from Benchmark.metrics_vessel import insert_vessels, recovered_vessels
from Benchmark.regions import Blocks, body_mask, homogeneous_blocks
from scipy import ndimage

SPACING = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def body():
    """A cylinder of tissue (40 HU) with a bone (600 HU) in air: clean, noisy (SD 20), the noise."""
    rows, columns = np.mgrid[:128, :128] - 63.5
    plane = np.where(np.hypot(rows, columns) < 52, 40.0, -1000.0)
    plane[np.hypot(rows - 20, columns) < 9] = 600.0
    clean = ndimage.gaussian_filter(np.repeat(plane[None], 12, axis=0), (0, 0.8, 0.8)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 20, clean.shape).astype(np.float32)
    return clean, clean + noise, noise


def test_noise_and_shift_of_homogeneous_blocks(body):
    clean, noisy, _ = body
    blocks = homogeneous_blocks(noisy, count=40)
    assert blocks.shape == (4, 12, 12)
    assert block_noise(noisy, blocks) == pytest.approx(20.0, rel=0.03)
    assert block_noise(clean, blocks) < 0.5
    shifted = noisy + np.where(noisy < 5000, 2.5, 0)
    shift = mean_shift(noisy, shifted, blocks)
    assert shift == pytest.approx({"mean": 2.5, "median": 2.5, "worst": 2.5}, abs=1e-4)


def test_a_tilt_is_not_noise():
    rows, columns = np.mgrid[:24, :24]
    tilt = (3.0 * rows - 2.0 * columns)[None].repeat(4, axis=0)
    blocks = Blocks(np.array([[0, 0, 0], [0, 12, 12]]), (4, 12, 12))
    assert block_noise(tilt, blocks) == pytest.approx(0.0, abs=1e-9)


def test_a_volume_without_tissue_says_so():
    with pytest.raises(ValueError, match="no block"):
        homogeneous_blocks(np.full((8, 64, 64), -1000.0, np.float32))


def test_body_mask_is_the_body(body):
    mask = body_mask(body[1])
    assert mask.mean() == pytest.approx(np.pi * 52**2 / 128**2, rel=0.06)


def test_leak_is_one_where_only_noise_went_and_more_where_edges_went(body):
    clean, noisy, _ = body
    mask = body_mask(noisy)
    only_noise = leak(noisy, clean, mask)
    np.testing.assert_allclose(only_noise, 1.0, atol=0.1)
    smeared = leak(noisy, ndimage.gaussian_filter(clean, (0, 2, 2)), mask)
    assert smeared[0] == 1.0
    assert smeared[-1] > 3.0


def test_edge_width_of_a_blurred_edge():
    rows, columns = np.mgrid[:160, :160] - 79.5
    disk = np.where(np.hypot(rows, columns) < 55, 1000.0, 0.0)[None].repeat(2, axis=0)
    sharp, soft = (ndimage.gaussian_filter(disk, (0, sd, sd)) for sd in (1.5, 2.5))
    places, gradients = edge_places(sharp, np.ones(disk.shape, bool))
    assert len(places) > 100
    for volume, sd in ((sharp, 1.5), (soft, 2.5)):
        expected = TEN_TO_NINETY * np.sqrt(sd**2 + 2 / 12) * 0.7  # pixels and bilinear reading widen it a little
        assert edge_width(volume, places, gradients, 0.7) == pytest.approx(expected, rel=0.06)


def test_spectrum_of_white_noise_is_flat_and_of_smoothed_noise_is_not():
    noise = np.random.default_rng(1).normal(0, 5, (30, 96, 96))
    blocks = Blocks(np.array([[k, j, i] for k in range(30) for j in (0, 32, 64) for i in (0, 32, 64)]), (1, 32, 32))
    frequencies, power = noise_power_spectrum(noise, blocks, (1.0, 0.8, 0.8))
    np.testing.assert_allclose(power, 25 * 0.8**2, rtol=0.06)
    smoothed = ndimage.gaussian_filter(noise, (0, 1.5, 1.5), mode="wrap")
    _, low = noise_power_spectrum(smoothed, blocks, (1.0, 0.8, 0.8))
    assert mean_frequency(frequencies, low) < 0.5 * mean_frequency(frequencies, power)
    # Parseval: the power over the frequency plane is the variance
    full = np.mean(np.abs(np.fft.fft2(noise[:, :32, :32], axes=(1, 2))) ** 2) / 32**2
    assert full == pytest.approx(25, rel=0.05)


def test_flicker_is_the_sd_of_slice_means_and_blind_to_ramps():
    rng = np.random.default_rng(2)
    offsets = rng.normal(0, 3, 400)
    volume = np.repeat(np.repeat(offsets[:, None, None], 12, 1), 12, 2) + np.arange(400)[:, None, None] * 7.0
    blocks = Blocks(np.array([[k, 0, 0] for k in range(0, 396, 4)]), (4, 12, 12))
    assert slice_flicker(volume, blocks) == pytest.approx(3.0, rel=0.15)
    ramp = np.arange(400.0)[:, None, None] + np.zeros((1, 12, 12))
    assert slice_flicker(ramp, blocks) == pytest.approx(0.0, abs=1e-9)
    assert slice_flicker(ramp, Blocks(blocks.corners, (1, 12, 12))) is None


def test_disc_contrast_is_recovered_by_the_identity_and_a_perfect_denoiser_and_lost_by_a_blur(body):
    clean, noisy, _ = body
    inserted, discs = insert_discs(noisy, 30.0, SPACING)
    assert len(discs.centers) >= 4
    assert recovered_contrast(inserted, discs) == pytest.approx(1.0, abs=0.02)
    assert recovered_contrast(noisy, discs) == pytest.approx(0.0, abs=1e-6)
    identity = recovered_contrast(inserted, discs)
    assert recovered_contrast(clean + (inserted - noisy), discs) == pytest.approx(identity, abs=0.003)
    assert recovered_contrast(ndimage.gaussian_filter(inserted, (0, 5, 5)), discs) < 0.6


def test_vessel_contrast_is_recovered_by_the_identity_and_lost_by_a_mean_over_slices(body):
    clean, noisy, _ = body
    inserted, vessels = insert_vessels(noisy, 60.0, SPACING)
    assert len(vessels.corners) >= 4
    assert recovered_vessels(inserted, vessels) == pytest.approx(1.0, abs=1e-4)
    assert recovered_vessels(noisy, vessels) == pytest.approx(0.0, abs=1e-6)
    assert recovered_vessels(clean + (inserted - noisy), vessels) == pytest.approx(1.0, abs=0.03)
    assert recovered_vessels(noisy + 0.4 * (inserted - noisy), vessels) == pytest.approx(0.4, abs=1e-4)
    assert recovered_vessels(ndimage.uniform_filter1d(inserted, 5, axis=0), vessels) < 0.6


def test_hot_spots_of_pet():
    volume = np.full((30, 40, 40), 0.5, np.float32)
    volume[14:17, 9:12, 9:12] = 8.0
    volume[14:17, 29:32, 29:32] = 5.0
    spacing = (3.0, 4.0, 4.0)
    assert suv_kept(volume, volume, spacing) == pytest.approx({"suvMaxKept": 1.0, "suvPeakKept": 1.0})
    halved = np.where(volume > 1, volume / 2, volume)
    assert suv_kept(volume, halved, spacing, spots=2)["suvMaxKept"] == pytest.approx(0.5)
