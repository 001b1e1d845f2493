"""The filter of similar blocks as the stages use it: two passes, the second one after the noise's color."""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box, around, everywhere
from .collaborative import collaborative_filter
from .on_cpu import compiled
from .pca import pca_filter

#: The part of the time that the first pass takes.
FIRST_SHARE = 0.4


def filter_similar(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    rounds: int = 2,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Filter a volume collaboratively, guided by `guide`; then once more, guided by the result.

    The second time, white noise is removed by the principal components of each group of similar blocks, and colored
    noise collaboratively again. Arguments and result as in `collaborative_filter`, and:

    Args:
        rounds: of the collaborative filter where the noise is colored; one suffices if the guide is good.
        needed: where the result is; None: everywhere.
    """
    tell = progress or (lambda part: None)
    needed = needed or everywhere(noisy.shape)
    has_components = noise.is_white and compiled() is not None
    passes = 1 if has_components else 2 * (rounds - 1)  # of the second time
    result = collaborative_filter(
        noisy,
        guide,
        noise,
        excluded,
        around(needed, passes, noisy.shape),
        device,
        lambda part: tell(FIRST_SHARE * part),
    )

    def second(part: float) -> None:
        tell(FIRST_SHARE + (1 - FIRST_SHARE) * part)

    if has_components:
        return pca_filter(noisy, result, noise, excluded, needed, second)
    if rounds == 1:
        return result
    return collaborative_filter(noisy, result, noise, excluded, needed, device, second)
