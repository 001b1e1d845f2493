"""Stage "spare": where more was removed than there is noise, anatomy went, and comes back."""

from dataclasses import replace

import numpy as np

from ..judge.energy import at_full_size, justified_strength
from .state import State, Workshop

#: A volume of which less than this part is left at full strength is worth a warning.
MOSTLY = 0.9
WARNING = "In {:.0f} % of the volume, more would have been removed than there is noise: anatomy. It was put back there."


def spare(state: State, workshop: Workshop) -> State:
    """Put back, place by place, what exceeds the noise.

    Raises:
        Cancelled: the caller wants to stop.
    """
    noisy, denoised = state.slices.values, state.denoised
    strength = justified_strength(noisy, denoised, state.look.noise)
    if strength.min() >= 1:
        return replace(state, justified=1.0)
    spared = np.empty_like(noisy)
    for index in range(len(noisy)):
        part = at_full_size(strength[index], noisy.shape[1:])
        spared[index] = noisy[index] + part * (denoised[index] - noisy[index])
        workshop.tracker.update((index + 1) / len(noisy))
    whole = float((strength > 0.999).mean())
    warnings = [] if whole > MOSTLY else [WARNING.format(100 * (1 - whole))]
    return state.with_result(spared, "spare", justified=float(strength.mean()), warnings=(*state.warnings, *warnings))
