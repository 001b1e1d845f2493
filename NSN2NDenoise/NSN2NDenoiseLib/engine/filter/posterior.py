"""Non-local Bayes on the CPU, in numba: `bayes.py` says what and why.

The blocks of a group lie side by side: the values of one voxel, or of one frequency, in all of them are neighbors in
memory, so that transforms and equations run over all blocks at once.
"""

import numpy as np

from ..runtime.compiled_code import compiled, inlined
from .groups import ROW_SHIFT
from .kernels import ONE, ZERO, blocks_at_once, nearest_blocks
from .shrinkage import C1, C3, HALF, TINY

#: Voxels of a block, 4 x 4 x 4.
SIDE = 64


@compiled
def bayes_band(
    noisy, guide, unit, shape, start, first_row, last_row, step, places, alike, chance, corner, size, spectrum,
    variances, rounding, window, total, weight,
):  # fmt: skip
    """Filter the groups of the blocks whose first rows are in [first_row, last_row); add them to total and weight.

    noisy, guide, unit, total, weight: flat, (slices, rows, columns) `shape`; alike: `most_by_chance`; chance:
    `chances`; corner: `chance_number` of the slab's first block; size: 16, 32 or 64; spectrum: (64,) SD at each
    frequency in units of `unit`; variances, rounding: as in `bayes.py`; window: (64,).
    """
    rows, columns = shape[1], shape[2]
    refs, at_once, block = (columns - 4) // step + 1, blocks_at_once(step), (4, 4, 4)
    firsts = np.zeros(at_once * size, np.uint32)
    found, expected = np.zeros(SIDE * size, np.float32), np.zeros(SIDE * size, np.float32)
    lines, mean = np.zeros(size * SIDE, np.float32), np.zeros(SIDE, np.float32)
    matrix, inverse = np.zeros(SIDE * SIDE, np.float32), np.zeros(SIDE, np.float32)
    whiten = np.zeros(SIDE, np.float32)
    for v in range(SIDE):
        whiten[v] = ONE / spectrum[v]
    for row in range(first_row, last_row, step):
        for first in range(0, refs, at_once):
            count = min(at_once, refs - first)
            number = row // step * refs + first
            nearest_blocks(
                guide, shape, start, row, first * step, count, step, block, places,
                alike[number : number + count], chance, corner + row // step * ROW_SHIFT + first, size, firsts,
            )  # fmt: skip
            for q in range(count):
                base = np.uint32(q * size)
                local = unit[firsts[base]]
                noise = variances * local * local
                _gather(guide, rows, columns, firsts, base, size, expected)
                _frequencies(expected, size, whiten, mean)
                _covariance(expected, size, lines, matrix)
                _gather(noisy, rows, columns, firsts, base, size, found)
                _frequencies(found, size, whiten, mean)
                _cholesky(matrix, noise, rounding, inverse)
                expected[:] = found
                _solve(matrix, inverse, size, expected)
                for v in range(SIDE):
                    at = np.uint32(v * size)
                    for n in range(size):
                        value = found[at + np.uint32(n)] - noise * expected[at + np.uint32(n)] + mean[v]
                        found[at + np.uint32(n)] = spectrum[v] * value
                _voxels(found, size)
                _scatter(found, window, rows, columns, firsts, base, size, total, weight)


@inlined
def _gather(volume, rows, columns, firsts, base, size, blocks):
    """Copy 4 x 4 x 4 blocks of the flat volume, (64, size)."""
    plane = rows * columns
    for n in range(size):
        first, target = firsts[base + np.uint32(n)], np.uint32(n)
        for k in range(4):
            for j in range(4):
                source = first + np.uint32(k * plane + j * columns)
                for i in range(4):
                    blocks[target] = volume[source + np.uint32(i)]
                    target += np.uint32(size)


@inlined
def _scatter(blocks, window, rows, columns, firsts, base, size, total, weight):
    """Add the blocks, (64, size), times the window (64,) to `total`, and the window to `weight`."""
    plane = rows * columns
    for n in range(size):
        first, source, v = firsts[base + np.uint32(n)], np.uint32(n), np.uint32(0)
        for k in range(4):
            for j in range(4):
                target = first + np.uint32(k * plane + j * columns)
                for i in range(4):
                    total[target + np.uint32(i)] += blocks[source] * window[v]
                    weight[target + np.uint32(i)] += window[v]
                    source += np.uint32(size)
                    v += np.uint32(1)


@inlined
def _frequencies(blocks, size, whiten, mean):
    """From voxels to frequencies in units of the noise's SD, without their mean over the blocks, (64,), in place."""
    for apart in (1, 4, 16):
        for v in range(SIDE):
            if v // apart % 4 == 0:
                _cosine(blocks, v * size, apart * size, size)
    for v in range(SIDE):
        at, total = np.uint32(v * size), ZERO
        for n in range(size):
            total += blocks[at + np.uint32(n)]
        mean[v] = whiten[v] * total / np.float32(size)
        for n in range(size):
            blocks[at + np.uint32(n)] = whiten[v] * blocks[at + np.uint32(n)] - mean[v]


@inlined
def _voxels(blocks, size):
    """From frequencies to voxels, in place."""
    for apart in (1, 4, 16):
        for v in range(SIDE):
            if v // apart % 4 == 0:
                _inverse_cosine(blocks, v * size, apart * size, size)


@inlined
def _cosine(x, first, apart, size):
    """The orthonormal cosine transform of four values each of `size` blocks, in place."""
    one = np.uint32(first)
    two, three, four = one + np.uint32(apart), one + np.uint32(2 * apart), one + np.uint32(3 * apart)
    for n in range(size):
        at = np.uint32(n)
        a, b, c, d = x[one + at], x[two + at], x[three + at], x[four + at]
        s, t, u, v = a + d, b + c, a - d, b - c
        x[one + at] = HALF * (s + t)
        x[two + at] = C1 * u + C3 * v
        x[three + at] = HALF * (s - t)
        x[four + at] = C3 * u - C1 * v


@inlined
def _inverse_cosine(x, first, apart, size):
    """Undo `_cosine`."""
    one = np.uint32(first)
    two, three, four = one + np.uint32(apart), one + np.uint32(2 * apart), one + np.uint32(3 * apart)
    for n in range(size):
        at = np.uint32(n)
        a, b, c, d = x[one + at], x[two + at], x[three + at], x[four + at]
        s, t, u, v = HALF * (a + c), HALF * (a - c), C1 * b + C3 * d, C3 * b - C1 * d
        x[one + at] = s + u
        x[two + at] = t + v
        x[three + at] = t - v
        x[four + at] = s - u


@inlined
def _covariance(blocks, size, lines, matrix):
    """Of the frequencies, (64, size), of blocks without their mean: (64, 64), its diagonal and what is right of it."""
    for v in range(SIDE):
        at = np.uint32(v * size)
        for n in range(size):
            lines[np.uint32(n * SIDE + v)] = blocks[at + np.uint32(n)]
    matrix[:] = ZERO
    scale = ONE / np.float32(size - 1)
    for n in range(0, size, 4):
        one = np.uint32(n * SIDE)
        two, three, four = one + np.uint32(SIDE), one + np.uint32(2 * SIDE), one + np.uint32(3 * SIDE)
        for j in range(SIDE):
            a, b = scale * lines[one + np.uint32(j)], scale * lines[two + np.uint32(j)]
            c, d = scale * lines[three + np.uint32(j)], scale * lines[four + np.uint32(j)]
            at = np.uint32(j * SIDE)
            for i in range(j // 8 * 8, SIDE):
                matrix[at + np.uint32(i)] += (
                    a * lines[one + np.uint32(i)]
                    + b * lines[two + np.uint32(i)]
                    + c * lines[three + np.uint32(i)]
                    + d * lines[four + np.uint32(i)]
                )


@inlined
def _cholesky(matrix, noise, rounding, inverse):
    """C + noise = R'R: C, in `matrix`, becomes R right of the diagonal; inverse: (64,), 1 over R's diagonal."""
    for k in range(SIDE):
        matrix[np.uint32(k * SIDE + k)] += rounding * matrix[np.uint32(k * SIDE + k)] + noise
    for k in range(SIDE):
        row = np.uint32(k * SIDE)
        inverse[k] = ONE / np.sqrt(max(matrix[row + np.uint32(k)], TINY))
        for i in range(k + 1, SIDE):
            matrix[row + np.uint32(i)] *= inverse[k]
        for j in range(k + 1, SIDE):
            factor, to = matrix[row + np.uint32(j)], np.uint32(j * SIDE)
            for i in range(j // 8 * 8, SIDE):
                matrix[to + np.uint32(i)] -= factor * matrix[row + np.uint32(i)]


@inlined
def _solve(matrix, inverse, size, values):
    """Solve R'R x = y for all blocks: y is in `values`, (64, size), which becomes x."""
    for v in range(SIDE):
        _take_away(matrix, v, SIDE, 0, v, size, values, np.uint32(v * size))
        _scale(values, np.uint32(v * size), size, inverse[v])
    for up in range(SIDE):
        v = SIDE - 1 - up
        _take_away(matrix, v * SIDE, 1, v + 1, SIDE, size, values, np.uint32(v * size))
        _scale(values, np.uint32(v * size), size, inverse[v])


@inlined
def _take_away(matrix, first, apart, begin, end, size, values, to):
    """Subtract from one line of values those from `begin` to `end`, times what stands `apart` in the matrix."""
    fours = begin + (end - begin) // 4 * 4
    for w in range(begin, fours, 4):
        a, b = matrix[np.uint32(first + w * apart)], matrix[np.uint32(first + (w + 1) * apart)]
        c, d = matrix[np.uint32(first + (w + 2) * apart)], matrix[np.uint32(first + (w + 3) * apart)]
        one = np.uint32(w * size)
        two, three, four = one + np.uint32(size), one + np.uint32(2 * size), one + np.uint32(3 * size)
        for n in range(size):
            at = np.uint32(n)
            values[to + at] -= (
                a * values[one + at] + b * values[two + at] + c * values[three + at] + d * values[four + at]
            )
    for w in range(fours, end):
        factor, at = matrix[np.uint32(first + w * apart)], np.uint32(w * size)
        for n in range(size):
            values[to + np.uint32(n)] -= factor * values[at + np.uint32(n)]


@inlined
def _scale(values, at, size, factor):
    """Multiply one line of values."""
    for n in range(size):
        values[at + np.uint32(n)] *= factor
