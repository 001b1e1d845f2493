"""Each method beats the noisy input on small data that fits its assumption; optional packages skip with a reason."""

import numpy as np
import pytest
from Benchmark import Peers
from Benchmark.case import CannotRun, Case
from Benchmark.metrics_reference import psnr
from Benchmark.simulate_mr import add_rician_noise
from Benchmark.synthetic import synthetic_head

SMALL = {
    "n2v": {"steps": 150, "batch": 4, "crop": 32, "width": 8},
    "nb2nb": {"steps": 40, "batch": 2, "crop": 48, "width": 8},
    "zs-n2n": {"iterations": 50, "every": 6},
    "dip": {"width": 16, "levels": 2, "every": 10, "iterations": 300},
    "n2n": {"steps": 40, "batch": 4, "crop": 32, "width": 8, "learning_rate": 5e-3},
    "n2c": {"steps": 40, "batch": 4, "crop": 32, "width": 8, "learning_rate": 5e-3},
    "n2c-own": {"steps": 40, "batch": 4, "crop": 32, "width": 8, "learning_rate": 5e-3},
    "bm3d": {"every": 6},
    "nsn2n": {"steps": 20, "batch": 4, "crop": 32, "width": 8, "levels": 2, "learning_rate": 5e-3},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """These tests are too small to gain from threads."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def case():
    """A synthetic head with weak Rician noise: white and independent, so it fits every method here."""
    clean = synthetic_head((40, 48, 48))[17:23]
    noisy, sigma = add_rician_noise(clean, 0.08, seed=0)

    def training(seed):
        other = synthetic_head((40, 48, 48), seed=9)[17:23]
        first, second = (add_rician_noise(other, 0.08, [seed, n])[0] for n in (1, 2))
        return other, first, second

    mask = clean > 0.15 * clean.max()
    return Case(noisy, (1.0, 1.0, 1.0), sigma, True, clean, None, mask, float(clean.max()), training)


@pytest.mark.parametrize("key", [key for key in Peers.METHODS if key != "noisy"])
def test_beats_the_noisy_input(key, case):
    module = Peers.load(key)
    best, wanted = -np.inf, psnr(case.reference, case.noisy, case.data_range, case.mask) + 1.0
    for sweep in module.SWEEP:
        try:
            result = module.denoise(case, 0, lambda fraction: None, **{**sweep, **SMALL.get(key, {})})
        except CannotRun as reason:
            pytest.skip(str(reason))
        volume, slices = result if isinstance(result, tuple) else (result, list(range(len(case.noisy))))
        assert volume.shape == case.noisy.shape
        assert volume.dtype == np.float32
        score = psnr(case.reference[slices], volume[slices], case.data_range, case.mask[slices])
        best = max(best, score)
        if best > wanted or (key in SMALL and "iterations" in SMALL[key]):
            break
    assert best > wanted


@pytest.mark.parametrize("key", ["n2v", "nb2nb", "n2c"])
def test_same_seed_same_result(key, case):
    module = Peers.load(key)
    settings = {**SMALL[key], "steps": 3}
    first, again, other = (module.denoise(case, seed, lambda f: None, **settings) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noisy_is_the_input(case):
    assert Peers.load("noisy").denoise(case, 0, None) is case.noisy


def test_supervised_methods_say_that_they_lack_training_data(case):
    alone = Case(case.noisy, case.spacing, case.sigma)
    with pytest.raises(CannotRun, match="training pairs"):
        Peers.load("n2c").denoise(alone, 0, lambda f: None)
    with pytest.raises(CannotRun, match="truth of this volume"):
        Peers.load("n2c-own").denoise(alone, 0, lambda f: None)


def test_blind_pixels_never_keep_their_own_value():
    import torch
    from Benchmark.Peers.noise2void import RADIUS, mask_pixels

    image = torch.arange(64.0 * 64).reshape(1, 1, 64, 64)
    for seed in range(5):
        blinded, blind = mask_pixels(image, torch.Generator().manual_seed(seed))
        inner = blind.clone()
        inner[..., :RADIUS, :] = inner[..., -RADIUS:, :] = inner[..., :RADIUS] = inner[..., -RADIUS:] = False
        assert inner.sum() > 20
        assert (blinded[inner] != image[inner]).all()
        assert torch.equal(blinded[~blind], image[~blind])
        moved = blinded[inner] - image[inner]
        down = torch.round(moved / 64)
        assert down.abs().max() <= RADIUS
        assert (moved - 64 * down).abs().max() <= RADIUS


def test_sub_images_take_touching_pixels_of_each_cell():
    import torch
    from Benchmark.Peers.neighbor2neighbor import draw_pairs, gather

    image = torch.arange(64.0).reshape(1, 1, 8, 8)
    pairs = draw_pairs(image, torch.Generator().manual_seed(0))
    first, second = gather(image, pairs)
    assert first.shape == second.shape == (1, 1, 4, 4)
    assert set((first - second).abs().flatten().tolist()) <= {1.0, 8.0}
    rows, columns = first[0, 0] // 16, first[0, 0] % 8 // 2
    torch.testing.assert_close(rows, torch.arange(4.0)[:, None].expand(4, 4).contiguous())
    torch.testing.assert_close(columns, torch.arange(4.0)[None].expand(4, 4).contiguous())


def test_diagonal_down_sampling():
    import torch
    from Benchmark.Peers.zero_shot_noise2noise import downsample

    first, second = downsample(torch.tensor([[[[1.0, 2.0], [4.0, 8.0]]]]))
    assert (first.item(), second.item()) == (3.0, 4.5)
