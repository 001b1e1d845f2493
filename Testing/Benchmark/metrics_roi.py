"""Noise and bias without a reference: SD in homogeneous blocks and shift of their means (image units)."""

import numpy as np


def block_noise(volume, blocks):
    """Median over the blocks of the in-block noise SD, each slice's best-fitting plane removed first."""
    values = blocks.cut(volume)
    n, k, j, i = values.shape
    rows, columns = np.mgrid[:j, :i]
    design = np.stack([np.ones(j * i), rows.ravel(), columns.ravel()], axis=1).astype(np.float64)
    flat = values.reshape(n * k, j * i).T
    residual = flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]
    variance = np.square(residual).sum(axis=0) / (j * i - design.shape[1])
    return float(np.median(np.sqrt(variance.reshape(n, k).mean(axis=1))))


def mean_shift(before, after, blocks):
    """Shift of the block means, after - before: dict mean (signed), median and worst (absolute), image units."""
    shift = blocks.cut(after).mean(axis=(1, 2, 3)) - blocks.cut(before).mean(axis=(1, 2, 3))
    return {
        "mean": float(shift.mean()),
        "median": float(np.median(np.abs(shift))),
        "worst": float(np.abs(shift).max()),
    }
