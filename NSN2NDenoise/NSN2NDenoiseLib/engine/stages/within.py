"""Stage "within": only where it is wanted, with a soft seam."""

from ..volume.seam import seam
from .state import State, Workshop


def within(state: State, workshop: Workshop) -> State:
    """Mix the input back in at the edge of what is wanted, and leave it alone beyond."""
    noisy = state.slices.values
    return state.with_result(noisy + seam(state.wanted) * (state.denoised - noisy), "within")
