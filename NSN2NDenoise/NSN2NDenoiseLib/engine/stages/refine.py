"""Stage "refine": filtering of similar blocks, guided by what the network made."""

import numpy as np

from ..filter.similar import filter_similar
from .state import State, Workshop


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one.

    Raises:
        Cancelled: the caller wants to stop.
    """
    return state.with_result(filter_guided_by(state.denoised, state, workshop, rounds=1), "refine")


def filter_guided_by(guide: np.ndarray, state: State, workshop: Workshop, rounds: int) -> np.ndarray:
    """The noisy volume of a state, filtered; guide and result are (slices, rows, columns) float32, normalized."""
    return filter_similar(
        state.slices.values,
        guide,
        state.noise,
        state.slices.excluded,
        rounds,
        state.filtered,
        workshop.device,
        workshop.tracker.update,
    )
