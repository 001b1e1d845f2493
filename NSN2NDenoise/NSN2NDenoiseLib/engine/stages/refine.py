"""Stage "refine": filtering of similar blocks, guided by what the network made."""

from ..filter.similar import filter_similar
from .state import State, Workshop


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one; not where stage "learn" has left its network out.

    Raises:
        Cancelled: the caller wants to stop.
    """
    is_left_out = "learn" in state.plan.stages and "learn" not in state.made_by
    return state if is_left_out else filter_guided(state, workshop, "refine")


def filter_guided(state: State, workshop: Workshop, stage: str) -> State:
    """The noisy volume of a state filtered, guided by what the stages before made of it."""
    how = state.slices.excluded, state.filtered, workshop.device, workshop.tracker.update
    return state.with_result(filter_similar(state.slices.values, state.denoised, state.noise, *how), stage)
