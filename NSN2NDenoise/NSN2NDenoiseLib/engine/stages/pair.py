"""Stage "pair": does the network learn from neighboring slices, or from the same slices of another frame?"""

from dataclasses import replace

from ..judge.measure import plain
from ..match.in_time import are_better, match_frames
from ..match.pairs import gap_warnings
from .state import State, Workshop


def pair(state: State, workshop: Workshop) -> State:
    """Measure noise correlation and matched fraction of both, and take the better pairs.

    Raises:
        Cancelled: the caller wants to stop.
    """
    gap, lags = state.plan.gap, state.look.noise.slice_correlation
    correlation = lags[gap - 1] if gap <= len(lags) else float("nan")
    frames = match_frames(state.slices, state.other_frame, state.look, state.plan.threshold, workshop.tracker.update)
    better = are_better(frames, correlation, state.matched)
    pairing = {
        "pairs": "frames" if better else "slices",
        "slices": {"noiseCorrelation": plain(correlation, 3), "matchedFraction": plain(state.matched)},
        "frames": {"noiseCorrelation": plain(frames.correlation, 3), "matchedFraction": plain(frames.matched)},
    }
    obsolete = gap_warnings(state.look, gap, None) if better else []  # of slices that are not paired
    warnings = tuple(text for text in state.warnings if text not in obsolete)
    two_frames = frames if better else None
    return replace(state, two_frames=two_frames, other_frame=None, pairing=pairing, warnings=warnings)
