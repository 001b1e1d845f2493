"""Stage "similar": filtering of similar blocks, guided by the first result; no network."""

from .refine import filter_guided
from .state import State, Workshop


def similar(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by what stage "first" made.

    Raises:
        Cancelled: the caller wants to stop.
    """
    return filter_guided(state, workshop, "similar")
