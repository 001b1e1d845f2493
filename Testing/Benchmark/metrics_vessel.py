"""Recovered contrast of small vessels that were inserted into a volume before denoising."""

from dataclasses import dataclass

import numpy as np

from Benchmark.inserted import insert
from Benchmark.regions import Blocks, homogeneous_blocks

#: The block around a vessel, which lies one pixel further in each slice; SD in pixels of its Gaussian profile, which
#: makes it two pixels wide.
SHAPE, WIDTH = (7, 17, 17), 0.85


@dataclass(frozen=True)
class Vessels:
    """corners: int (n, 3) of the blocks around them, (k, j, i); contrasts, baseline: (n,), image units."""

    corners: np.ndarray
    contrasts: np.ndarray
    baseline: np.ndarray


def insert_vessels(volume, contrast, spacing, count=8):
    """(volume with vessels, Vessels): oblique, two pixels wide, in homogeneous tissue.

    Some are brighter than the tissue and some darker, see `insert`.
    volume: (K, J, I); contrast: in a vessel's middle; spacing (k, j, i) in mm.
    """
    blocks = homogeneous_blocks(volume, count=count, shape=SHAPE, spacing=spacing)
    baseline = _amplitudes(volume, blocks.corners)
    result, contrasts = insert(volume, blocks, _profile(), contrast, baseline)
    return result, Vessels(blocks.corners, contrasts, baseline)


def recovered_vessels(volume, vessels):
    """Mean over the vessels of the contrast after denoising over the inserted one: 1 is all of it."""
    return float(np.mean((_amplitudes(volume, vessels.corners) - vessels.baseline) / vessels.contrasts))


def _profile():
    """A vessel of contrast 1, (slices, rows, columns) float32."""
    k, j, i = np.indices(SHAPE) - np.array([side // 2 for side in SHAPE])[:, None, None, None]
    return np.exp(-((j - k) ** 2 + i**2) / (2 * WIDTH**2)).astype(np.float32)


def _amplitudes(volume, corners):
    """The profile's part in each block beside a constant, by least squares, (n,) float64."""
    shape = _profile() - _profile().mean()
    return (Blocks(corners, SHAPE).cut(volume) * shape).sum(axis=(1, 2, 3)) / np.square(shape).sum()
