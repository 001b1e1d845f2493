"""Stage "strength": how much of what was removed stays removed."""

import numpy as np

from .state import State, Workshop


def strength(state: State, workshop: Workshop) -> State:
    """Mix the input back in: input + strength (denoised - input)."""
    noisy, part = state.slices.values, np.float32(state.plan.settings.strength)
    mixed = np.empty_like(noisy)
    for index, denoised in enumerate(state.denoised):
        mixed[index] = noisy[index] + part * (denoised - noisy[index])
    return state.with_result(mixed, "strength")
