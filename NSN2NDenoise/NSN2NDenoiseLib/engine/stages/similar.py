"""Stage "similar": filtering of similar blocks, guided by the first result; no network."""

from ..filter.similar import filter_similar
from .state import State, Workshop


def similar(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by what stage "first" made.

    Raises:
        Cancelled: the caller wants to stop.
    """
    how = state.slices.excluded, state.filtered, workshop.device, workshop.tracker.update
    return state.with_result(filter_similar(state.slices.values, state.denoised, state.noise, *how), "similar")
