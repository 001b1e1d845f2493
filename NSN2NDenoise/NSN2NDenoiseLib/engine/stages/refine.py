"""Stage "refine": filtering of similar blocks, guided by what the network made."""

from ..filter.similar import filter_similar
from .state import State, Workshop


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one.

    Raises:
        Cancelled: the caller wants to stop.
    """
    filtered = filter_similar(
        state.slices.values,
        state.denoised,
        state.noise,
        state.slices.excluded,
        rounds=1,
        device=workshop.device,
        progress=workshop.tracker.update,
    )
    return state.with_result(filtered, "refine")
