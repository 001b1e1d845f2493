"""Stage "strength": how much of what was removed stays removed."""

import numpy as np

from .state import State, Workshop


def strength(state: State, workshop: Workshop) -> State:
    """Mix the input back in: input + strength (denoised - input)."""
    return state.with_result(mix(state.slices.values, state.denoised, state.plan.settings.strength), "strength")


def mix(noisy: np.ndarray, denoised: np.ndarray, strength: float) -> np.ndarray:
    """A result of less than full strength; all are (slices, rows, columns) float32."""
    mixed, part = np.empty_like(noisy), np.float32(strength)
    for own, before, after in zip(mixed, noisy, denoised, strict=True):
        own[:] = before + part * (after - before)
    return mixed
