"""Mean of each slice and its two neighbors: the trivial use of neighboring slices."""

import numpy as np

LABEL = "mean of 3 slices"
SOURCE = "-"
LICENSE = "-"
PACKAGE = None
RANDOM = False
SWEEP = [{}]


def denoise(case, seed, progress):
    """(x_(k-1) + x_k + x_(k+1)) / 3; the end slices repeat."""
    padded = np.pad(case.noisy, ((1, 1), (0, 0), (0, 0)), mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
