"""The filter of similar blocks as the stages use it: after the noise's color."""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box
from .collaborative import collaborative_filter
from .on_cpu import compiled
from .pca import pca_filter


def filter_similar(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Filter a volume guided by a denoised version of it.

    White noise is removed by the principal components of each group of similar blocks, colored noise collaboratively.
    Arguments and result as in `collaborative_filter`.
    """
    if has_components(noise):
        return pca_filter(noisy, guide, noise, excluded, needed, progress)
    return collaborative_filter(noisy, guide, noise, excluded, needed, device, progress)


def count_passes(noise: NoiseModel) -> int:
    """Passes of `filter_similar`: a voxel looks so many times `volume.part.PASS_REACH` far."""
    return 1 if has_components(noise) else 2


def has_components(noise: NoiseModel) -> bool:
    """Whether principal components are what `filter_similar` uses: with white noise, where numba works."""
    return noise.is_white and compiled() is not None
