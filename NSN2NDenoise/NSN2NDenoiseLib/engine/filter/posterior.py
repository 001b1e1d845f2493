"""Non-local Bayes on the CPU, in numba: `bayes.py` says what and why.

The blocks of a group lie side by side: the values of one voxel, or of one frequency, in all of them are neighbors in
memory, so that transforms and equations run over all blocks at once.
"""

import numpy as np

from ..runtime.compiled_code import compiled, inlined
from .groups import LARGE_GROUP
from .kernels import ONE, ZERO, blocks_at_once, nearest_in_row
from .shrinkage import C1, C3, HALF, TINY

#: Voxels of a block, 4 x 4 x 4, and blocks of a group.
SIDE, SIZE = 64, LARGE_GROUP


@compiled
def bayes_band(
    noisy, guide, unit, shape, start, first_row, last_row, step, places, alike, chance, corner, spectrum, variances,
    rounding, window, total, weight,
):  # fmt: skip
    """Filter the groups of the blocks whose first rows are in [first_row, last_row); add them to total and weight.

    noisy, guide, unit, total, weight: flat, (slices, rows, columns) `shape`; alike: `most_by_chance`; chance:
    `chances`; corner: `chance_number` of the slab's first block; spectrum: (64,) SD at each frequency in units of
    `unit`; variances, rounding: as in `bayes.py`; window: (64,).
    """
    rows, columns = shape[1], shape[2]
    refs, at_once, block = (columns - 4) // step + 1, blocks_at_once(step), (4, 4, 4)
    firsts, lines = np.zeros(at_once * SIZE, np.uint32), np.zeros(SIZE * SIDE, np.float32)
    expected, found = np.zeros(SIDE * SIZE, np.float32), np.zeros(SIDE * SIZE, np.float32)
    mean, matrix, inverse = np.zeros(SIDE, np.float32), np.zeros(SIDE * SIDE, np.float32), np.zeros(SIDE, np.float32)
    whiten = np.zeros(SIDE, np.float32)
    for v in range(SIDE):
        whiten[v] = ONE / spectrum[v]
    for row in range(first_row, last_row, step):
        for first in range(0, refs, at_once):
            count = nearest_in_row(
                guide, shape, start, row, first, step, block, places, alike, chance, corner, SIZE, firsts
            )
            for q in range(count):
                base = np.uint32(q * SIZE)
                local = unit[firsts[base]]
                noise = variances * local * local
                _gather(guide, rows, columns, firsts, base, expected)
                _frequencies(expected, whiten, mean)
                _covariance(expected, lines, matrix)
                _cholesky(matrix, noise, rounding, inverse)
                _gather(noisy, rows, columns, firsts, base, found)
                _frequencies(found, whiten, mean)
                expected[:] = found
                _solve(matrix, inverse, expected)
                for v in range(SIDE):
                    at = np.uint32(v * SIZE)
                    for n in range(SIZE):
                        value = found[at + np.uint32(n)] - noise * expected[at + np.uint32(n)] + mean[v]
                        found[at + np.uint32(n)] = spectrum[v] * value
                _voxels(found)
                _scatter(found, window, rows, columns, firsts, base, total, weight)


@inlined
def _gather(volume, rows, columns, firsts, base, blocks):
    """Copy 4 x 4 x 4 blocks of the flat volume, (64, SIZE)."""
    plane = rows * columns
    for n in range(SIZE):
        first, target = firsts[base + np.uint32(n)], np.uint32(n)
        for k in range(4):
            for j in range(4):
                source = first + np.uint32(k * plane + j * columns)
                for i in range(4):
                    blocks[target] = volume[source + np.uint32(i)]
                    target += np.uint32(SIZE)


@inlined
def _scatter(blocks, window, rows, columns, firsts, base, total, weight):
    """Add the blocks, (64, SIZE), times the window (64,) to `total`, and the window to `weight`."""
    plane = rows * columns
    for n in range(SIZE):
        first, source, v = firsts[base + np.uint32(n)], np.uint32(n), np.uint32(0)
        for k in range(4):
            for j in range(4):
                target = first + np.uint32(k * plane + j * columns)
                for i in range(4):
                    total[target + np.uint32(i)] += blocks[source] * window[v]
                    weight[target + np.uint32(i)] += window[v]
                    source += np.uint32(SIZE)
                    v += np.uint32(1)


@inlined
def _frequencies(blocks, whiten, mean):
    """From voxels to frequencies in units of the noise's SD, without their mean over the blocks, (64,), in place."""
    for apart in (1, 4, 16):
        for v in range(SIDE):
            if v // apart % 4 == 0:
                _cosine(blocks, v * SIZE, apart * SIZE)
    for v in range(SIDE):
        at, total = np.uint32(v * SIZE), ZERO
        for n in range(SIZE):
            total += blocks[at + np.uint32(n)]
        mean[v] = whiten[v] * total / np.float32(SIZE)
        for n in range(SIZE):
            blocks[at + np.uint32(n)] = whiten[v] * blocks[at + np.uint32(n)] - mean[v]


@inlined
def _voxels(blocks):
    """From frequencies to voxels, in place."""
    for apart in (1, 4, 16):
        for v in range(SIDE):
            if v // apart % 4 == 0:
                _inverse_cosine(blocks, v * SIZE, apart * SIZE)


@inlined
def _cosine(x, first, apart):
    """The orthonormal cosine transform of four values each of the blocks, in place."""
    one = np.uint32(first)
    two, three, four = one + np.uint32(apart), one + np.uint32(2 * apart), one + np.uint32(3 * apart)
    for n in range(SIZE):
        at = np.uint32(n)
        a, b, c, d = x[one + at], x[two + at], x[three + at], x[four + at]
        s, t, u, v = a + d, b + c, a - d, b - c
        x[one + at] = HALF * (s + t)
        x[two + at] = C1 * u + C3 * v
        x[three + at] = HALF * (s - t)
        x[four + at] = C3 * u - C1 * v


@inlined
def _inverse_cosine(x, first, apart):
    """Undo `_cosine`."""
    one = np.uint32(first)
    two, three, four = one + np.uint32(apart), one + np.uint32(2 * apart), one + np.uint32(3 * apart)
    for n in range(SIZE):
        at = np.uint32(n)
        a, b, c, d = x[one + at], x[two + at], x[three + at], x[four + at]
        s, t, u, v = HALF * (a + c), HALF * (a - c), C1 * b + C3 * d, C3 * b - C1 * d
        x[one + at] = s + u
        x[two + at] = t + v
        x[three + at] = t - v
        x[four + at] = s - u


@inlined
def _covariance(blocks, lines, matrix):
    """Of the frequencies, (64, SIZE), of blocks without their mean: (64, 64), its diagonal and what is right of it."""
    scale = ONE / np.float32(SIZE - 1)
    for v in range(SIDE):
        at = np.uint32(v * SIZE)
        for n in range(SIZE):
            lines[np.uint32(n * SIDE + v)] = blocks[at + np.uint32(n)]
    matrix[:] = ZERO
    for n in range(0, SIZE, 4):
        one = np.uint32(n * SIDE)
        two, three, four = one + np.uint32(SIDE), one + np.uint32(2 * SIDE), one + np.uint32(3 * SIDE)
        for j in range(0, SIDE, 2):
            at, other = np.uint32(j * SIDE), np.uint32(j * SIDE + SIDE)
            own, next_ = np.uint32(j), np.uint32(j + 1)
            a, b = scale * lines[one + own], scale * lines[two + own]
            c, d = scale * lines[three + own], scale * lines[four + own]
            p, q = scale * lines[one + next_], scale * lines[two + next_]
            r, s = scale * lines[three + next_], scale * lines[four + next_]
            for i in range(j // 8 * 8, SIDE):
                v = np.uint32(i)
                w, x, y, z = lines[one + v], lines[two + v], lines[three + v], lines[four + v]
                matrix[at + v] += a * w + b * x + c * y + d * z
                matrix[other + v] += p * w + q * x + r * y + s * z


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
def _solve(matrix, inverse, values):
    """Solve R'R x = y for all blocks: y is in `values`, (64, SIZE), which becomes x."""
    for first in range(0, SIDE, 4):
        for w in range(0, first, 4):
            _take_away(matrix, 1, SIDE, first, w, values)
        for v in range(first, first + 4):
            for w in range(first, v):
                _take_one_away(matrix[np.uint32(w * SIDE + v)], v, w, values)
            _scale(values, np.uint32(v * SIZE), inverse[v])
    for up in range(0, SIDE, 4):
        first = SIDE - 4 - up
        for w in range(first + 4, SIDE, 4):
            _take_away(matrix, SIDE, 1, first, w, values)
        for down in range(4):
            v = first + 3 - down
            for w in range(v + 1, first + 4):
                _take_one_away(matrix[np.uint32(v * SIDE + w)], v, w, values)
            _scale(values, np.uint32(v * SIZE), inverse[v])


@inlined
def _take_away(matrix, down, right, v, w, values):
    """Subtract from four lines of values, from v on, four others, from w on, times what stands there in the matrix."""
    at = v * down + w * right
    a0, a1 = matrix[np.uint32(at)], matrix[np.uint32(at + right)]
    a2, a3 = matrix[np.uint32(at + 2 * right)], matrix[np.uint32(at + 3 * right)]
    at += down
    b0, b1 = matrix[np.uint32(at)], matrix[np.uint32(at + right)]
    b2, b3 = matrix[np.uint32(at + 2 * right)], matrix[np.uint32(at + 3 * right)]
    at += down
    c0, c1 = matrix[np.uint32(at)], matrix[np.uint32(at + right)]
    c2, c3 = matrix[np.uint32(at + 2 * right)], matrix[np.uint32(at + 3 * right)]
    at += down
    d0, d1 = matrix[np.uint32(at)], matrix[np.uint32(at + right)]
    d2, d3 = matrix[np.uint32(at + 2 * right)], matrix[np.uint32(at + 3 * right)]
    to, by, line = np.uint32(v * SIZE), np.uint32(w * SIZE), np.uint32(SIZE)
    for i in range(SIZE):
        n = np.uint32(i)
        p, q = values[by + n], values[by + line + n]
        r, s = values[by + line + line + n], values[by + line + line + line + n]
        values[to + n] -= a0 * p + a1 * q + a2 * r + a3 * s
        values[to + line + n] -= b0 * p + b1 * q + b2 * r + b3 * s
        values[to + line + line + n] -= c0 * p + c1 * q + c2 * r + c3 * s
        values[to + line + line + line + n] -= d0 * p + d1 * q + d2 * r + d3 * s


@inlined
def _take_one_away(factor, v, w, values):
    """Subtract line w of the values, times a factor, from line v."""
    to, by = np.uint32(v * SIZE), np.uint32(w * SIZE)
    for n in range(SIZE):
        values[to + np.uint32(n)] -= factor * values[by + np.uint32(n)]


@inlined
def _scale(values, at, factor):
    """Multiply one line of values."""
    for n in range(SIZE):
        values[at + np.uint32(n)] *= factor
