"""PCA of groups of similar blocks on the CPU, in numba: `pca.py` says what and why."""

import numpy as np

from ..runtime.compiled_code import compiled, inlined
from .eigen import SIDE, vectors_above
from .kernels import ONE, ZERO, blocks_at_once, nearest_in_row

#: A group keeps at most so many components; beyond, it keeps its blocks as they are.
MOST = 48


@compiled
def pca_band(
    noisy, guide, unit, shape, start, first_row, last_row, step, block, places, alike, chance, corner, size, bound,
    color, whiten, restore, total, weight,
):  # fmt: skip
    """Filter the groups of the blocks whose first rows are in [first_row, last_row); add them to total and weight.

    noisy, guide, unit, total, weight: flat, (slices, rows, columns) `shape`; alike: `most_by_chance`; chance:
    `chances`; corner: `chance_number` of the slab's first block; size: 16, 32 or 64; bound: on the variances in units
    of `unit` squared; color: whether the blocks are multiplied by `whiten`, flat (64, 64), first; components are
    multiplied by `restore`, (64, 64), then.
    """
    rows, columns = shape[1], shape[2]
    refs, at_once = (columns - block[2]) // step + 1, blocks_at_once(step)
    firsts = np.zeros(at_once * size, np.uint32)
    blocks, white = np.zeros(size * SIDE, np.float32), np.zeros(size * SIDE, np.float32)
    mean, vectors = np.zeros(SIDE, np.float32), np.zeros(MOST * SIDE, np.float32)
    matrix, work = np.zeros(SIDE * SIDE, np.float32), np.zeros(12 * SIDE, np.float32)
    found = white if color else blocks
    for row in range(first_row, last_row, step):
        for first in range(0, refs, at_once):
            count = nearest_in_row(
                guide, shape, start, row, first, step, block, places, alike, chance, corner, size, firsts
            )
            for q in range(count):
                base = np.uint32(q * size)
                local = unit[firsts[base]]
                _gather(noisy, rows, columns, block, firsts, base, size, blocks, mean)
                if color:
                    white[:] = ZERO
                    multiply(blocks, whiten, size, white)
                _covariance(found, size, matrix)
                rank = vectors_above(matrix, bound * local * local, MOST, vectors, work)
                if rank <= MOST:
                    _project(found, size, rank, vectors, restore, color, blocks, work[:SIDE], matrix)
                _scatter(
                    blocks, mean, ONE / np.float32(1 + rank), rows, columns, block, firsts, base, size, total, weight
                )


@inlined
def _gather(volume, rows, columns, block, firsts, base, size, blocks, mean):
    """The blocks without their mean, (size, 64), filled up with zeros, and the mean, (64,)."""
    plane = rows * columns
    mean[:] = ZERO
    for n in range(size):
        first, target = firsts[base + np.uint32(n)], np.uint32(n * SIDE)
        for k in range(block[0]):
            for j in range(block[1]):
                source = first + np.uint32(k * plane + j * columns)
                for i in range(np.uint32(block[2])):
                    blocks[target + i] = volume[source + i]
                target += np.uint32(block[2])
        at = np.uint32(n * SIDE)
        for i in range(SIDE):
            mean[i] += blocks[at + np.uint32(i)]
    for i in range(SIDE):
        mean[i] /= np.float32(size)
    for n in range(size):
        at = np.uint32(n * SIDE)
        for i in range(SIDE):
            blocks[at + np.uint32(i)] -= mean[i]


@inlined
def _scatter(blocks, mean, share, rows, columns, block, firsts, base, size, total, weight):
    """Add the blocks with their mean, times share, to `total`, and share to `weight`."""
    plane = rows * columns
    for n in range(size):
        first, at, source = firsts[base + np.uint32(n)], np.uint32(0), np.uint32(n * SIDE)
        for k in range(block[0]):
            for j in range(block[1]):
                target = first + np.uint32(k * plane + j * columns)
                for i in range(np.uint32(block[2])):
                    total[target + i] += share * (blocks[source + at + i] + mean[at + i])
                for i in range(np.uint32(block[2])):
                    weight[target + i] += share
                at += np.uint32(block[2])


@inlined
def _covariance(blocks, size, matrix):
    """Of blocks without their mean: (64, 64)."""
    matrix[:] = ZERO
    scale = ONE / np.float32(size)
    for n in range(0, size, 4):
        one = np.uint32(n * SIDE)
        two, three, four = one + np.uint32(SIDE), one + np.uint32(2 * SIDE), one + np.uint32(3 * SIDE)
        for j in range(SIDE):
            a, b = scale * blocks[one + np.uint32(j)], scale * blocks[two + np.uint32(j)]
            c, d = scale * blocks[three + np.uint32(j)], scale * blocks[four + np.uint32(j)]
            at = np.uint32(j * SIDE)
            for i in range(SIDE):
                matrix[at + np.uint32(i)] += (
                    a * blocks[one + np.uint32(i)]
                    + b * blocks[two + np.uint32(i)]
                    + c * blocks[three + np.uint32(i)]
                    + d * blocks[four + np.uint32(i)]
                )


@inlined
def multiply(left, right, count, product):
    """Add left (count, 64) times right (64, 64) to the product (count, 64); all flat."""
    for n in range(count):
        to = np.uint32(n * SIDE)
        for j in range(0, SIDE, 4):
            a, b = left[to + np.uint32(j)], left[to + np.uint32(j + 1)]
            c, d = left[to + np.uint32(j + 2)], left[to + np.uint32(j + 3)]
            at = np.uint32(j * SIDE)
            for i in range(SIDE):
                product[to + np.uint32(i)] += (
                    a * right[at + np.uint32(i)]
                    + b * right[at + np.uint32(SIDE + i)]
                    + c * right[at + np.uint32(2 * SIDE + i)]
                    + d * right[at + np.uint32(3 * SIDE + i)]
                )


@inlined
def _project(found, size, rank, vectors, restore, color, blocks, own, scratch):
    """The part of the blocks that the vectors span, (size, 64), into `blocks`; own: (64,), to work with."""
    back = vectors
    if color:
        scratch[: rank * SIDE] = ZERO
        multiply(vectors, restore, rank, scratch)
        back = scratch
    for n in range(size):
        at = np.uint32(n * SIDE)
        own[:] = ZERO
        for r in range(rank):
            one, product = np.uint32(r * SIDE), ZERO
            for i in range(SIDE):
                product += found[at + np.uint32(i)] * vectors[one + np.uint32(i)]
            for i in range(SIDE):
                own[i] += product * back[one + np.uint32(i)]
        for i in range(SIDE):
            blocks[at + np.uint32(i)] = own[i]
