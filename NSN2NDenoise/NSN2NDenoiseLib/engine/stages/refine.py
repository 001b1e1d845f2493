"""Stage "refine": collaborative filtering of similar blocks, guided by what the stages before made."""

from collections.abc import Callable

import numpy as np

from ..filter.collaborative import THOROUGH, Effort, collaborative_filter
from .state import State, Workshop


def refine(state: State, workshop: Workshop) -> State:
    """Filter the noisy volume, guided by the denoised one.

    Raises:
        Cancelled: the caller wants to stop.
    """
    filtered = filter_guided_by(state.denoised, state, workshop, THOROUGH, workshop.tracker.update)
    return state.with_result(filtered, "refine")


def filter_guided_by(
    guide: np.ndarray, state: State, workshop: Workshop, effort: Effort, progress: Callable[[float], None]
) -> np.ndarray:
    """The noisy volume of a state, filtered; (slices, rows, columns) float32, normalized, as `guide`."""
    return collaborative_filter(
        state.slices.values, guide, state.noise, state.slices.excluded, effort, workshop.device, progress
    )
