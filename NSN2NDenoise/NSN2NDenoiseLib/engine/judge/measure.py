"""The figures of a run, measured on its input and output."""

import math

import numpy as np

from ..look import Look
from ..noise.blocks import mean_shift, noise_sd

#: A run that leaves more than this part of the noise is worth a warning.
HARDLY_ANY = 0.8


def measure(noisy: np.ndarray, denoised: np.ndarray, look: Look, noise_left: float) -> dict:
    """Noise before and after, and how far homogeneous regions moved, all in image units.

    Args:
        noisy, denoised: (slices, rows, columns) float32, normalized.
        look: at the volume.
        noise_left: SD of the noise in the result in units of the input's.
    """
    flat = noise_sd(noisy, look.blocks), noise_sd(denoised, look.blocks)
    return effect(look, mean_shift(noisy, denoised, look.blocks), flat, noise_left)


def effect(look: Look, shifts: tuple[float, float], flat: tuple[float, float], noise_left: float) -> dict:
    """As `measure`, when median and largest shift of the blocks and their SD before and after, normalized, are known.

    "flatBefore" and "flatAfter" are what a region of interest in flat tissue shows, anatomy included; "noiseBefore" and
    "noiseAfter" are of all tissue, its edges included, and of noise alone.
    """
    shift, worst = shifts
    return {
        "noiseBefore": plain(look.noise_sd),
        "noiseAfter": plain(look.noise_sd * noise_left),
        "flatBefore": plain(flat[0] * look.scale),
        "flatAfter": plain(flat[1] * look.scale),
        "meanShift": plain(shift * look.scale),
        "worstBlockShift": plain(worst * look.scale),
        "homogeneousBlocks": look.blocks.count,
    }


def effect_warnings(figures: dict, made_by: tuple[str, ...]) -> list[str]:
    """What to say of a run that did little.

    Args:
        figures: as `measure` returns them.
        made_by: the stages that made the result; none left the volume as it was, with good reason.
    """
    before, after = figures["noiseBefore"], figures["noiseAfter"]
    if not made_by or not before or after is None or after <= HARDLY_ANY * before:
        return []
    train = "train for more steps, or " if "learn" in made_by else ""
    return [f"The noise fell only from {before:g} to {after:g}: {train}check the slice correlation and the threshold."]


def plain(value: float, digits: int = 5) -> float | None:
    """A float rounded to significant digits that JSON can hold; None for NaN and infinities."""
    value = float(value)
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
