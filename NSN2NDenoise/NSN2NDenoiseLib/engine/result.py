"""What a run gives back."""

from dataclasses import dataclass, field

import numpy as np

from .train.trained import TrainedNetwork


@dataclass(frozen=True)
class DenoiseResult:
    """What `denoise` gives back.

    Attributes:
        denoised: shape and dtype of the input; integers are rounded and clipped; padding is untouched.
        weights: uint8, same shape, W_i of Eq. 3 (1 matched); the last `gap` slices repeat their last pair's.
        losses: the loss (Eq. 7) of every training step.
        report: numbers about the run, ready for JSON.
        network: that was trained or used; None without one.
    """

    denoised: np.ndarray
    weights: np.ndarray
    losses: list[float] = field(repr=False)
    report: dict = field(repr=False)
    network: TrainedNetwork | None = field(default=None, repr=False)
