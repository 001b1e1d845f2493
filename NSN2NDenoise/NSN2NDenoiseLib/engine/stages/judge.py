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
    left = state.gain["noiseLeft"] if state.made_by else 1.0
    if "spare" in state.made_by:
        left = 1 - state.justified + state.justified * left  # at most: what stays and what is left add up
    figures = measure(state.slices.values, state.denoised, state.look, left)
    return replace(state, figures=figures, warnings=(*state.warnings, *effect_warnings(figures)))
