"""Stage "judge": what the stages before made, measured on the volume itself; a collapse ends the run here."""

from dataclasses import replace

from ..judge.guards import check_result
from ..judge.likeness import alarm, likeness
from ..judge.measure import effect_warnings, measure, plain
from .state import State, Workshop
from .strength import mix


def judge(state: State, workshop: Workshop) -> State:
    """Check the denoised volume, and measure it at its strength, before a bias is taken away from it.

    Raises:
        RunError: it is no result: not finite, nearly constant, or without the anatomy.
    """
    slices, denoised, look = state.judged
    sd = look.noise.sd if state.region is None else float(look.noise.local.slab().max())
    check_result(slices.values, denoised, slices.excluded, sd)
    left = state.gain["noiseLeft"] if state.made_by else 1.0
    if "spare" in state.made_by:
        left = 1 - state.justified + state.justified * left  # at most: what stays and what is left add up
    found, part = likeness(slices, denoised, look), state.plan.settings.strength
    if part < 1:
        denoised, left = mix(slices.values, denoised, part), 1 - part + part * left
    figures = measure(slices.values, denoised, look, left)
    figures["anatomyRemoved"] = None if found is None else plain(found.probability, 2)
    figures["alarm"] = alarm(found)
    alarms = [figures["alarm"]] if figures["alarm"] else []
    little = effect_warnings(figures, state.made_by) if part == 1 else []
    return replace(state, figures=figures, warnings=(*alarms, *state.warnings, *little))
