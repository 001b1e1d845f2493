"""Stage "refine": filtering of similar blocks, guided by what the network made."""

from ..filter.bayes import bayes_filter
from .state import State, Workshop, filter_guided


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one; not where stage "learn" has left its network out.

    Raises:
        Cancelled: the caller wants to stop.
    """
    is_left_out = "learn" in state.plan.stages and "learn" not in state.made_by
    return state if is_left_out else refine_anyway(state, workshop)


def refine_anyway(state: State, workshop: Workshop) -> State:
    """`refine`, whatever the guide is."""
    return filter_guided(state, workshop, bayes_filter, "refine")
