"""Small 3-D blocks of a stack: where they stand, which ones are alike, and their cosine transform."""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import torch
from scipy import fft, linalg
from torch.nn import functional

#: Slices, rows and columns of a block.
BLOCK = (4, 4, 4)
#: Blocks in a group, a power of two; fewer in a stack that is too small.
GROUP = 16
#: Shape of the Kaiser window that the voxels of a block are weighted with.
KAISER = 2.0
#: Blocks of a larger one, whose covariance is asked for.
LARGE_GROUP = 64
#: Groups that are sorted at once.
AT_ONCE = 4096
#: Blocks whose mean squared difference is smaller than about this part of the noise variance count as equally similar.
ALIKE = 0.08
#: All blocks share one sequence of so many random numbers, which begins again at its end. Each place begins so much
#: later in it, and each row of blocks: which one a block gets depends on where it is in the volume, on nothing else.
CHANCES, SHIFT, ROW_SHIFT = 1 << 16, 61, 1009


def block_size(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """A block of a stack of this shape: `BLOCK`, or less where the stack is smaller."""
    return tuple(min(side, size) for side, size in zip(BLOCK, shape, strict=True))


def slab_starts(slices: int, side: int, step: int) -> list[int]:
    """First slices of the slabs of blocks, `step` apart; the last slab ends with the stack."""
    starts = list(range(0, slices - side + 1, step))
    return starts if starts[-1] == slices - side else [*starts, slices - side]


def margin(size: int, side: int, step: int) -> int:
    """Rows or columns that must be added so that blocks in steps of `step` cover an axis to its end."""
    return -(size - side) % step


@cache
def chances() -> torch.Tensor:
    """Random numbers from 0 to 1, (2 * CHANCES,) float32: the same ones once more, for rows that run over their end."""
    return torch.rand(CHANCES, generator=torch.Generator().manual_seed(0)).repeat(2)


def chance_number(row, column, step: int):
    """Which of the `chances` the block of a row and column gets, at the place with number 0."""
    return (ROW_SHIFT * (row // step) + column // step) % CHANCES


def cosine_transform(block: tuple[int, ...]) -> torch.Tensor:
    """The orthonormal cosine transform of a block as a matrix, (frequencies, voxels) float32; its first row means."""
    kernels = np.einsum("ai,bj,ck->abcijk", *(fft.dct(np.eye(size), axis=0, norm="ortho") for size in block))
    return torch.from_numpy(kernels.reshape(np.prod(block), -1).astype(np.float32))


def kaiser_window(block: tuple[int, int, int]) -> torch.Tensor:
    """Kaiser window of a block, (voxels,) float32."""
    k, j, i = (torch.kaiser_window(side, periodic=False, beta=KAISER) for side in block)
    return (k[:, None, None] * j[:, None] * i).flatten()


def hadamard(size: int) -> torch.Tensor:
    """The orthonormal Hadamard matrix, (size, size) float32, its own inverse; `size` is a power of two."""
    return torch.from_numpy(linalg.hadamard(size) / np.sqrt(size)).float()


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


def find_groups(
    slab: torch.Tensor,
    unit: torch.Tensor,
    start: int,
    block: tuple[int, int, int],
    step: int,
    reach: tuple[int, int, int],
    corner: tuple[int, int] = (0, 0),
    most: int = GROUP,
) -> Groups:
    """For blocks in steps over rows and columns, those within `reach` with the least squared difference.

    Among blocks that differ by less than the noise it is left to chance which ones are taken. Those with the very least
    difference would share what noise the slab still has, and filtering them together would keep it.

    Args:
        slab: (slices, rows, columns) float32; the blocks cover its rows and columns to their ends (`margin`).
        unit: as `slab`, the local noise SD.
        start: slice of the slab at which the blocks start that the groups are made for.
        block: slices, rows, columns.
        step: between the blocks that groups are made for, in rows and columns.
        reach: how far from a block similar ones are looked for, in slices, rows and columns.
        corner: row and column at which the slab begins in the volume.
        most: blocks of a group, a power of two; fewer near a corner of a small stack.

    References:
        Maggioni et al., "Nonlocal transform-domain filter for volumetric data denoising and reconstruction", 2013
        (Sec. II-B).
    """
    slices, rows, columns = slab.shape
    own = slab[start : start + block[0]]
    near = [
        range(-min(room, far), min(room, far) + 1)
        for room, far in zip((rows - block[1], columns - block[2]), reach[1:], strict=True)
    ]
    after = min(slices - block[0] - start, reach[0])
    places = list(product(range(-min(start, reach[0]), after + 1), *near))
    alike = ALIKE * block[0] * functional.avg_pool2d(unit[start][None].square(), block[1:], stride=step).flatten()
    top, left = (torch.arange(0, size - side + 1, step) for size, side in zip((rows, columns), block[1:], strict=True))
    numbers = chance_number(corner[0] + top[:, None], corner[1] + left, step).flatten().to(slab.device)
    chance = chances().to(slab.device)
    distances = torch.empty(len(places), len(alike), device=slab.device)
    for number, (k, j, i) in enumerate(places):
        distance = _distances(own, slab[start + k : start + k + block[0]], j, i, block[1:], step)
        torch.addcmul(distance, alike, chance[(numbers + SHIFT * number) % CHANCES], out=distances[number])
    distances[places.index((0, 0, 0))] = -1.0  # a block is in its own group, even among equal ones
    parts, size = distances.split(AT_ONCE, dim=1), most
    while size > min(torch.isfinite(part).sum(dim=0).min() for part in parts):  # near a corner of a small stack
        size //= 2
    nearest = torch.cat([part.topk(size, dim=0, largest=False).indices.T for part in parts])
    first = ((start * rows + top[:, None]) * columns + left).flatten().to(slab.device)
    k, j, i = (torch.arange(side) for side in block)
    voxels = ((k[:, None, None] * rows + j[:, None]) * columns + i).flatten().to(slab.device)
    offsets = torch.tensor([(k * rows + j) * columns + i for k, j, i in places], device=slab.device)
    return Groups(first[:, None] + offsets[nearest], voxels)


def _distances(own: torch.Tensor, other: torch.Tensor, j: int, i: int, side: tuple[int, int], step: int):
    """Mean squared difference to the blocks j rows and i columns away, (blocks,); infinite where there is none."""
    rows, columns = own.shape[1:]
    here = (slice(None), slice(max(0, -j), rows - max(0, j)), slice(max(0, -i), columns - max(0, i)))
    there = (slice(None), slice(max(0, j), rows - max(0, -j)), slice(max(0, i), columns - max(0, -i)))
    squared = torch.full((1, rows, columns), torch.inf, device=own.device)
    squared[here] = (own[here] - other[there]).square_().sum(0)
    return functional.avg_pool2d(squared, side, stride=step).flatten()
