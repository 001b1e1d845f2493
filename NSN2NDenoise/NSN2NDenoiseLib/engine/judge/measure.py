"""The figures of a run, measured on its input and output."""

import math

import numpy as np

from ..look import Look
from ..noise.blocks import mean_shift, noise_sd

#: A run that leaves more than this part of the noise is worth a warning.
HARDLY_ANY = 0.8


def measure(noisy: np.ndarray, denoised: np.ndarray, look: Look) -> dict:
    """Noise before and after, and how far homogeneous regions moved, all in image units.

    Args:
        noisy, denoised: (slices, rows, columns) float32, normalized.
        look: at the volume.
    """
    where, scale = look.blocks, look.scale
    shift, worst = mean_shift(noisy, denoised, where)
    return {
        "noiseBefore": plain(look.noise_sd),
        "noiseAfter": plain(_noise_left(noisy, denoised, look) * scale),
        "meanShift": plain(shift * scale),
        "worstBlockShift": plain(worst * scale),
        "homogeneousBlocks": where.count,
    }


def _noise_left(noisy: np.ndarray, denoised: np.ndarray, look: Look) -> float:
    """SD of the noise that is left in homogeneous blocks, without what they show of anatomy; normalized."""
    before, after = noise_sd(noisy, look.blocks), noise_sd(denoised, look.blocks)
    anatomy = max(before**2 - look.noise.sd**2, 0.0)
    return max(after**2 - anatomy, 0.0) ** 0.5


def effect_warnings(figures: dict) -> list[str]:
    """What to say of a run that did little; `figures` as `measure` returns them."""
    before, after = figures["noiseBefore"], figures["noiseAfter"]
    if before and after is not None and after > HARDLY_ANY * before:
        return [
            f"The noise fell only from {before:g} to {after:g}: train for more steps, or check the slice correlation "
            "and the threshold."
        ]
    return []


def plain(value: float, digits: int = 5) -> float | None:
    """A float rounded to significant digits that JSON can hold; None for NaN and infinities."""
    value = float(value)
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
