"""The largest eigenvectors of a symmetric 64 x 64 matrix, in numba: all of those whose eigenvalues exceed a bound.

LAPACK would compute all 64, and five to ten times as long: Householder's reflections make the matrix tridiagonal, the
counts of Sturm's sequence find the wanted eigenvalues, 16 at once, and inverse iteration their vectors.

References:
    Golub and Van Loan, "Matrix Computations", 4th ed., Sec. 8.3 and 8.4. Parlett, "The Symmetric Eigenvalue Problem",
    Sec. 3 and 4.
"""

import numpy as np

from ..runtime.compiled_code import inlined
from .kernels import ONE, ZERO

#: Rows and columns; smaller matrices are filled up with zeros.
SIDE = 64
#: Eigenvalues that are bisected at once, and how often: to 24 bits.
LANES, HALVINGS = 16, 24
#: Rounds of inverse iteration, and the relative error of float32.
ROUNDS, EPSILON = 2, np.float32(1.2e-7)
TWO, HALF, TINY = np.float32(2), np.float32(0.5), np.float32(1e-30)


@inlined
def vectors_above(matrix, bound, most, vectors, work):
    """How many eigenvalues exceed `bound`, the number r; their orthonormal vectors, if r <= most.

    matrix: flat (64, 64) float32, destroyed; vectors: flat (most, 64) float32, the first r rows are written, by falling
    eigenvalue; work: (12 * 64,) float32.
    """
    diagonal, beside, factors = work[:SIDE], work[SIDE : 2 * SIDE], work[2 * SIDE : 3 * SIDE]
    one, other = work[3 * SIDE : 4 * SIDE], work[4 * SIDE : 5 * SIDE]
    _tridiagonal(matrix, diagonal, beside, factors, one, other)
    top = ZERO
    for i in range(SIDE):
        left = abs(beside[i - 1]) if i else ZERO
        top = max(top, diagonal[i] + left + abs(beside[i]))
    if top <= bound:
        return 0
    for i in range(SIDE):
        one[i] = beside[i] * beside[i]
    values = work[5 * SIDE : 6 * SIDE]
    for lane in range(LANES):
        values[lane] = bound
    _counts_above(diagonal, one, values, work[6 * SIDE : 7 * SIDE], work[7 * SIDE : 8 * SIDE])
    rank = int(work[7 * SIDE])
    if rank == 0 or rank > most:
        return rank
    for first in range(0, rank, LANES):
        _bisect(diagonal, one, bound, top, first, values[first:], work[6 * SIDE :])
    for r in range(rank):
        _inverse_iteration(diagonal, beside, values[r], top * EPSILON, r, vectors, work[6 * SIDE :])
    _reflect_back(matrix, factors, rank, vectors)
    return rank


@inlined
def _tridiagonal(matrix, diagonal, beside, factors, v, w):
    """Householder: T = Q' A Q; row k keeps the reflection I - factor v v' that cleared its end."""
    for k in range(SIDE - 2):
        row = np.uint32(k * SIDE)
        diagonal[k] = matrix[row + np.uint32(k)]
        norm = ZERO
        for i in range(k + 1):
            matrix[row + np.uint32(i)] = ZERO
        for i in range(SIDE):
            v[i] = matrix[row + np.uint32(i)]
            norm += v[i] * v[i]
        head = v[k + 1]
        beside[k] = -np.sqrt(norm) if head > ZERO else np.sqrt(norm)
        v[k + 1] = head - beside[k]
        matrix[row + np.uint32(k + 1)] = v[k + 1]
        length = norm - head * head + v[k + 1] * v[k + 1]
        factor = TWO / length if length > TINY else ZERO
        factors[k] = factor
        if factor == ZERO:
            continue
        for i in range(SIDE):
            w[i] = ZERO
        product = ZERO
        for j in range(k + 1, SIDE):
            at, total = np.uint32(j * SIDE), ZERO
            for i in range(SIDE):
                total += matrix[at + np.uint32(i)] * v[i]
            w[j] = factor * total
            product += w[j] * v[j]
        product *= HALF * factor
        for i in range(SIDE):
            w[i] -= product * v[i]
        for j in range(k + 1, SIDE):
            at, a, b = np.uint32(j * SIDE), v[j], w[j]
            for i in range(SIDE):
                matrix[at + np.uint32(i)] -= a * w[i] + b * v[i]
    last = SIDE - 2
    diagonal[last], diagonal[last + 1] = matrix[last * SIDE + last], matrix[SIDE * SIDE - 1]
    beside[last], beside[last + 1] = matrix[last * SIDE + last + 1], ZERO


@inlined
def _counts_above(diagonal, squares, bounds, pivots, counts):
    """How many eigenvalues exceed each of 16 bounds: as many as pivots of T - bound are positive."""
    for lane in range(LANES):
        pivots[lane] = ONE
        counts[lane] = ZERO
    for i in range(SIDE):
        center, square = diagonal[i], squares[i - 1] if i else ZERO
        for lane in range(LANES):
            last = pivots[lane]
            last = TINY if abs(last) < TINY else last
            pivot = center - bounds[lane] - square / last
            counts[lane] += ONE if pivot > ZERO else ZERO
            pivots[lane] = pivot


@inlined
def _bisect(diagonal, squares, bound, top, first, values, work):
    """The eigenvalues number first, first + 1, ... (0 is the largest) of those above `bound`: 16 of them."""
    middle, pivots, counts = work[:LANES], work[LANES : 2 * LANES], work[2 * LANES : 3 * LANES]
    low, high = work[3 * LANES : 4 * LANES], work[4 * LANES : 5 * LANES]
    for lane in range(LANES):
        low[lane], high[lane] = bound, top
    for _ in range(HALVINGS):
        for lane in range(LANES):
            middle[lane] = HALF * (low[lane] + high[lane])
        _counts_above(diagonal, squares, middle, pivots, counts)
        for lane in range(LANES):
            above = counts[lane] > np.float32(first + lane)
            low[lane] = middle[lane] if above else low[lane]
            high[lane] = high[lane] if above else middle[lane]
    for lane in range(LANES):
        values[lane] = HALF * (low[lane] + high[lane])


@inlined
def _inverse_iteration(diagonal, beside, value, small, number, vectors, work):
    """The eigenvector of T at `value` into row `number` of the vectors; it is orthogonal to the rows before."""
    x = vectors[number * SIDE : (number + 1) * SIDE]
    a, b, c = work[:SIDE], work[SIDE : 2 * SIDE], work[2 * SIDE : 3 * SIDE]  # of U: diagonal, two beside
    factor, swapped = work[3 * SIDE : 4 * SIDE], work[4 * SIDE : 5 * SIDE]
    small = max(small, TINY)
    center, right = diagonal[0] - value, beside[0]
    for i in range(SIDE - 1):  # Gaussian elimination with pivots
        below, following = diagonal[i + 1] - value, beside[i + 1]
        if abs(beside[i]) > abs(center):
            swapped[i], factor[i] = ONE, center / beside[i]
            a[i], b[i], c[i] = beside[i], below, following
            center, right = right - factor[i] * below, -factor[i] * following
        else:
            center = small if abs(center) < small else center
            swapped[i], factor[i] = ZERO, beside[i] / center
            a[i], b[i], c[i] = center, right, ZERO
            center, right = below - factor[i] * right, following
    a[SIDE - 1] = small if abs(center) < small else center
    b[SIDE - 1] = c[SIDE - 1] = c[SIDE - 2] = ZERO
    seed = np.uint32(12345 + 7919 * number)
    for i in range(SIDE):
        seed = np.uint32((np.uint64(seed) * np.uint64(1664525) + np.uint64(1013904223)) & np.uint64(0xFFFFFFFF))
        x[i] = np.float32(seed >> np.uint32(8)) * np.float32(2.0**-24) - HALF
    for _ in range(ROUNDS):
        for i in range(SIDE - 1):
            if swapped[i] > ZERO:
                x[i], x[i + 1] = x[i + 1], x[i] - factor[i] * x[i + 1]
            else:
                x[i + 1] -= factor[i] * x[i]
        following = last = ZERO
        for n in range(SIDE):
            i = SIDE - 1 - n
            x[i] = (x[i] - b[i] * last - c[i] * following) / a[i]
            last, following = x[i], last
        _normalize(x)
        for r in range(number):
            at, product = np.uint32(r * SIDE), ZERO
            for i in range(SIDE):
                product += vectors[at + np.uint32(i)] * x[i]
            for i in range(SIDE):
                x[i] -= product * vectors[at + np.uint32(i)]
        _normalize(x)


@inlined
def _normalize(x):
    largest = TINY
    for i in range(SIDE):
        largest = max(largest, abs(x[i]))
    factor, square = ONE / largest, ZERO
    for i in range(SIDE):
        x[i] *= factor
        square += x[i] * x[i]
    factor = ONE / np.sqrt(max(square, TINY))
    for i in range(SIDE):
        x[i] *= factor


@inlined
def _reflect_back(matrix, factors, rank, vectors):
    """From eigenvectors of T to those of A."""
    for n in range(SIDE - 2):
        k = SIDE - 3 - n
        row = np.uint32(k * SIDE)
        for r in range(rank):
            at, product = np.uint32(r * SIDE), ZERO
            for i in range(SIDE):
                product += matrix[row + np.uint32(i)] * vectors[at + np.uint32(i)]
            product *= factors[k]
            for i in range(SIDE):
                vectors[at + np.uint32(i)] -= product * matrix[row + np.uint32(i)]
