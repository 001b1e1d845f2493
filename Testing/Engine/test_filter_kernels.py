"""The compiled kernels of the filters: they do what torch does."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib.engine.filter import bayes, collaborative, on_cpu
from NSN2NDenoiseLib.engine.filter.bands import group_size, in_bands, most_by_chance, places_around
from NSN2NDenoiseLib.engine.filter.bayes import GUIDE_STEPS, STEPS, VARIANCES, bayes_filter
from NSN2NDenoiseLib.engine.filter.collaborative import threshold_filter
from NSN2NDenoiseLib.engine.filter.groups import (
    BLOCK,
    Groups,
    chance_number,
    chances,
    cosine_transform,
    find_groups,
    hadamard,
    kaiser_window,
)

from Testing.Engine.phantoms import noise_model

numba = pytest.importorskip("numba")
from NSN2NDenoiseLib.engine.filter import kernels, shrinkage  # noqa: E402  (they need numba)
from NSN2NDenoiseLib.engine.runtime.compiled_code import compiled  # noqa: E402


def noise(shape, sd, seed=0):
    return np.random.default_rng(seed).normal(0, sd, shape).astype(np.float32)


def anatomy(shape):
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape), indexing="ij")
    return (0.5 + 0.2 * np.sign(np.sin(j / 4) * np.sin(i / 5 + k / 9))).astype(np.float32)


def filtered(before, guide, sd=0.1, excluded=None, by=bayes_filter):
    return by(before, guide, noise_model(before.shape, sd), excluded)


def kept(part):
    """What is compiled into its callers, by itself, and kept as they are: compiling it takes ten seconds."""
    return compiled(part.py_func)


def on_torch(monkeypatch):
    for module in (bayes, collaborative):
        monkeypatch.setattr(module, "can_compile", lambda *_: False)


@pytest.mark.parametrize(("shape", "start", "step"), [((10, 40, 37), 3, 3), ((4, 22, 70), 0, 2), ((6, 12, 8), 2, 4)])
def test_a_slab_is_filtered_as_by_torch(shape, start, step):
    noisy = torch.from_numpy(anatomy(shape) + noise(shape, 0.1))
    guide = torch.from_numpy(anatomy(shape) + noise(shape, 0.02, 1))
    unit = torch.from_numpy(0.1 + 0.02 * anatomy(shape))
    sd, window = torch.linspace(0.5, 1.5, 64), kaiser_window(BLOCK)
    groups = find_groups(guide, unit, start, BLOCK, step, (3, 4, 4))
    sums = torch.zeros(2, 2, *shape)
    collaborative._filter_groups(noisy, unit, groups, cosine_transform(BLOCK), window, sd, *sums[0])
    on_cpu.filter_slab(noisy, guide, unit, start, step, (3, 4, 4), sd, window, 3.0, *sums[1])
    assert sums[0, 1].max() > 0
    assert torch.allclose(sums[1], sums[0], rtol=1e-3, atol=1e-4 * float(sums[0].max()))


@pytest.mark.parametrize(
    ("shape", "start", "corner"), [((7, 30, 71), 2, (0, 0)), ((4, 9, 8), 0, (0, 0)), ((6, 30, 71), 2, (480, 200))]
)
def test_the_groups_are_those_of_torch(shape, start, corner):
    slab, unit = torch.from_numpy(anatomy(shape) + noise(shape, 0.05)), torch.full(shape, 0.05)
    found = find_groups(slab, unit, start, BLOCK, 2, (3, 4, 4), corner).first.numpy()
    places = places_around(shape, start, BLOCK, (3, 4, 4))
    alike, chance = most_by_chance(unit[start], BLOCK, 2), chances().numpy()
    refs = (shape[2] - 4) // 2 + 1
    nearest_blocks = kept(kernels.nearest_blocks)
    at_once = kernels.blocks_at_once(2)
    firsts = np.zeros((len(found), 16), np.uint32)
    for row in range(0, shape[1] - 3, 2):
        for first in range(0, refs, at_once):
            count, number = min(at_once, refs - first), row // 2 * refs + first
            nearest_blocks(
                slab.numpy().ravel(), shape, start, row, 2 * first, count, 2, BLOCK, places,
                alike[number : number + count], chance, chance_number(corner[0] + row, corner[1] + 2 * first, 2), 16,
                firsts[number : number + count].reshape(-1),
            )  # fmt: skip
    assert np.array_equal(firsts[:, 0], found[:, 0])
    assert (firsts == found).mean() > 0.999  # equal distances but for rounding


def test_the_transforms_are_the_matrices():
    blocks = noise((16, 64), 1.0)
    expected = (hadamard(16) @ (torch.from_numpy(blocks) @ cosine_transform(BLOCK).T)).numpy()
    found, scratch = np.zeros(1024, np.float32), np.zeros(1024, np.float32)
    firsts = (64 * np.arange(16)).astype(np.uint32)  # as a volume of 64 slices, 4 x 4: the blocks follow each other
    kept(shrinkage.coefficients)(blocks.ravel(), 4, 4, firsts, np.uint32(0), found, scratch)
    assert np.abs(found.reshape(64, 16).T / 4 - expected).max() < 1e-5


@pytest.mark.parametrize(("shape", "start", "steps"), [((10, 40, 38), 3, STEPS), ((4, 20, 72), 0, GUIDE_STEPS)])
def test_a_slab_has_the_blocks_of_torch_that_are_likeliest(shape, start, steps):
    """At an end of the stack, too, where groups are smaller; and with noise that is colored and of two strengths."""
    volumes = [anatomy(shape) + noise(shape, 0.1), anatomy(shape) + noise(shape, 0.02, 1), 0.1 + 0.02 * anatomy(shape)]
    volumes, sums = [torch.from_numpy(volume) for volume in volumes], torch.zeros(2, 2, *shape)
    how = {"block": BLOCK, "step": steps[1], "sd": torch.linspace(0.5, 1.5, 64), "window": kaiser_window(BLOCK)}
    how["transform"] = cosine_transform(BLOCK)
    for work, own in ((bayes._with_torch, sums[0]), (bayes._compiled, sums[1])):
        work(start, *volumes, *own, **how, corner=(0, 0))
    assert sums[0, 1].max() > 0
    assert torch.allclose(sums[1], sums[0], rtol=1e-3, atol=1e-4 * float(sums[0].max()))


@pytest.mark.parametrize("by", [threshold_filter, bayes_filter])
def test_a_whole_stack_is_filtered_as_by_torch(monkeypatch, by):
    shape = (9, 50, 53)
    before, guide = anatomy(shape) + noise(shape, 0.1), anatomy(shape) + noise(shape, 0.03, 1)
    result = filtered(before, guide, by=by)
    on_torch(monkeypatch)
    expected = filtered(before, guide, by=by)
    assert np.abs(result - expected).mean() < 1e-5
    assert np.abs(result - anatomy(shape)).std() < 0.35 * 0.1


@pytest.mark.parametrize("threads", [2, 3])
def test_the_result_does_not_depend_on_the_number_of_threads(threads):
    shape = (6, 75, 40)
    before, guide = anatomy(shape) + noise(shape, 0.1), anatomy(shape) + noise(shape, 0.03, 1)
    before_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = filtered(before, guide)
        torch.set_num_threads(threads)
        assert np.array_equal(filtered(before, guide), one)
    finally:
        torch.set_num_threads(before_threads)


def test_the_likeliest_blocks_by_hand():
    """Blocks that differ in their mean only; it has 64 times the guide's variance, the noise VARIANCES its own."""
    blocks = 16
    volume = torch.zeros(2, 4, 8, blocks * 4)
    level = torch.linspace(-1, 1, blocks)
    volume[0], volume[1] = level.repeat_interleave(4), 0.2 * level.repeat_interleave(4)
    first = torch.arange(blocks)[None] * 4
    offsets = torch.stack(torch.meshgrid(*(torch.arange(4) for _ in range(3)), indexing="ij")).reshape(3, -1)
    voxels = (offsets[0] * 8 + offsets[1]) * blocks * 4 + offsets[2]
    cut = volume.reshape(2, -1)[:, first[0, :, None] + voxels]
    variance = float(64 * (0.2 * level).var())
    expected = cut[0] * variance / (variance + VARIANCES * 0.1**2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayes, "find_groups", lambda *_: Groups(first, voxels))
        total, weight = torch.zeros(2, *volume.shape[1:])
        unit = torch.full(volume.shape[1:], 0.1)
        how = {"block": BLOCK, "step": 3, "sd": torch.ones(64), "window": torch.ones(64), "corner": (0, 0)}
        how["transform"] = cosine_transform(BLOCK)
        bayes._with_torch(0, volume[0], volume[1], unit, total, weight, **how)
    found = (total / weight).reshape(-1)[first[0, :, None] + voxels]
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(3, 16, 16), (4, 16, 16), (5, 7, 40), (5, 40, 9), (2, 24, 25)])
def test_small_stacks(shape):
    before = 0.5 + noise(shape, 0.1)
    result = filtered(before, np.full(shape, 0.5, np.float32))
    assert np.isfinite(result).all() and result.std() < 0.05


def test_what_padding_holds_does_not_matter():
    shape = (6, 30, 32)
    before, guide = anatomy(shape) + noise(shape, 0.1), anatomy(shape)
    excluded = np.zeros(shape, bool)
    excluded[:, :7] = excluded[:, :, 25:] = True
    results = []
    for value in (-2.0, 7.0):
        before[excluded] = guide[excluded] = value
        results.append(filtered(before, guide, excluded=excluded)[~excluded])
    assert np.array_equal(*results)


def test_what_exceeds_the_local_noise_stays():
    shape = (6, 40, 64)
    before = 0.5 + noise(shape, 0.1)
    sd = np.where(np.arange(64) < 32, 0.1, 0.001)
    result = filtered(before, np.full(shape, 0.5, np.float32), sd, by=threshold_filter)
    assert result[:, :, :22].std() < 0.02 and np.abs(result - before)[:, :, 44:].max() < 0.02


def test_without_numba_torch_filters(monkeypatch):
    monkeypatch.setattr(on_cpu, "compiled", lambda: None)
    assert not on_cpu.can_compile((9, 50, 53), (3, 4, 4), "cpu")
    assert filtered(0.5 + noise((5, 20, 20), 0.1), np.full((5, 20, 20), 0.5, np.float32)).std() < 0.03


def test_the_kernels_run_on_the_cpu_only_and_where_groups_are_full():
    assert on_cpu.can_compile((4, 8, 8), (3, 4, 4), "cpu")
    assert not on_cpu.can_compile((9, 50, 53), (3, 4, 4), "cuda")
    assert not on_cpu.can_compile((3, 50, 53), (3, 4, 4), "cpu")
    assert not on_cpu.can_compile((9, 50, 4), (3, 4, 4), "cpu")


def test_group_size_is_that_of_the_worst_corner():
    assert group_size(places_around((4, 4, 4), 0, BLOCK, (3, 4, 4)), (4, 4, 4), BLOCK, 2, 16) == 1
    assert group_size(places_around((5, 4, 4), 0, BLOCK, (3, 4, 4)), (5, 4, 4), BLOCK, 2, 16) == 2
    assert group_size(places_around((9, 30, 30), 3, BLOCK, (3, 4, 4)), (9, 30, 30), BLOCK, 3, 64) == 64


@pytest.mark.parametrize("rows", [4, 40, 131])
def test_bands_cover_all_rows_and_those_at_work_together_are_far_apart(rows):
    found = []
    in_bands(lambda first, last: found.append((first, last)), rows, 4, 3, 4, 1)
    assert sorted(r for first, last in found for r in range(first, last)) == list(range(rows - 3))
    assert all(first % 3 == 0 for first, _ in found)
    half = (len(found) + 1) // 2
    for together in (found[:half], found[half:]):
        for (_, end), (begin, _) in pairwise(together):
            assert end - 1 + 4 + 3 < begin - 4
