"""Stage "first": one quick pass of the collaborative filter, guided by the low-passed slices: a result in seconds."""

from ..filter.collaborative import threshold_filter
from ..plan import PASSES
from ..volume.part import around
from .state import State, Workshop


def first(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by LPF(x_i): what does not exceed the noise is dropped.

    Raises:
        Cancelled: the caller wants to stop.
    """
    noisy, needed = state.slices.values, state.filtered
    if needed is not None and "similar" in state.plan.stages:
        needed = around(needed, PASSES["similar"], noisy.shape)
    how = state.slices.excluded, needed, workshop.device, workshop.tracker.update
    return state.with_result(threshold_filter(noisy, state.low_passed, state.noise, *how), "first")
