"""Stage "pair": does the network learn from neighboring slices, or from the same slices of another frame?"""

from dataclasses import replace

from ..match.in_time import compare, match_frames
from ..match.pairs import gap_warnings
from .state import State, Workshop


def pair(state: State, workshop: Workshop) -> State:
    """Measure noise correlation and matched fraction of both, and take the better pairs.

    Raises:
        Cancelled: the caller wants to stop.
    """
    frames = match_frames(state.slices, state.other_frame, state.look, state.plan.threshold, workshop.tracker.update)
    pairing = compare(frames, state.look, state.plan.gap, state.matched)
    better = pairing["pairs"] == "frames"
    obsolete = gap_warnings(state.look, state.plan.gap, None) if better else []  # of slices that are not paired
    warnings = tuple(text for text in state.warnings if text not in obsolete)
    two_frames = frames if better else None
    return replace(state, two_frames=two_frames, other_frame=None, pairing=pairing, warnings=warnings)
