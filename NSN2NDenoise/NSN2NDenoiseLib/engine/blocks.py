"""Small 3-D blocks of a stack: where they stand, which ones are alike, and their cosine transform."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

#: Slices, rows and columns of a block, and the steps between the blocks that groups are made for.
BLOCK = (4, 4, 4)
STEP = 3
#: How far from a block similar ones are looked for, in slices, rows and columns.
REACH = (2, 4, 4)
#: Blocks in a group, a power of two; fewer in a stack that is too small.
GROUP = 16


def block_size(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """A block of a stack of this shape: `BLOCK`, or less where the stack is smaller."""
    return tuple(min(side, size) for side, size in zip(BLOCK, shape, strict=True))


def slab_starts(slices: int, side: int) -> list[int]:
    """First slices of the slabs of blocks, `STEP` apart; the last slab ends with the stack."""
    starts = list(range(0, slices - side + 1, STEP))
    return starts if starts[-1] == slices - side else [*starts, slices - side]


def margin(size: int, side: int) -> int:
    """Rows or columns that must be added so that blocks in steps of `STEP` cover an axis to its end."""
    return -(size - side) % STEP


def cosine_transform(block: tuple[int, ...]) -> torch.Tensor:
    """The orthonormal cosine transform of a block as a matrix, (frequencies, voxels) float32; its first row means."""
    matrices = []
    for size in block:
        frequency, place = np.mgrid[:size, :size]
        matrix = np.cos(np.pi * (place + 0.5) * frequency / size) * np.sqrt(2.0 / size)
        matrix[0] /= np.sqrt(2.0)
        matrices.append(matrix)
    kernels = np.einsum("ai,bj,ck->abcijk", *matrices)
    return torch.from_numpy(kernels.reshape(np.prod(block), -1).astype(np.float32))


def hadamard(size: int) -> torch.Tensor:
    """The orthonormal Hadamard matrix, (size, size) float32, its own inverse; `size` is a power of two."""
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)]) / 2**0.5
    return matrix


@dataclass(frozen=True)
class Groups:
    """Groups of similar blocks in a slab.

    Attributes:
        first: (groups, blocks) int64, index of each block's first voxel in the flattened slab; column 0 is the block
            that the group was made for, the others follow by similarity.
        voxels: (voxels of a block,) int64, index of each voxel relative to a block's first one.
    """

    first: torch.Tensor
    voxels: torch.Tensor


def find_groups(slab: torch.Tensor, start: int, block: tuple[int, int, int]) -> Groups:
    """For blocks in steps of `STEP` over rows and columns, those within `REACH` with the least squared difference.

    Args:
        slab: (slices, rows, columns) float32; the blocks cover its rows and columns to their ends (`margin`).
        start: slice of the slab at which the blocks start that the groups are made for.
        block: slices, rows, columns.

    References:
        Maggioni et al., "Nonlocal transform-domain filter for volumetric data denoising and reconstruction", 2013
        (Sec. II-B).
    """
    slices, rows, columns = slab.shape
    own = slab[start : start + block[0]]
    distances, offsets = [], []
    for k in range(-min(start, REACH[0]), min(slices - block[0] - start, REACH[0]) + 1):
        other = slab[start + k : start + k + block[0]]
        for j in range(-min(rows - block[1], REACH[1]), min(rows - block[1], REACH[1]) + 1):
            for i in range(-min(columns - block[2], REACH[2]), min(columns - block[2], REACH[2]) + 1):
                distances.append(_distances(own, other, j, i, block[1:]))
                offsets.append((k * rows + j) * columns + i)
    distances[offsets.index(0)].fill_(-1.0)  # a block is in its own group, even among equal ones
    distances = torch.stack(distances)
    size = GROUP
    while size > torch.isfinite(distances).sum(dim=0).min():  # near a corner of a small stack
        size //= 2
    nearest = distances.topk(size, dim=0, largest=False).indices.T
    j, i = (torch.arange(0, size - side + 1, STEP) for size, side in zip((rows, columns), block[1:], strict=True))
    first = ((start * rows + j[:, None]) * columns + i).flatten().to(slab.device)
    k, j, i = (torch.arange(side) for side in block)
    voxels = ((k[:, None, None] * rows + j[:, None]) * columns + i).flatten().to(slab.device)
    return Groups(first[:, None] + torch.tensor(offsets, device=slab.device)[nearest], voxels)


def _distances(own: torch.Tensor, other: torch.Tensor, j: int, i: int, side: tuple[int, int]) -> torch.Tensor:
    """Mean squared difference to the blocks j rows and i columns away, (blocks,); infinite where there is none."""
    rows, columns = own.shape[1:]
    here = (slice(None), slice(max(0, -j), rows - max(0, j)), slice(max(0, -i), columns - max(0, i)))
    there = (slice(None), slice(max(0, j), rows - max(0, -j)), slice(max(0, i), columns - max(0, -i)))
    squared = torch.full((1, rows, columns), torch.inf, device=own.device)
    squared[here] = (own[here] - other[there]).square_().sum(0)
    return functional.avg_pool2d(squared, side, stride=STEP).flatten()
