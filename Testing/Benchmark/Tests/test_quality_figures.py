"""The engine's figures of a result against the benchmark's own implementations and closed forms."""

import numpy as np
import pytest
from Benchmark.metrics_leak import leak as benchmark_leak
from Benchmark.metrics_texture import noise_power_spectrum
from Benchmark.regions import Blocks
from NSN2NDenoiseLib.engine.judge.edges import edge_transfer
from NSN2NDenoiseLib.engine.judge.leak import leak
from NSN2NDenoiseLib.engine.judge.limits import check_limits
from NSN2NDenoiseLib.engine.judge.residual import residual_correlation
from NSN2NDenoiseLib.engine.judge.shift import shift_by_tissue, shift_map
from NSN2NDenoiseLib.engine.judge.spectrum import Windows, find_windows, noise_power, window_sd
from scipy import ndimage


@pytest.fixture(scope="module")
def scan():
    """Clean and noisy: soft tissue of 50 HU with a bone and a lung in air, noise of SD 20 HU; (16, 160, 160)."""
    rows, columns = np.mgrid[:160, :160] - 79.5
    plane = np.where(np.hypot(rows, columns) < 72, 50.0, -1000.0)
    plane[np.hypot(rows - 35, columns) < 16] = 600.0
    plane[np.hypot(rows + 25, columns + 25) < 20] = -800.0
    clean = np.repeat(ndimage.gaussian_filter(plane, 0.8)[None], 16, axis=0).astype(np.float32)
    return clean, clean + np.random.default_rng(0).normal(0, 20, clean.shape).astype(np.float32)


def everywhere(stack):
    return np.ones(stack.shape, bool), np.arange(len(stack))


def test_leak_agrees_with_the_benchmarks(scan):
    clean, noisy = scan
    inside, slices = everywhere(clean)
    for result in (clean, ndimage.gaussian_filter(clean, (0, 2, 2))):
        expected = benchmark_leak(noisy, result, inside)
        np.testing.assert_allclose(leak(noisy, result, inside, slices), expected, rtol=1e-4)
    assert leak(noisy, noisy, inside, slices) == []


def test_spectrum_agrees_with_the_benchmarks_and_with_white_noise():
    noise = np.random.default_rng(1).normal(0, 5, (30, 96, 96))
    corners = np.array([[k, j, i] for k in range(30) for j in (0, 32, 64) for i in (0, 32, 64)])
    frequencies, power = noise_power(noise, Windows(corners, 32), (0.8, 0.8))
    expected = noise_power_spectrum(noise, Blocks(corners, (1, 32, 32)), (1.0, 0.8, 0.8))
    np.testing.assert_allclose(frequencies, expected[0])
    np.testing.assert_allclose(power[3:], expected[1][3:], rtol=0.03)  # below, the polynomial takes power away
    np.testing.assert_allclose(power[3:], 25 * 0.8**2, rtol=0.08)
    assert window_sd(noise, Windows(corners, 32)) == pytest.approx(5.0, rel=0.02)


def test_a_tilted_and_bent_window_has_no_noise():
    y, x = np.mgrid[:32, :32]
    bent = (0.1 * x * y - 0.3 * y**2 + 2 * x + 7)[None].astype(float)
    assert window_sd(bent, Windows(np.array([[0, 0, 0]]), 32)) == pytest.approx(0.0, abs=1e-9)


def test_windows_are_flat_tissue(scan):
    clean, noisy = scan
    inside = ndimage.binary_erosion(np.abs(clean - 50) < 5, np.ones((1, 3, 3)))
    found = find_windows(noisy, inside, np.arange(16))
    assert found is not None and len(found.corners) >= 12
    assert np.abs(found.cut(clean) - 50).max() < 6
    assert window_sd(noisy, found) == pytest.approx(20, rel=0.05)
    assert find_windows(noisy, np.zeros(clean.shape, bool), np.arange(16)) is None


def test_correlation_of_pure_noise_of_correlated_noise_and_of_anatomy(scan):
    clean, noisy = scan
    inside, slices = everywhere(clean)
    found = residual_correlation(noisy, clean, inside, slices)
    assert found["sd"] == pytest.approx(20, rel=0.02)
    for value in (found["withImage"], found["acrossSlices"], *found["rows"], *found["columns"]):
        assert value == pytest.approx(0.0, abs=0.02)
    soft = ndimage.gaussian_filter(noisy - clean, (1.0, 0, 1.5), mode="wrap")
    found = residual_correlation(clean + soft, clean, inside, slices)
    assert found["acrossSlices"] == pytest.approx(np.exp(-1 / 4), abs=0.05)  # of a Gaussian of SD 1: exp(-lag^2 / 4)
    expected = [np.exp(-(lag**2) / (4 * 1.5**2)) for lag in (1, 2, 3)]
    np.testing.assert_allclose(found["columns"], expected, atol=0.05)
    np.testing.assert_allclose(found["rows"], 0, atol=0.05)
    darker = residual_correlation(noisy, 0.95 * clean, inside, slices)  # a denoiser that also scales anatomy down
    assert darker["withImage"] > 0.3 and darker["acrossSlices"] > 0.3
    assert residual_correlation(noisy, noisy, inside, slices)["withImage"] is None


def test_shift_by_tissue_is_what_was_added(scan):
    clean, noisy = scan
    changed = noisy + np.where(clean > 300, -4.0, np.where(clean < -600, 2.0, 0.5)).astype(np.float32)
    found = {row["name"]: row for row in shift_by_tissue(noisy, changed)}
    assert set(found) == {"lung", "soft tissue", "bone and contrast agent"}
    assert found["soft tissue"]["shift"] == pytest.approx(0.5, abs=0.01)
    assert found["lung"]["shift"] == pytest.approx(2.0, abs=0.01)
    assert found["bone and contrast agent"]["shift"] == pytest.approx(-4.0, abs=0.01)
    assert found["soft tissue"]["mean"] == pytest.approx(50, abs=1)
    excluded = clean < -600
    assert "lung" not in {row["name"] for row in shift_by_tissue(noisy, changed, excluded)}


def test_shift_without_hounsfield_units_goes_by_thirds():
    stack = np.repeat(np.repeat(np.repeat([[100.0, 200.0, 300.0]], 60, axis=0), 40, axis=1)[None], 6, axis=0)
    changed = np.where(stack == 200.0, 203.0, stack)
    found = shift_by_tissue(stack, changed)
    assert max(row["shift"] for row in found) > 1.0
    assert sum(row["voxels"] * row["shift"] for row in found) > 0


def test_shift_map_averages_noise_away_and_shows_a_step(scan):
    clean, noisy = scan
    changed = clean[0].copy()
    changed[:, 80:] += 5.0
    found = shift_map(noisy[0], changed)
    assert found[40:120, 100:140].mean() == pytest.approx(5.0, abs=1.3)
    assert found[40:120, 20:60].mean() == pytest.approx(0.0, abs=1.3)
    assert found[:, 20:60].std() < 20 / 8


@pytest.fixture(scope="module")
def edges():
    """Discs of three contrasts, edges softened by 1 pixel; (12, 240, 240), and the same with noise of SD 10."""
    rows, columns = np.mgrid[:240, :240]
    plane = np.zeros((240, 240))
    for n, height in enumerate((60.0, 120.0, 300.0)):
        for place in (40, 120, 200):
            plane[np.hypot(rows - place, columns - 40 - 80 * n) < 24] = height
    clean = np.repeat(ndimage.gaussian_filter(plane, 1.0)[None], 12, axis=0).astype(np.float32)
    return clean, clean + np.random.default_rng(0).normal(0, 10, clean.shape).astype(np.float32)


def test_transfer_at_edges_of_the_image_is_the_known_blurs(edges):
    clean, noisy = edges
    found = edge_transfer(noisy, ndimage.gaussian_filter(clean, (0, 1.2, 1.2)), *everywhere(clean), 10.0, (0.8, 0.8))
    assert [row["from"] for row in found] == [4.0, 8.0, 16.0]
    for row, step in zip(found, (60, 120, 300), strict=True):
        assert row["step"] == pytest.approx(step, rel=0.06) and row["edges"] >= 60
        frequency = np.array(row["frequency"])
        expected = np.exp(-2 * (np.pi * 1.2 * 0.8 * frequency) ** 2)
        np.testing.assert_allclose(row["transfer"], expected, atol=0.08)
        assert row["half"] == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * 1.2 * 0.8), abs=0.03)


def test_the_error_of_the_transfer_is_its_spread_over_draws_of_noise(edges):
    clean = edges[0][:4, :, :80]  # few weak edges
    found = []
    for seed in range(12):
        noisy = clean + np.random.default_rng(seed).normal(0, 14, clean.shape).astype(np.float32)
        found += edge_transfer(noisy, clean, *everywhere(clean), 14.0, (0.8, 0.8))
    count = min(len(row["transfer"]) for row in found) // 2
    transfers, errors = (np.array([row[key][:count] for row in found]) for key in ("transfer", "error"))
    spread = np.sqrt(np.square(transfers - 1).mean(axis=0))
    assert spread.max() > 0.05
    np.testing.assert_allclose(errors.mean(axis=0), spread, rtol=0.5)


@pytest.mark.parametrize(("transfer", "error", "passed"), [(0.85, 0.04, True), (0.85, 0.01, False), (0.91, 0.0, True)])
def test_edges_fail_their_limit_only_as_far_as_they_are_known(transfer, error, passed):
    unknown = {"noiseAfter": None, "meanShift": None, "spectrum": None}
    nothing = {"shiftByTissue": [], "leak": [], "sliceCorrelation": [], "identical": False}
    residual = {"withImage": None, "acrossSlices": None}
    edges = [{"transfer": [1.0, transfer, 1.0, 0.1], "error": [0.0, error, 0.0, 0.0]}]
    (row,) = check_limits({"noiseBefore": 10.0, **unknown, **nothing, "residual": residual, "edges": edges})
    assert row["passed"] is passed and row["name"].startswith("Edges left")
    assert row["value"] == pytest.approx(transfer + 2 * error)


def test_a_perfect_denoiser_blurs_no_edge_and_one_that_halves_weak_ones_shows(edges):
    clean, noisy = edges
    for row in edge_transfer(noisy, clean, *everywhere(clean), 10.0, (0.8, 0.8)):
        np.testing.assert_allclose(row["transfer"], 1.0, atol=0.1)
        assert row["half"] is None
    weak = np.where(np.arange(240) < 80, 0.5 * clean, clean)
    first, *others = edge_transfer(noisy, weak, *everywhere(clean), 10.0, (0.8, 0.8))
    assert first["transfer"][0] == pytest.approx(0.5, abs=0.05)
    assert all(row["transfer"][0] == pytest.approx(1.0, abs=0.05) for row in others)
    assert edge_transfer(noisy, clean, *everywhere(clean), 0.0, (0.8, 0.8)) == []
    flat = np.random.default_rng(1).normal(0, 10, (6, 96, 96)).astype(np.float32)
    assert edge_transfer(flat, 0 * flat, *everywhere(flat), 10.0, (1.0, 1.0)) == []
