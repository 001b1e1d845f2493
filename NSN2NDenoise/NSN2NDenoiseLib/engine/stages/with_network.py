"""The state that follows once a network has been applied."""

import numpy as np
import torch

from .state import State

#: The part of the network's result in the mean with that of stage "similar", which guides stage "refine".
PART = 0.3


def with_network(state: State, denoised: np.ndarray, network: torch.nn.Module) -> State:
    """What the network made, or where filters came before it, the mean with their result.

    Args:
        state: before.
        denoised: what the network made, as that of `state`; it is changed.
        network: that made it.
    """
    if "similar" in state.made_by:
        for own, before in zip(denoised, state.denoised, strict=True):
            own += (1 - np.float32(PART)) * (before - own)
    return state.with_result(denoised, "learn", network=network)
