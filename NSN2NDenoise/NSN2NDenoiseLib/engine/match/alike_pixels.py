"""Non-local means on the CPU, in numba: what `low_pass.py` does in numpy, in a quarter of the time.

Band by band of an image, so that what is added to stays in the innermost caches. The bands are as high as the grid on
which parts of a volume begin (`volume/part.py`), so that a pixel's sums are taken in the same order in a part as in the
whole.
"""

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from ..runtime.compiled_code import compiled, inlined
from ..volume.part import GRID
from .low_pass import FARTHEST, REACH

BAND = GRID[1]
#: Polynomial for exp(x / 8), -FARTHEST <= x <= 0, to 4e-8; its eighth power is exp(x).
C0, C1, C2, C3, C4, C5 = (
    np.float32(c) for c in Chebyshev.interpolate(np.exp, 5, domain=[-FARTHEST / 8, 0]).convert(kind=Polynomial).coef
)
EIGHTH, ZERO, LEAST = np.float32(1 / 8), np.float32(0), np.float32(-FARTHEST)


@compiled
def add_alike(pixels, scaled, expected, total, weights):
    """As `low_pass.add_alike`; a patch has one pixel above and left of its own, and two below and right of it."""
    rows, columns = pixels.shape[0] - 3, pixels.shape[1] - 3  # with whole patches, from 1 on
    end, width = rows - REACH + 1, np.uint32(pixels.shape[1])
    squares, sums = np.zeros((4, width), np.float32), np.zeros(width, np.float32)
    weight = np.zeros(width, np.float32)
    for first_row in range(1, end, BAND):
        last_row = min(first_row + BAND, end) - 1
        for down in range(REACH + 1):
            for right in range(-REACH if down else 1, REACH + 1):  # half of the shifts: a pair of pixels is met once
                first, count = 1 + max(0, -right), np.uint32(columns - abs(right))
                for row in range(first_row - 1, last_row + 3):  # of patches
                    here, there = scaled[row, first - 1 :], scaled[row + down, first - 1 + right :]
                    _square_difference(here, there, count + np.uint32(3), squares[row % 4])
                    own = row - 2
                    if own < first_row:
                        continue
                    _sum_rows(squares, own, count + np.uint32(3), sums)
                    _weigh(sums, expected, count, weight)
                    other = own + down
                    _add(weight, pixels[other, first + right :], count, total[own, first:], weights[own, first:])
                    _add(
                        weight,
                        pixels[own, first:],
                        count,
                        total[other, first + right :],
                        weights[other, first + right :],
                    )


@inlined
def _square_difference(one, other, count, squares):
    for i in range(count):
        difference = one[i] - other[i]
        squares[i] = difference * difference


@inlined
def _sum_rows(squares, own, count, sums):
    """Of the four rows of a patch, from the one above the pixel's own."""
    a, b, c, d = squares[(own - 1) % 4], squares[own % 4], squares[(own + 1) % 4], squares[(own + 2) % 4]
    for i in range(count):
        sums[i] = (a[i] + b[i]) + (c[i] + d[i])


@inlined
def _weigh(sums, expected, count, weight):
    """exp(-max(d^2 - 2 SD^2, 0) / h^2) from the sums of the patches' columns."""
    for i in range(count):
        beside = (sums[i] + sums[i + np.uint32(1)]) + (sums[i + np.uint32(2)] + sums[i + np.uint32(3)])
        exponent = min(expected - beside, ZERO)
        x = max(exponent, LEAST) * EIGHTH
        found = C0 + x * (C1 + x * (C2 + x * (C3 + x * (C4 + x * C5))))
        found *= found
        found *= found
        found *= found
        weight[i] = found if exponent >= LEAST else ZERO


@inlined
def _add(weight, pixels, count, total, weights):
    for i in range(count):
        total[i] += weight[i] * pixels[i]
        weights[i] += weight[i]
