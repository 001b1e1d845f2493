"""Stage "refine": filtering of similar blocks, guided by what the network made."""

from ..filter.bayes import bayes_filter
from .state import State, Workshop


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one; not where stage "learn" has left its network out.

    Raises:
        Cancelled: the caller wants to stop.
    """
    is_left_out = "learn" in state.plan.stages and "learn" not in state.made_by
    return state if is_left_out else filter_guided(state, workshop)


def filter_guided(state: State, workshop: Workshop) -> State:
    """`refine`, whatever the guide is."""
    how = state.slices.excluded, state.filtered, workshop.device, workshop.tracker.update
    return state.with_result(bayes_filter(state.slices.values, state.denoised, state.noise, *how), "refine")
