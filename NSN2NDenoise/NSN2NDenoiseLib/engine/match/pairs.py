"""Which slices are paired: the nearest ones whose noise is independent (the assumption behind Eq. 2)."""

import numpy as np

from ..errors import SettingsError
from ..look import Look
from ..noise.color import are_independent

#: Where none does, a larger distance must have so much less correlation to be worth the difference in anatomy.
WORTH_A_LAG = 0.05
#: Slices farther apart than this (mm) show different anatomy, whatever their noise.
MAX_GAP_MM = 8.0


def choose_gap(look: Look, wanted: int | None) -> int:
    """Pairs are (x_i, x_i+gap): `wanted`, or the smallest gap with uncorrelated noise, or the least correlated one
    within `MAX_GAP_MM`.

    Raises:
        SettingsError: `wanted` is not possible with so many slices.
    """
    slices = look.shape[0]
    if wanted is not None:
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= slices // 2:
            raise SettingsError(
                f"gap is {wanted!r}; with {slices} slices it must be a whole number from 1 to {slices // 2}"
            )
        return wanted
    best, least = 1, float("inf")
    for lag, correlation in enumerate(look.noise.slice_correlation, start=1):
        if lag > slices // 2 or (lag > 1 and look.spacing_mm is not None and lag * look.spacing_mm > MAX_GAP_MM):
            break
        if are_independent(correlation):
            return lag
        if abs(correlation) < least - WORTH_A_LAG:
            best, least = lag, abs(correlation)
    return best


def gap_warnings(look: Look, gap: int, wanted: int | None) -> list[str]:
    """What to tell about the noise of the paired slices; arguments as in `choose_gap`, `gap` its result."""
    known = [c for c in look.noise.slice_correlation[:gap] if np.isfinite(c)]
    if len(known) == gap and not are_independent(known[-1]):
        instead = ""
        if wanted is None and gap > 1:
            instead = f" They are paired because direct neighbors are more alike ({known[0]:.2f})."
        return [
            f"The noise of slices {gap} apart is correlated ({known[-1]:.2f}), as in overlapping or "
            "interpolated reconstructions: part of the noise will stay. Thinner or non-overlapping slices "
            f"denoise better.{instead}"
        ]
    if wanted is None and gap > 1:
        return [
            f"The noise of direct neighbors is correlated ({look.noise.slice_correlation[0]:.2f}); slices "
            f"{gap} apart are paired instead."
        ]
    return []
