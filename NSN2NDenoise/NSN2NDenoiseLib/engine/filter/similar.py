"""The filter of similar blocks as the stages use it: a guide after the noise's color, then non-local Bayes."""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box, around
from .bayes import GUIDE_STEPS, bayes_filter
from .on_cpu import compiled
from .pca import pca_filter

#: The part of the time that the guide takes.
GUIDE_SHARE = 0.4


def filter_similar(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Filter a volume guided by a denoised version of it, in both passes.

    The first makes a better guide: with white noise by the principal components of each group of similar blocks, with
    colored noise, or without numba, as the second does, by the most likely blocks. Arguments and result as in
    `bayes_filter`.
    """
    wider = None if needed is None else around(needed, 1, noisy.shape)

    def first(part: float) -> None:
        if progress is not None:
            progress(GUIDE_SHARE * part)

    def second(part: float) -> None:
        if progress is not None:
            progress(GUIDE_SHARE + (1 - GUIDE_SHARE) * part)

    if noise.is_white and compiled() is not None:
        guide = pca_filter(noisy, guide, noise, excluded, wider, first)
    else:
        guide = bayes_filter(noisy, guide, noise, excluded, wider, device, first, GUIDE_STEPS)
    return bayes_filter(noisy, guide, noise, excluded, needed, device, second, result=guide)
