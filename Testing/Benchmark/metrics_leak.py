"""Leak: does the removed noise hold anatomy? RMS of input - output by edge strength, relative to the flattest half."""

import itertools

import numpy as np
from scipy import ndimage

BANDS = (0, 50, 80, 90, 95, 99, 100)  # percentiles of the edge strength


def edge_strength(volume):
    """Magnitude of the in-plane gradient (Gaussian derivative, SD 1 pixel) per slice, float32 (K, J, I)."""
    volume = np.asarray(volume, dtype=np.float32)
    along_rows = ndimage.gaussian_filter(volume, (0, 1, 1), order=(0, 1, 0))
    along_columns = ndimage.gaussian_filter(volume, (0, 1, 1), order=(0, 0, 1))
    return np.hypot(along_rows, along_columns)


def leak(before, after, mask, bands=BANDS):
    """List of len(bands) - 1 numbers, the first 1: about 1 where only noise went, more where structure went with it.

    Below 1: less is removed near edges than in flat tissue. The bands are of the output's edge strength within mask.
    """
    removed = np.subtract(before, after, dtype=np.float32)[mask]
    ranked = removed[np.argsort(edge_strength(after)[mask], kind="stable")].astype(np.float64)
    limits = [round(len(ranked) * band / 100.0) for band in bands]
    rms = [np.sqrt(np.mean(np.square(ranked[first:last]))) for first, last in itertools.pairwise(limits)]
    return [float(value / rms[0]) if rms[0] > 0 else float("nan") for value in rms]
