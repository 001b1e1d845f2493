"""Stage "first": filtering of similar blocks, guided by the low-passed slices; no network, a result in seconds."""

from .refine import filter_guided_by
from .state import State, Workshop


def first(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by LPF(x_i).

    Raises:
        Cancelled: the caller wants to stop.
    """
    return state.with_result(filter_guided_by(state.low_passed, state, workshop, rounds=2), "first")
