"""Inserted spheres, their recovery and detection, TTF and NPS, where the answer is known."""

import numpy as np
import pytest
from Benchmark.metrics_lesion import contrast_by_cell, cut, detection_by_cell, image, image_side
from Benchmark.metrics_texture import noise_power_spectrum
from Benchmark.metrics_ttf import add_disc, edge_profile, frequency_at, task_transfer
from Benchmark.regions import Blocks
from NSN2NDenoiseLib.engine.judge.lesions import draw_lesions, insert, recovered, sphere
from NSN2NDenoiseLib.engine.judge.sites import Sites, find_sites
from scipy import ndimage

SPACING = (1.0, 0.8, 0.8)


@pytest.fixture(scope="module")
def tissue():
    """Tissue of 40 HU in air, noise of SD 10 HU, int16."""
    rows, columns = np.mgrid[:256, :256] - 127.5
    plane = np.where(np.hypot(rows, columns) < 115, 40.0, -1000.0)
    noise = np.random.default_rng(0).normal(0, 10, (40, 256, 256))
    return np.rint(plane + noise).astype(np.int16)


@pytest.fixture(scope="module")
def sites(tissue):
    return find_sites(tissue, SPACING, 6.0)


@pytest.mark.parametrize("diameter", [2.0, 4.0, 12.0])
def test_a_sphere_has_its_volume_and_its_width(diameter):
    profile = sphere(diameter, SPACING)
    assert profile.sum() * np.prod(SPACING) == pytest.approx(np.pi / 6 * diameter**3, rel=0.02)
    assert all(n % 2 for n in profile.shape)
    np.testing.assert_allclose(profile, profile[::-1, ::-1, ::-1], atol=1e-12)
    if diameter == 12.0:
        middle = profile[profile.shape[0] // 2, profile.shape[1] // 2]
        assert middle[profile.shape[2] // 2] == pytest.approx(1.0, abs=1e-6)
        assert (middle > 0.5).sum() * 0.8 == pytest.approx(diameter, abs=1.0)


def test_sites_lie_in_tissue_and_apart(tissue, sites):
    assert len(sites) > 80
    j, i = sites.centers.T[1:]
    assert (np.hypot(j - 127.5, i - 127.5) < 115 - 4).all()
    apart = np.abs(sites.centers[:, None] - sites.centers[None])
    near = (apart < (8, 24, 24)).all(axis=2)
    assert near.sum() == len(sites)
    assert sites.tissue == pytest.approx(1040, abs=2)
    assert 0.3 < sites.textured.mean() <= 0.5


def test_kinds_of_lesions_are_even_and_repeatable(sites):
    lesions = draw_lesions(sites, (10.0, 40.0), (3.0, 6.0), seed=4)
    assert len(lesions) == len(sites)
    kinds = list(zip(lesions.contrasts, lesions.diameters, strict=True))
    counts = [kinds.count(kind) for kind in set(kinds)]
    assert len(counts) == 8 and max(counts) - min(counts) <= 1
    again = draw_lesions(sites, (10.0, 40.0), (3.0, 6.0), seed=4)
    np.testing.assert_array_equal(lesions.contrasts, again.contrasts)
    assert len(draw_lesions(sites, (10.0,), (3.0,), 0, part=0.5)) == round(0.5 * len(sites))


def test_a_lesion_at_the_border_is_cut_off():
    sites = Sites(np.array([[0, 2, 37]]), np.zeros(1), 1.0, SPACING)
    stack = np.zeros((6, 40, 40), np.float32)
    lesions = draw_lesions(sites, (10.0,), (6.0,), 0)
    changed = insert(stack, lesions)
    assert changed[0, 2, 37] == pytest.approx(lesions.contrasts[0], rel=1e-5)
    assert recovered(changed, stack, lesions)[0] == pytest.approx(1.0)


def test_integers_are_clipped():
    sites = Sites(np.array([[3, 20, 20]]), np.zeros(1), 1.0, SPACING)
    stack = np.full((6, 40, 40), 250, np.uint8)
    lesions = draw_lesions(sites, (40.0,), (8.0,), 1)
    changed = insert(stack, lesions)
    assert changed.dtype == np.uint8
    assert changed.max() <= 255 and (changed.max() == 255 or changed.min() == 210)


def test_recovery_of_the_identity_a_loss_and_a_blur(tissue, sites):
    lesions = draw_lesions(sites, (20.0, 40.0), (4.0, 6.0), 0)
    inserted = insert(tissue, lesions)
    rows = contrast_by_cell([(inserted, tissue)], [lesions])
    assert {(r["contrast"], r["diameter"]) for r in rows} == {(c, d) for c in (20.0, 40.0) for d in (4.0, 6.0)}
    for row in rows:
        assert row["recovered"] == pytest.approx(1.0, abs=0.02)
        assert row["brighter"] == pytest.approx(row["darker"], abs=0.03)
    half = tissue + 0.5 * (inserted.astype(float) - tissue)
    assert recovered(half, tissue, lesions).mean() == pytest.approx(0.5, abs=0.01)
    only_bright = np.where(inserted > tissue, inserted, tissue)
    for row in contrast_by_cell([(only_bright, tissue)], [lesions]):
        assert row["brighter"] == pytest.approx(1.0, abs=0.03) and row["darker"] == pytest.approx(0.0, abs=0.01)
    profile = np.pad(sphere(4.0, SPACING), 6)
    expected = (ndimage.gaussian_filter(profile, 1.2) * profile).sum() / np.square(profile).sum()
    small = draw_lesions(sites, (40.0,), (4.0,), 0)
    blurred = [ndimage.gaussian_filter(v.astype(float), 1.2) for v in (insert(tissue, small), tissue)]
    assert np.median(recovered(*blurred, small)) == pytest.approx(expected, abs=0.02)


def test_detection_rises_with_contrast_and_with_denoising(tissue, sites):
    lesions = draw_lesions(sites, (5.0, 20.0), (4.0,), 0)
    inserted = insert(tissue, lesions)
    found = {r["contrast"]: r for r in detection_by_cell([(inserted, tissue)], [lesions]) if r["textured"] is None}
    quiet = np.where(tissue > -500, 40 + 0.4 * (tissue - 40.0), tissue)  # 60 % of the noise is gone, nothing else
    result = [(quiet + (inserted.astype(float) - tissue), quiet)]
    better = {r["contrast"]: r for r in detection_by_cell(result, [lesions]) if r["textured"] is None}
    for name in ("laguerreGauss", "matchedFilter"):
        assert found[5.0][name]["auc"] < found[20.0][name]["auc"]
        assert found[5.0][name]["auc"] < better[5.0][name]["auc"]


def test_images_around_a_center():
    volume = np.arange(3 * 30 * 30).reshape(3, 30, 30)
    assert image_side(2.0, 0.8) == 17 and image_side(12.0, 0.8) == 45
    found = cut(volume, (1, 15, 15), 5)
    np.testing.assert_array_equal(found, volume[1, 13:18, 13:18])
    assert cut(volume, (1, 0, 29), 5)[2, 2] == volume[1, 0, 29]
    lesion = np.full((1, 41, 41), 70.0)
    lesion[0, 18:23, 18:23] += 6.0
    seen = image(lesion, (0, 20, 20), 31, 3.0)
    assert seen[15, 15] == 6.0 and seen[0, 0] == 0.0


@pytest.mark.parametrize("blur", [0.8, 1.5])
def test_ttf_of_a_known_blur_is_the_gaussians(blur):
    center, radius, mm = (63.3, 64.8), 20.0, 0.7
    disc = add_disc((3, 128, 128), center, radius, 20.0)
    frequencies, ttf = task_transfer(ndimage.gaussian_filter(disc, (0, blur, blur)), disc, center, radius, mm)
    expected = np.exp(-2 * (np.pi * blur * mm * frequencies) ** 2)
    usable = expected > 0.2  # beyond, the pixels of the disc itself show
    np.testing.assert_allclose(ttf[usable], expected[usable], atol=0.03)
    half = np.sqrt(np.log(2) / 2) / (np.pi * blur * mm)
    assert frequency_at(frequencies, ttf, 0.5) == pytest.approx(half, rel=0.04)


def test_ttf_shows_lost_contrast_and_an_untouched_edge():
    center, radius = (40.0, 40.0), 15.0
    disc = add_disc((2, 80, 80), center, radius, -10.0)
    frequencies, ttf = task_transfer(disc, disc, center, radius, 1.0)
    np.testing.assert_allclose(ttf, 1.0)
    assert frequency_at(frequencies, ttf, 0.5) is None
    np.testing.assert_allclose(task_transfer(0.7 * disc, disc, center, radius, 1.0)[1], 0.7, atol=1e-5)
    offsets, profile = edge_profile(disc, center, radius)
    assert profile[0] == pytest.approx(-10.0) and profile[-1] == pytest.approx(0.0, abs=1e-4)
    assert np.interp(0.0, offsets, profile) == pytest.approx(-5.0, abs=0.4)


def test_nps_of_filtered_noise_is_the_filters_gain():
    random = np.random.default_rng(3)
    noise = random.normal(0, 7, (40, 96, 96))
    soft = ndimage.gaussian_filter(noise, (0, 1.0, 1.0), mode="wrap")
    blocks = Blocks(np.array([[k, j, i] for k in range(40) for j in (0, 32, 64) for i in (0, 32, 64)]), (1, 32, 32))
    frequencies, before = noise_power_spectrum(noise, blocks, (1.0, 0.8, 0.8))
    _, after = noise_power_spectrum(soft, blocks, (1.0, 0.8, 0.8))
    gain = np.exp(-4 * (np.pi * 1.0 * 0.8 * np.array(frequencies)) ** 2)  # |exp(-2 pi^2 s^2 f^2)|^2
    usable = (gain > 0.05) & (np.array(frequencies) > 0.1)
    np.testing.assert_allclose((np.array(after) / before)[usable], gain[usable], rtol=0.12)
