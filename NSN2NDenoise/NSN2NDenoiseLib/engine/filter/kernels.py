"""Similar blocks on the CPU, in numba: what `find_groups` finds, row by row, in the innermost cache.

Volumes are flat float32 arrays, indexed by unsigned numbers: those can't count from an array's end, which the compiler
would otherwise allow for. Numba keeps what it compiled, and compiles a function anew when its own file has changed: if
you change this one, delete the __pycache__ beside it, or the kernels that call these functions stay as they were.
"""

import numpy as np

from ..runtime.compiled_code import inlined
from .groups import CHANCES, ROW_SHIFT, SHIFT

#: Columns that are compared at once with those around, and how far around at most.
TILE, REACH = 64, 8
WIDE = TILE + 2 * REACH
#: Rows of a block in all its slices, at most.
LINES = 16
ZERO, ONE = np.float32(0), np.float32(1)
#: Distance and place in one number: infinite and 0; and better than any.
WORST, BEST = np.int64(0x7F800000 << 16), np.int64(-(2**62))


@inlined
def blocks_at_once(step):
    """Blocks of a row that `nearest_blocks` takes at once."""
    return (TILE - 4) // step + 1


@inlined
def nearest_in_row(slab, shape, start, row, first, step, block, places, alike, chance, corner, size, firsts):
    """`nearest_blocks` for those of a row from number `first` on; gives how many these are.

    alike: of all blocks of the slab; corner: `chance_number` of the first of them.
    """
    refs = (shape[2] - block[2]) // step + 1
    count = min(blocks_at_once(step), refs - first)
    number = row // step * refs + first
    nearest_blocks(
        slab, shape, start, row, first * step, count, step, block, places, alike[number : number + count], chance,
        corner + row // step * ROW_SHIFT + first, size, firsts,
    )  # fmt: skip
    return count


@inlined
def nearest_blocks(slab, shape, start, row, column, count, step, block, places, alike, chance, number, size, firsts):
    """The `size` blocks (a multiple of 16) nearest to each of `count` blocks of a row, nearest first.

    slab: flat (slices, rows, columns), of this shape; start, row, column: of the first of the blocks, which are `step`
    columns apart; places: `places_around`, (n, 4) int64, the block's own place first; alike: (count,), the most that
    chance adds to the distances; chance: `chances`; number: `chance_number` of the first block; firsts:
    (count * size,) uint32, becomes the first voxels of the blocks that were found.
    """
    rows, columns = shape[1], shape[2]
    own, other = np.zeros(LINES * TILE, np.float32), np.zeros(LINES * WIDE, np.float32)  # fewer lines: 0 remains
    sums, box = np.zeros(TILE + 4, np.float32), np.zeros(TILE, np.float32)
    distances = np.zeros(TILE, np.float32)
    bits = distances.view(np.int32)  # of a float >= 0: they rise with it
    worst = np.full(TILE, np.float32(np.inf))  # of each group so far
    worst_bits = worst.view(np.int32)
    best = np.full(count * (size + 1), WORST)  # distance and place in one number, descending
    for q in range(1, count + 1):
        best[q * (size + 1) - 1] = BEST
    scale = ONE / np.float32(block[1] * block[2])
    _copy_tile(slab, shape, start, row, column, block, own, TILE)
    last_k, last_j = places[0, 0], rows  # of what `other` holds: nothing yet
    for place in range(len(places)):
        k, j, i = places[place, 0], places[place, 1], places[place, 2]
        if row + j < 0 or row + j + block[1] > rows:
            continue
        if k != last_k or j != last_j:
            last_k, last_j = k, j
            _copy_tile(slab, shape, start + k, row + j, column - REACH, block, other, WIDE)
        _squared_differences(own, other, np.uint32(REACH + i), sums)
        box[:] = sums[:TILE]
        for c in range(1, block[2]):
            for p in range(TILE):
                box[p] += sums[np.uint32(p + c)]
        at = np.uint32((SHIFT * places[place, 3] + number) % CHANCES)
        for q in range(np.uint32(count)):
            distances[q] = box[q * np.uint32(step)] * scale + alike[q] * chance[at + q]
        first, end = max(0, -((column + i) // step)), min(count, (columns - block[2] - column - i) // step + 1)
        if k == 0 and j == 0 and i == 0:  # a block is in its own group, even among equal ones
            for q in range(count):
                _insert(best, np.uint32(q * (size + 1)), np.int64(-1), size)
            continue
        for n in range(first, end):  # none, if all of them are beyond the slab
            q = np.uint32(n)
            if distances[q] < worst[q]:
                base = np.uint32(n * (size + 1))
                _insert(best, base, np.int64(bits[q]) << 16 | place, size)
                worst_bits[q] = np.int32(best[base] >> 16)
    at_own = (start * rows + row) * columns + column
    for q in range(count):
        for n in range(size):
            candidate = best[q * (size + 1) + size - 1 - n]
            place = 0 if candidate == -1 else candidate & 0xFFFF
            offset = (places[place, 0] * rows + places[place, 1]) * columns + places[place, 2]
            firsts[q * size + n] = np.uint32(at_own + q * step + offset)


@inlined
def _insert(best, base, candidate, size):
    """Put a candidate among the descending ones, and drop the first."""
    for part in range(0, size, 16):  # of known length: vectors
        for n in range(16):
            at = base + np.uint32(part + n)
            best[at] = max(best[at + np.uint32(1)], min(best[at], candidate))


@inlined
def _copy_tile(slab, shape, slice_, row, column, block, tile, width):
    """Copy the block's slices and rows, `width` columns of each; those outside the slab stay."""
    rows, columns = shape[1], shape[2]
    first, count = max(0, -column), min(width, columns - column)
    for k in range(block[0]):
        for j in range(block[1]):
            source = np.uint32(((slice_ + k) * rows + row + j) * columns + column + first)
            target = np.uint32((k * block[1] + j) * width + first)
            for i in range(np.uint32(count - first)):
                tile[target + i] = slab[source + i]


@inlined
def _squared_differences(own, other, shift, sums):
    """Sums over all lines of the squared differences of each column and that `shift` to the right in `other`."""
    for i in range(TILE):
        total = ZERO
        for line in range(LINES):
            difference = own[np.uint32(line * TILE + i)] - other[np.uint32(line * WIDE + i) + shift]
            total += difference * difference
        sums[i] = total
