"""Texture of the remaining noise: power spectrum in homogeneous blocks, and flicker from slice to slice."""

import numpy as np


def noise_power_spectrum(volume, blocks, spacing):
    """Radial noise power spectrum of the blocks: (frequencies in 1/mm, power in units^2 mm^2), float64 lists.

    NPS = |FFT2(block - mean)|^2 dx dy / (nx ny), averaged over blocks, slices and angle (Siewerdsen et al. 2002). White
    noise of SD sigma has sigma^2 dx dy at every frequency. spacing: (k, j, i) in mm.
    """
    values = blocks.cut(volume)
    rows, columns = values.shape[2:]
    _, dy, dx = spacing
    values = values - values.mean(axis=(2, 3), keepdims=True)
    power = np.mean(np.abs(np.fft.fft2(values)) ** 2, axis=(0, 1)) * dx * dy / (rows * columns)
    radius = np.hypot(np.fft.fftfreq(rows, dy)[:, None], np.fft.fftfreq(columns, dx)[None])
    step = 1.0 / (max(rows, columns) * max(dx, dy))
    rings = np.rint(radius / step).astype(int)
    last = int(0.5 / max(dx, dy) / step)
    frequencies = [float(radius[rings == n].mean()) for n in range(1, last + 1)]
    return frequencies, [float(power[rings == n].mean()) for n in range(1, last + 1)]


def mean_frequency(frequencies, power):
    """Centroid of a radial spectrum over the frequency plane, 1/mm: lower means coarser, blotchier noise."""
    frequencies, power = np.asarray(frequencies), np.asarray(power)
    return float(np.sum(frequencies**2 * power) / np.sum(frequencies * power))


def slice_flicker(volume, blocks):
    """RMS over the blocks of the second difference of their means from slice to slice, divided by sqrt(6), image units.

    For independent noise that is the SD of a block's mean in one slice; anatomy that changes linearly does not count.
    None for blocks of fewer than 3 slices.
    """
    means = blocks.cut(volume).mean(axis=(2, 3))
    if means.shape[1] < 3:
        return None
    return float(np.sqrt(np.mean(np.square(np.diff(means, n=2, axis=1))) / 6.0))
