"""Stage "unbias": from the mean of MR magnitudes to the signal (Rician bias)."""

from ..noise.rician import correct_bias
from .state import State, Workshop


def unbias(state: State, workshop: Workshop) -> State:
    """Take the Rician bias away; the plan has the sigma."""
    unbiased = correct_bias(state.denoised, state.slices.normalization, state.plan.rician_sigma)
    return state.with_result(unbiased, "unbias")
