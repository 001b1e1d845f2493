"""Stage "similar": filtering of similar blocks, guided by the first result; no network."""

from ..filter.similar import filter_similar
from .state import State, Workshop, filter_guided


def similar(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by what stage "first" made.

    Raises:
        Cancelled: the caller wants to stop.
    """
    return filter_guided(state, workshop, filter_similar, "similar")
