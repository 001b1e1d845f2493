"""Blocks, their transforms, and the groups of similar ones."""

import pytest
import torch
from NSN2NDenoiseLib.engine.filter.groups import (
    GROUP,
    block_size,
    cosine_transform,
    find_groups,
    hadamard,
    margin,
    slab_starts,
)


def test_the_cosine_transform_is_orthonormal_and_starts_with_the_mean():
    transform = cosine_transform((4, 4, 4))
    assert torch.allclose(transform @ transform.T, torch.eye(64), atol=1e-5)
    assert torch.allclose(transform[0], torch.full((64,), 1 / 8))
    assert torch.allclose(cosine_transform((1, 1, 2)), torch.tensor([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5)


def test_the_hadamard_matrix_is_its_own_inverse():
    assert torch.equal(hadamard(1), torch.ones(1, 1))
    assert torch.allclose(hadamard(2), torch.tensor([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5)
    assert torch.allclose(hadamard(16) @ hadamard(16), torch.eye(16), atol=1e-6)


def test_slabs_and_margins_cover_the_stack_to_its_end():
    assert slab_starts(4, 4, 3) == [0]
    assert slab_starts(10, 4, 3) == [0, 3, 6]
    assert slab_starts(12, 4, 3) == [0, 3, 6, 8]
    assert slab_starts(12, 4, 4) == [0, 4, 8]
    assert [margin(size, 4, 3) for size in (4, 5, 6, 7)] == [0, 2, 1, 0]
    assert [margin(size, 4, 2) for size in (4, 5, 6, 7)] == [0, 1, 0, 1]
    assert block_size((2, 30, 3)) == (2, 4, 3)


def groups_of(slab, start, block=(4, 4, 4), noise=0.0):
    return find_groups(slab, torch.full_like(slab, noise), start, block, 3, (2, 4, 4))


def test_the_group_of_a_block_is_found_where_a_copy_of_it_is():
    slab = torch.rand(8, 22, 22, generator=torch.Generator().manual_seed(0))
    slab[3:7, 10:14, 11:15] = slab[2:6, 9:13, 12:16].clone() + 0.01  # one slice and row on, one column back
    groups = groups_of(slab, 2)
    assert groups.first.shape == (7 * 7, GROUP)
    own = (2 * 22 + 9) * 22 + 12
    row = groups.first[:, 0].tolist().index(own)
    assert groups.first[row, 1] == (3 * 22 + 10) * 22 + 11
    block = slab.flatten()[groups.first[row, 0] + groups.voxels].view(4, 4, 4)
    assert torch.equal(block, slab[2:6, 9:13, 12:16])


def test_a_block_is_in_its_own_group_even_where_all_are_equal():
    groups = groups_of(torch.zeros(8, 22, 22), 2)
    rows, columns = torch.meshgrid(torch.arange(0, 19, 3), torch.arange(0, 19, 3), indexing="ij")
    assert torch.equal(groups.first[:, 0], ((2 * 22 + rows) * 22 + columns).flatten())


def test_blocks_that_differ_by_less_than_the_noise_are_taken_by_chance():
    """Else the blocks of a group share the noise that is left in a denoised flat region, and their mean keeps it."""
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    slab = (0.1 * torch.sin(rows / 3) * torch.sin(columns / 3)).expand(8, -1, -1).contiguous()
    means = slab.unfold(0, 4, 1).unfold(1, 4, 1).unfold(2, 4, 1).mean(dim=(3, 4, 5)).flatten()
    index = torch.arange(slab.numel()).view(8, 40, 40)[:5, :37, :37].flatten()
    of_block = torch.zeros(slab.numel()).index_copy(0, index, means)
    kept = [of_block[groups_of(slab, 2, noise=noise).first].mean(dim=1).std() for noise in (0.0, 3.0)]
    assert kept[0] > 0.9 * means.std() and kept[1] < 0.7 * means.std()


def test_every_block_of_a_group_lies_in_the_slab_and_is_counted_once():
    slab = torch.rand(6, 16, 19, generator=torch.Generator().manual_seed(0))
    for start in (0, 1, 2):
        groups = groups_of(slab, start)
        k, j, i = groups.first // (16 * 19), groups.first // 19 % 16, groups.first % 19
        assert groups.first.min() >= 0
        assert (k.max(), j.max(), i.max()) == (2, 12, 15)
        assert all(len(set(row)) == len(row) for row in groups.first.tolist())


@pytest.mark.parametrize(("shape", "size"), [((4, 4, 4), 1), ((2, 7, 4), 4), ((4, 7, 7), 16), ((5, 4, 4), 2)])
def test_a_stack_with_few_blocks_makes_small_groups(shape, size):
    slab = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    assert groups_of(slab, 0, block_size(shape)).first.shape[1] == size
