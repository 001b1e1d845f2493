"""Stage "limit": no voxel moves by more than a few noise SDs."""

from ..filter.limit import limit_removed
from .state import State, Workshop


def limit(state: State, workshop: Workshop) -> State:
    """Bound what is removed from a voxel."""
    slices = state.slices
    limited = limit_removed(slices.values, state.denoised, slices.excluded, workshop.device)
    return state.with_result(limited, "limit")
