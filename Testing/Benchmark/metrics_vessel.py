"""Recovered contrast of small vessels that were inserted into a volume before denoising."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from Benchmark.regions import homogeneous_blocks

#: Slices that a vessel runs through, one pixel further in each; side in pixels of the block around it; SD in pixels of
#: its Gaussian profile, which makes it two pixels wide.
DEPTH, SIDE, WIDTH = 7, 17, 0.85


@dataclass(frozen=True)
class Vessels:
    """corners: int (n, 3) of the blocks around them, (k, j, i); contrasts, baseline: (n,), image units."""

    corners: np.ndarray
    contrasts: np.ndarray
    baseline: np.ndarray


def insert_vessels(volume, contrast, spacing, count=8):
    """(volume with vessels, Vessels): oblique, two pixels wide, in homogeneous tissue.

    Some are brighter than the tissue and some darker, for the reason of `metrics_disc.insert_discs`.
    volume: (K, J, I); contrast: in a vessel's middle; spacing (k, j, i) in mm.
    """
    corners = homogeneous_blocks(volume, count=count, shape=(DEPTH, SIDE, SIDE), spacing=spacing).corners
    baseline = _amplitudes(volume, corners)
    signs = min(product((1, -1), repeat=len(baseline)), key=lambda signs: abs(np.dot(signs, baseline)))
    contrasts = contrast * np.array(signs, dtype=np.float32)
    result = np.array(volume, dtype=np.float32)
    for (k, j, i), height in zip(corners, contrasts, strict=True):
        result[k : k + DEPTH, j : j + SIDE, i : i + SIDE] += height * _profile()
    return result, Vessels(corners, contrasts, baseline)


def recovered_vessels(volume, vessels):
    """Mean over the vessels of the contrast after denoising over the inserted one: 1 is all of it."""
    return float(np.mean((_amplitudes(volume, vessels.corners) - vessels.baseline) / vessels.contrasts))


def _profile():
    """A vessel of contrast 1, (DEPTH, SIDE, SIDE) float32."""
    k, j, i = np.indices((DEPTH, SIDE, SIDE)) - np.array([DEPTH // 2, SIDE // 2, SIDE // 2])[:, None, None, None]
    return np.exp(-((j - k) ** 2 + i**2) / (2 * WIDTH**2)).astype(np.float32)


def _amplitudes(volume, corners):
    """The profile's part in each block beside a constant, by least squares, (n,) float64."""
    shape = _profile() - _profile().mean()
    cuts = [volume[k : k + DEPTH, j : j + SIDE, i : i + SIDE] for k, j, i in corners]
    return np.array([float((np.asarray(cut, np.float64) * shape).sum() / np.square(shape).sum()) for cut in cuts])
