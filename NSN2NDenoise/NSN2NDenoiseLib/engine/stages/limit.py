"""Stage "limit": no voxel moves by more than a few noise SDs."""

from ..filter.limit import limit_removed
from .state import State, Workshop


def limit(state: State, workshop: Workshop) -> State:
    """Bound what is removed from a voxel."""
    return state.with_result(limit_removed(state.slices.values, state.denoised, state.noise), "limit")
