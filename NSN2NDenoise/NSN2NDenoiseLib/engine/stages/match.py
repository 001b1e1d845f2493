"""Stage "match": LPF and W_i (Sec. 3.2)."""

from dataclasses import replace

import numpy as np

from ..errors import RunError
from ..match.matching import Matching
from ..match.weight_matrix import weight_matrix
from ..plan import Plan
from .state import State, Workshop

#: Outside these matched fractions the threshold is worth a second look.
USUAL_FRACTION = (0.2, 0.995)


def match(state: State, workshop: Workshop) -> State:
    """Low-pass the slices and compute W_i of every pair.

    Raises:
        RunError: no voxel matches its neighbor, so there is nothing to learn from, and a network has to.
        Cancelled: the caller wants to stop.
    """
    state = compare(state, workshop)
    if not state.matched and _must_train(state.plan):
        raise RunError(
            f"no voxel matches its neighbor at threshold {state.plan.threshold:g}, so there is nothing to learn from; "
            "raise the threshold"
        )
    unusual = [] if state.look.noise.none else match_warnings(state.matched)
    return replace(state, warnings=(*state.warnings, *unusual))


def compare(state: State, workshop: Workshop) -> State:
    """Stage "match" without judging what came of it."""
    matching = Matching(state.slices, state.look.noise.sd, state.plan.gap, state.paired)
    weights = np.empty(state.slices.values.shape, np.uint8)
    counted = 0
    for index, residual in matching.residual_slices(workshop.tracker.update):
        weights[index] = weight_matrix(residual, state.plan.threshold)
        counted += np.count_nonzero(np.isfinite(residual))
    matched = np.count_nonzero(weights) / max(counted, 1)
    return replace(state, low_passed=matching.low_passed_stack(), weights=weights, matched=matched)


def _must_train(plan: Plan) -> bool:
    """Whether a network has to be trained: none is given, and somebody asked for one, or no filter comes before it."""
    is_free = plan.settings.learn is None and "similar" in plan.stages
    return "learn" in plan.stages and plan.network is None and not is_free


def match_warnings(matched: float) -> list[str]:
    """What to say of a part of matched voxels that is unusual."""
    if matched < USUAL_FRACTION[0]:
        return [
            f"Only {100 * matched:.1f} % of the voxels match their neighbor: raise the threshold, or check that "
            "the slice axis is the acquisition axis."
        ]
    if matched > USUAL_FRACTION[1]:
        return [
            f"{100 * matched:.1f} % of the voxels match their neighbor: structures that differ between slices may be "
            "smoothed. Lower the threshold until the mask shows them."
        ]
    return []
