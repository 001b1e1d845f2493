"""The honest report of a run, from numbers that were measured on its input and output."""

import math

import numpy as np

from ..match.matching import Matching
from ..noise.blocks import mean_shift, noise_sd


def measure(matching: Matching, after: np.ndarray) -> dict:
    """Noise before and after, and how far homogeneous regions moved, all in image units.

    Args:
        matching: of the input.
        after: (slices, rows, columns) float32, normalized.
    """
    where, scale = matching.noise_blocks, matching.scale
    shift, worst = mean_shift(matching.stack, after, where)
    return {
        "noiseBefore": plain(noise_sd(matching.stack, where) * scale),
        "noiseAfter": plain(noise_sd(after, where) * scale),
        "meanShift": plain(shift * scale),
        "worstBlockShift": plain(worst * scale),
        "homogeneousBlocks": where.count,
    }


def plain(value: float, digits: int = 5) -> float | None:
    """A float rounded to significant digits that JSON can hold; None for NaN and infinities."""
    value = float(value)
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
