"""Did edges go with the noise? The removed noise by the strength of the edge that it lies on."""

import itertools

import numpy as np
from scipy import ndimage

#: Ends of the bands, percentiles of the edge strength.
BANDS = (0, 50, 80, 90, 95, 99, 100)


def edge_strength(image: np.ndarray) -> np.ndarray:
    """Magnitude of the gradient (Gaussian derivative, SD 1 pixel) of a slice, (rows, columns) float32."""
    image = np.asarray(image, np.float32)
    return np.hypot(ndimage.gaussian_filter(image, 1, order=(1, 0)), ndimage.gaussian_filter(image, 1, order=(0, 1)))


def leak(before: np.ndarray, after: np.ndarray, inside: np.ndarray, slices: np.ndarray) -> list[float]:
    """RMS of the removed noise in each band of the output's edge strength, in units of that in the flattest half.

    About 1: only noise went. More: edges went with it. Less: less was removed at edges. The first band is 1 by
    definition, and what is weaker than the noise has no edge in the output: lesions show it, this does not.

    Args:
        before, after: (slices, rows, columns), image units.
        inside: boolean, same shape, where it counts.
        slices: numbers of the slices that are looked at.
    """
    strengths = np.concatenate([edge_strength(after[k])[inside[k]] for k in slices])
    removed = np.concatenate([np.subtract(before[k], after[k], dtype=np.float32)[inside[k]] for k in slices])
    if removed.size < 100 * len(BANDS):
        return []
    squares = np.square(removed[np.argsort(strengths, kind="stable")], dtype=np.float64)
    limits = [round(len(squares) * band / 100) for band in BANDS]
    rms = [float(np.sqrt(squares[a:b].mean())) for a, b in itertools.pairwise(limits)]
    return [value / rms[0] for value in rms] if rms[0] > 0 else []
