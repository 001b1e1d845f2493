"""Stage "judge": what the stages before made, measured on the volume itself; a collapse ends the run here."""

from dataclasses import replace

from ..judge.guards import check_result
from ..judge.likeness import alarm, likeness
from ..judge.measure import effect_warnings, measure, plain
from .state import State, Workshop


def judge(state: State, workshop: Workshop) -> State:
    """Check and measure the denoised volume, before a bias is taken away from it.

    Raises:
        RunError: it is no result: not finite, nearly constant, or without the anatomy.
    """
    look, sd = state.look, state.look.noise.sd
    if state.region is not None:
        look = replace(look, blocks=look.blocks.inside(state.region))
        sd = max(sd, float(state.measured_noise.unit(0, len(state.slices)).max()))  # of all of it there
    check_result(state.slices.values, state.denoised, state.slices.excluded, sd)
    left = state.gain["noiseLeft"] if state.made_by else 1.0
    if "spare" in state.made_by:
        left = 1 - state.justified + state.justified * left  # at most: what stays and what is left add up
    figures = measure(state.slices.values, state.denoised, look, left)
    found = likeness(state.slices, state.denoised, state.look)
    figures["anatomyRemoved"] = None if found is None else plain(found.probability, 2)
    figures["alarm"] = alarm(found)
    alarms = [figures["alarm"]] if figures["alarm"] else []
    return replace(state, figures=figures, warnings=(*alarms, *state.warnings, *effect_warnings(figures)))
