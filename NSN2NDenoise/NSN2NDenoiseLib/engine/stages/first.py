"""Stage "first": filtering of similar blocks, guided by the low-passed slices; no network, a result in seconds."""

from ..filter.similar import filter_similar
from .state import State, Workshop


def first(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by LPF(x_i).

    Raises:
        Cancelled: the caller wants to stop.
    """
    filtered = filter_similar(
        state.slices.values,
        state.low_passed,
        state.noise,
        state.slices.excluded,
        device=workshop.device,
        progress=workshop.tracker.update,
    )
    return state.with_result(filtered, "first")
