"""Pairs in time: the same slice of two frames instead of two slices of one, where frames match better than slices."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..judge.measure import plain
from ..look import Look
from ..noise.color import are_independent
from ..noise.frames import frame_correlation
from ..volume.slices import Slices
from .matching import Matching
from .weight_matrix import weight_matrix


@dataclass(frozen=True)
class TwoFrames:
    """Two frames as one stack, the second behind the first: pairs are (x_i, x_i+gap), `gap` being the slices of one.

    Attributes:
        values: (2 slices, rows, columns) float32, normalized as the first frame is.
        excluded: boolean, as `values`, True on padding; None where there is none.
        low_passed: LPF, as `values`.
        weights: W_i of the pairs, (slices, rows, columns) uint8: 0 on what moves.
        matched: part (0 to 1) of the voxels with W_i = 1.
        correlation: of the noise of the two frames.
    """

    values: np.ndarray
    excluded: np.ndarray | None
    low_passed: np.ndarray
    weights: np.ndarray
    matched: float
    correlation: float

    @property
    def gap(self) -> int:
        """The slices of one frame."""
        return len(self.weights)


def match_frames(
    slices: Slices, other: np.ndarray, look: Look, threshold: float, progress: Callable[[float], None] | None = None
) -> TwoFrames:
    """Compare a frame with another one.

    Args:
        slices: of the frame.
        other: slices of the other frame, (slices, rows, columns) float32, in the units of `slices`.
        look: at the frame.
        threshold: th of Eq. 3, normalized.
        progress: called with the part (0 to 1) that is done; it may raise Cancelled.
    """
    excluded = None if slices.excluded is None else np.concatenate([slices.excluded] * 2)
    both = replace(slices, values=np.concatenate([slices.values, other]), excluded=excluded)
    matching = Matching(both, look.noise.sd, len(slices))
    weights, counted = np.empty(slices.values.shape, np.uint8), 0
    for index, residual in matching.residual_slices(progress):
        if index < len(slices):
            weights[index] = weight_matrix(residual, threshold)
            counted += np.count_nonzero(np.isfinite(residual))
    matched = np.count_nonzero(weights) / max(counted, 1)
    correlation = frame_correlation(slices.values, other, slices.excluded, look.noise.color)
    return TwoFrames(both.values, excluded, matching.low_passed_stack(), weights, matched, correlation)


def compare(frames: TwoFrames, look: Look, gap: int, matched: float) -> dict:
    """Noise correlation and matched fraction of both kinds of pairs, and which is better, ready for JSON.

    Args:
        frames: compared.
        look: at the first one.
        gap: of the slices that would be paired.
        matched: part (0 to 1) of the voxels that match between those.
    """
    lags = look.noise.slice_correlation
    correlation = lags[gap - 1] if gap <= len(lags) else float("nan")
    return {
        "pairs": "frames" if are_better(frames, correlation, matched) else "slices",
        "slices": {"noiseCorrelation": plain(correlation, 3), "matchedFraction": plain(matched)},
        "frames": {"noiseCorrelation": plain(frames.correlation, 3), "matchedFraction": plain(frames.matched)},
    }


def are_better(frames: TwoFrames, slice_correlation: float, matched: float) -> bool:
    """Whether pairs in time are the better ones: independent noise, which the slices lack, or more that matches.

    Args:
        frames: compared.
        slice_correlation: of the noise of the slices that would be paired; NaN where it is unknown.
        matched: part of the voxels that match between those slices.
    """
    better = not are_independent(slice_correlation) or frames.matched > matched
    return are_independent(frames.correlation) and better
