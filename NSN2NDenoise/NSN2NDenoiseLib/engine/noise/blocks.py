"""Blocks of the most homogeneous tissue: where means must not move, and MR shows its noise against its air's."""

from dataclasses import dataclass

import numpy as np

from ..volume.part import Box

#: Side of a block, in pixels.
BLOCK = 8
#: Neighboring slices in which a place's blocks are homogeneous, where there are as many.
SPAN = 4
#: The part of the tissue blocks that counts as homogeneous, and at least so many of them.
HOMOGENEOUS = 0.05
FEWEST = 100
#: Order of the polynomial whose size tells structure from noise.
STRUCTURE_ORDER = 2
#: A block is tissue when its mean exceeds this part of the bright blocks' mean (normalized units start at air).
TISSUE = 0.25
#: Places along the slice axis at which the noise is measured.
PLACES = 24


@dataclass(frozen=True)
class NoiseBlocks:
    """Where the noise is measured: blocks of 8 x 8 pixels that are homogeneous tissue in slices nearby.

    Homogeneity is judged on slices just outside the measured ones, and on the smooth part (a polynomial) of the
    measured ones themselves: neither favors blocks that happen to be quiet. A block must be flat in both.

    Attributes:
        places: for each place the first measured slice.
        blocks: for each place the (row, column) numbers of its homogeneous blocks, (n, 2) int.
        span: number of neighboring slices in which the blocks of a place are homogeneous.
    """

    places: tuple[int, ...]
    blocks: tuple[np.ndarray, ...]
    span: int

    def inside(self, box: Box) -> "NoiseBlocks":
        """Those inside a box, which begins at a multiple of `BLOCK`, as they lie in it."""
        first, begin = box[0].start, np.array([side.start for side in box[1:]]) // BLOCK
        end = np.array([side.stop for side in box[1:]]) // BLOCK
        found = [
            (place - first, blocks[((blocks >= begin) & (blocks < end)).all(axis=1)] - begin)
            for place, blocks in zip(self.places, self.blocks, strict=True)
            if first <= place < box[0].stop
        ]
        return NoiseBlocks(tuple(place for place, _ in found), tuple(blocks for _, blocks in found), self.span)

    def of_part(self, part: np.ndarray) -> "NoiseBlocks":
        """Those whose voxels are all in a part; (slices, rows, columns) bool."""
        found = [
            blocks[cut_blocks(part[place])[blocks[:, 0], blocks[:, 1]].all(axis=(1, 2))]
            for place, blocks in zip(self.places, self.blocks, strict=True)
        ]
        return NoiseBlocks(self.places, tuple(found), self.span)

    @property
    def count(self) -> int:
        """The number of blocks over all places."""
        return sum(len(b) for b in self.blocks)


def find_noise_blocks(stack: np.ndarray, excluded: np.ndarray | None = None) -> NoiseBlocks:
    """Find homogeneous tissue.

    Args:
        stack: (slices, rows, columns), normalized or in image units with air lowest.
        excluded: boolean, same shape, True on padding; or None.
    """
    slices = stack.shape[0]
    span = min(SPAN, slices)
    places = tuple(int(p) for p in np.unique(np.linspace(0, slices - span, PLACES).round()))
    guards, bends, means, usable = [], [], [], []
    smooth = _polynomials(STRUCTURE_ORDER)[:, 1:]
    for place in places:
        before, after = max(place - 1, 0), min(place + span, slices - 1)
        guard = 0.5 * (stack[before].astype(np.float32) + stack[after].astype(np.float32))
        blocks = cut_blocks(guard)
        coarse = blocks.reshape(*blocks.shape[:2], BLOCK // 2, 2, BLOCK // 2, 2).mean(axis=(3, 5))
        guards.append(coarse.std(axis=(2, 3)))
        own = cut_blocks(stack[place : place + span].mean(axis=0, dtype=np.float32))
        bends.append(np.linalg.norm(own.reshape(*own.shape[:2], -1) @ smooth, axis=-1))
        means.append(blocks.mean(axis=(2, 3)))
        ok = np.ones(means[-1].shape, bool)
        if excluded is not None:
            for index in {before, after, *range(place, place + span)}:
                ok &= ~cut_blocks(excluded[index]).any(axis=(2, 3))
        usable.append(ok)
    everything = np.concatenate([m[u] for m, u in zip(means, usable, strict=True)])
    if everything.size == 0:
        return NoiseBlocks(places, tuple(np.zeros((0, 2), int) for _ in places), span)
    level = everything.min() + TISSUE * (np.percentile(everything, 99) - everything.min())
    tissue = [u & (m > level) for m, u in zip(means, usable, strict=True)]
    ranks = [_ranks(np.concatenate([v[t] for v, t in zip(values, tissue, strict=True)])) for values in (guards, bends)]
    worse = np.maximum(*ranks)
    part = max(HOMOGENEOUS, min(FEWEST / max(worse.size, 1), 1.0))
    flat = worse <= (np.quantile(worse, part) if worse.size else 0)
    chosen, start = [], 0
    for candidates in tissue:
        where = np.argwhere(candidates)
        chosen.append(where[flat[start : start + len(where)]])
        start += len(where)
    return NoiseBlocks(places, tuple(chosen), span)


def noise_sd(stack: np.ndarray, where: NoiseBlocks) -> float:
    """Median over the blocks of the SD around a plane, in the stack's units; NaN without blocks.

    Args:
        stack: (slices, rows, columns).
        where: from `find_noise_blocks`.
    """
    return middle_sd(block_variances(stack, where))


def middle_sd(variances: np.ndarray) -> float:
    """Root of the median of (n,) variances; NaN without any."""
    return float(np.sqrt(np.median(variances))) if variances.size else float("nan")


def mean_shift(before: np.ndarray, after: np.ndarray, where: NoiseBlocks) -> tuple[float, float]:
    """Median and largest absolute change of the blocks' means, in the stacks' units; NaN without blocks."""
    return middle_and_largest(block_means(after, where) - block_means(before, where))


def middle_and_largest(shift: np.ndarray) -> tuple[float, float]:
    """Median and largest absolute value of (n,) shifts; NaN without any."""
    if not shift.size:
        return float("nan"), float("nan")
    return float(np.median(shift)), float(np.abs(shift).max())


def block_means(stack: np.ndarray, where: NoiseBlocks) -> np.ndarray:
    """Mean of every block at its place, (n,) float64, in the stack's units; empty without blocks."""
    means = [
        _blocks_at(stack[place], blocks).mean(axis=(1, 2), dtype=np.float64)
        for place, blocks in zip(where.places, where.blocks, strict=True)
    ]
    return np.concatenate(means) if means else np.zeros(0)


def block_variances(stack: np.ndarray, where: NoiseBlocks) -> np.ndarray:
    """Variance around a plane of every block at its place, (n,) float64; empty without blocks."""
    variances = [
        (_flatten(_blocks_at(stack[place], blocks)) ** 2).sum(axis=1) / (BLOCK * BLOCK - 3)
        for place, blocks in zip(where.places, where.blocks, strict=True)
    ]
    return np.concatenate(variances) if variances else np.zeros(0)


def cut_blocks(image: np.ndarray) -> np.ndarray:
    """(rows, columns) -> (block rows, block columns, BLOCK, BLOCK), dropping the incomplete ones."""
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    cut = image[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return cut.swapaxes(1, 2)


def _blocks_at(image: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """The named blocks of a slice, (n, BLOCK, BLOCK)."""
    return cut_blocks(image)[blocks[:, 0], blocks[:, 1]]


def _flatten(blocks: np.ndarray) -> np.ndarray:
    """(n, BLOCK, BLOCK) -> (n, BLOCK * BLOCK) with each block's best plane taken away."""
    basis = _polynomials(1)
    values = blocks.reshape(len(blocks), BLOCK * BLOCK).astype(np.float64)
    return values - (values @ basis) @ basis.T


def _polynomials(order: int) -> np.ndarray:
    """Orthonormal polynomials in row and column up to `order` on a block, (BLOCK * BLOCK, n); the constant first."""
    y, x = np.mgrid[:BLOCK, :BLOCK].reshape(2, -1) - (BLOCK - 1) / 2
    columns = [x**i * y**j for degree in range(order + 1) for i in range(degree + 1) for j in [degree - i]]
    return np.linalg.qr(np.stack(columns, axis=1))[0]


def _ranks(values: np.ndarray) -> np.ndarray:
    """0 for the smallest value, 1, 2, ..."""
    ranks = np.empty(values.size, int)
    ranks[np.argsort(values, kind="stable")] = np.arange(values.size)
    return ranks
