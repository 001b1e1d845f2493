"""The collaborative filter of 4 x 4 x 4 blocks on the CPU, in numba: gather, transform, shrink, transform, add.

A group goes through two buffers of 4 kB. The transforms run along the last axis and put it first, so that they read
and write without gaps: after three of them, the blocks are the last axis and the slices the first one again.
"""

import numpy as np

from ..runtime.compiled_code import compiled, inlined
from .groups import GROUP
from .kernels import ONE, ZERO, blocks_at_once, nearest_in_row

#: The cosine transform of four samples: 1/2, and cos(pi/8) and sin(pi/8) over sqrt(2).
HALF, C1, C3 = np.float32(0.5), np.float32(0.6532814824381883), np.float32(0.2705980500730985)
#: Blocks of a group.
SIZE = GROUP
TINY = np.float32(1e-30)


@compiled
def shrink_band(
    noisy, guide, unit, shape, start, first_row, last_row, step, places, alike, chance, corner, spectrum, window,
    threshold, total, weight,
):  # fmt: skip
    """Filter the groups of the blocks whose first rows are in [first_row, last_row); add them to total and weight.

    noisy, guide, unit, total, weight: flat, (slices, rows, columns) `shape`; similar blocks are those of the guide;
    alike: `most_by_chance`; chance: `chances`; corner: `chance_number` of the slab's first block; spectrum: (64,) SD at
    each frequency in units of `unit`; window: (64,); threshold: squared.
    """
    rows, columns = shape[1], shape[2]
    refs, at_once, block = (columns - 4) // step + 1, blocks_at_once(step), (4, 4, 4)
    firsts = np.zeros(at_once * SIZE, np.uint32)
    found = np.zeros(SIZE * 64, np.float32)
    scratch = np.zeros(SIZE * 64, np.float32)  # rows of one array would lose what the compiler knows of it
    shares, variance = np.zeros(64, np.float32), np.zeros(SIZE * 64, np.float32)
    for v in range(64):
        for n in range(SIZE):
            variance[v * SIZE + n] = SIZE * spectrum[v] * spectrum[v]
    for row in range(first_row, last_row, step):
        for first in range(0, refs, at_once):
            count = nearest_in_row(
                guide, shape, start, row, first, step, block, places, alike, chance, corner, SIZE, firsts
            )
            for q in range(count):
                base = np.uint32(q * SIZE)
                local = unit[firsts[base]]
                coefficients(noisy, rows, columns, firsts, base, found, scratch)
                left = _threshold(found, variance, local * local, threshold)
                share = ONE / max(left / np.float32(SIZE), TINY)  # little where much noise is left
                for v in range(64):
                    shares[v] = share * window[v]
                _inverse_cosine(found, scratch)
                _inverse_cosine(scratch, found)
                _inverse_cosine(found, scratch)
                _hadamard(scratch)
                scatter(scratch, shares, ONE / np.float32(SIZE), rows, columns, firsts, base, total, weight)


@inlined
def coefficients(volume, rows, columns, firsts, base, found, scratch):
    """Of a group: (slice, row and column frequency, Hadamard), flat; Hadamard's without its factor SIZE ** -.5."""
    gather(volume, rows, columns, firsts, base, scratch)
    _hadamard(scratch)
    _cosine(scratch, found)
    _cosine(found, scratch)
    _cosine(scratch, found)


@inlined
def gather(volume, rows, columns, firsts, base, blocks):
    """Copy 4 x 4 x 4 blocks of the flat volume one after the other, (SIZE * 64,)."""
    plane = rows * columns
    for n in range(SIZE):
        first = firsts[base + np.uint32(n)]
        for k in range(4):
            for j in range(4):
                source = first + np.uint32(k * plane + j * columns)
                target = np.uint32(n * 64 + k * 16 + j * 4)
                for i in range(4):
                    blocks[target + np.uint32(i)] = volume[source + np.uint32(i)]


@inlined
def scatter(blocks, shares, factor, rows, columns, firsts, base, total, weight):
    """Add the blocks times factor and shares (64,) to `total`, and the shares to `weight`."""
    plane = rows * columns
    for n in range(SIZE):
        first = firsts[base + np.uint32(n)]
        for k in range(4):
            for j in range(4):
                target = first + np.uint32(k * plane + j * columns)
                source = np.uint32(k * 16 + j * 4)
                own = source + np.uint32(n * 64)
                for i in range(4):
                    share = shares[source + np.uint32(i)]
                    total[target + np.uint32(i)] += blocks[own + np.uint32(i)] * factor * share
                for i in range(4):
                    weight[target + np.uint32(i)] += shares[source + np.uint32(i)]


@inlined
def _cosine(x, y):
    """The orthonormal cosine transform along the last axis of x, of 4 samples, which becomes the first one of y."""
    part = np.uint32(SIZE * 16)
    for n in range(part):
        at = n * np.uint32(4)
        a, b, c, d = x[at], x[at + np.uint32(1)], x[at + np.uint32(2)], x[at + np.uint32(3)]
        s, t, u, v = a + d, b + c, a - d, b - c
        y[n] = HALF * (s + t)
        y[n + part] = C1 * u + C3 * v
        y[n + part + part] = HALF * (s - t)
        y[n + part + part + part] = C3 * u - C1 * v


@inlined
def _inverse_cosine(y, x):
    """Undo `_cosine`."""
    part = np.uint32(SIZE * 16)
    for n in range(part):
        at = n * np.uint32(4)
        a, b, c, d = y[n], y[n + part], y[n + part + part], y[n + part + part + part]
        s, t, u, v = HALF * (a + c), HALF * (a - c), C1 * b + C3 * d, C3 * b - C1 * d
        x[at] = s + u
        x[at + np.uint32(1)] = t + v
        x[at + np.uint32(2)] = t - v
        x[at + np.uint32(3)] = s - u


@inlined
def _hadamard(x):
    """The Hadamard transform across the blocks, in place, without its factor SIZE ** -.5."""
    half = 1
    while half < SIZE:
        apart = np.uint32(half * 64)
        for n in range(0, SIZE, 2 * half):
            one = np.uint32(n * 64)
            for i in range(apart):
                a, b = x[one + i], x[one + apart + i]
                x[one + i] = a + b
                x[one + apart + i] = a - b
        half *= 2


@inlined
def _threshold(found, variance, local, threshold):
    """Keep the mean and what exceeds the noise; gives the noise variance that is left."""
    mean, left = found[0], ZERO
    found[0] = ZERO
    for n in range(SIZE * 64):
        noise = local * variance[n]
        gain = ONE if found[n] * found[n] > threshold * noise else ZERO
        found[n] *= gain
        left += gain * noise
    found[0] = mean
    return left + local * variance[0]
