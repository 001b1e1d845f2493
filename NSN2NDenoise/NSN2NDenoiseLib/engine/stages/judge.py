"""Stage "judge": what the stages before made, measured on the volume itself; a collapse ends the run here."""

from dataclasses import replace

from ..judge.guards import check_result
from ..judge.measure import effect_warnings, measure
from .state import State, Workshop


def judge(state: State, workshop: Workshop) -> State:
    """Check and measure the denoised volume, before a bias is taken away from it.

    Raises:
        RunError: it is no result: not finite, nearly constant, or without the anatomy.
    """
    check_result(state.slices.values, state.denoised, state.slices.excluded, state.look.noise.sd)
    figures = measure(state.slices.values, state.denoised, state.look)
    return replace(state, figures=figures, warnings=(*state.warnings, *effect_warnings(figures)))
