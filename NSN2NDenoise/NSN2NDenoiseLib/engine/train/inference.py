"""The trained network applied to every slice of the volume."""

from collections.abc import Callable

import numpy as np
import torch

from ..runtime.device import as_many_as_fit, autocast
from ..volume.normalize import NETWORK_RANGE
from .tensors import SliceTensors, apply_network

#: Slices that go through the network at once on a GPU.
GPU_BATCH = 8


def denoise_slices(
    network: torch.nn.Module,
    tensors: SliceTensors,
    noisy: np.ndarray,
    precision: torch.dtype,
    progress: Callable[[float], None],
) -> np.ndarray:
    """`infer`, with what the network does not see of an implant or a hot spot put back.

    Args:
        noisy: (slices, rows, columns) float32, normalized.

    Returns:
        As `noisy`, denoised.
    """
    result = infer(network, tensors, precision, progress)
    for own, denoised in zip(noisy, result, strict=True):
        denoised += own - np.clip(own, *NETWORK_RANGE)
    return result


def denoise_region(network: torch.nn.Module, region: np.ndarray, context: int, workshop) -> np.ndarray:
    """`infer` on a part of a volume, (slices, rows, columns) float32, normalized; the network in `workshop`."""
    weights = np.ones((len(region) - 1, *region.shape[1:]), np.uint8)
    tensors = SliceTensors(region, None, weights, None, 1, context, workshop.device)
    return infer(network, tensors, workshop.precision, lambda part: None)


@torch.no_grad()
def infer(
    network: torch.nn.Module, tensors: SliceTensors, precision: torch.dtype, progress: Callable[[float], None]
) -> np.ndarray:
    """f(x_i) for all slices.

    With context, a slice is denoised twice, once with the neighbors before it and once with those behind it, and the
    two are averaged; the end slices take the one direction that has neighbors.

    Args:
        network: trained; left in evaluation mode.
        tensors: the volume.
        precision: of the convolutions.
        progress: called with the part (0 to 1) of the slices that is done; it may raise Cancelled.

    Returns:
        (slices, rows, columns) float32, normalized, clipped input range.

    Raises:
        MemoryError or RuntimeError: memory ran out even for one slice (`is_out_of_memory`).
        Cancelled: the caller wants to stop.
    """
    network.eval()
    slices = tensors.stack.shape[0]
    batch = slices_at_once(tensors.device)
    result = np.empty(tuple(tensors.stack.shape), np.float32)
    start = 0

    def denoise(count: int) -> np.ndarray:
        index = torch.arange(start, start + count, device=tensors.device)
        return both_directions(network, tensors, index, precision).cpu().numpy()

    while start < slices:
        done, batch = as_many_as_fit(denoise, min(batch, slices - start))
        result[start : start + batch] = done
        start += batch
        progress(start / slices)
    return result


def slices_at_once(device: torch.device) -> int:
    """How many slices go through the network together."""
    return GPU_BATCH if device.type == "cuda" else 1


def both_directions(
    network: torch.nn.Module, tensors: SliceTensors, index: torch.Tensor, precision: torch.dtype
) -> torch.Tensor:
    """(batch, rows, columns): the mean of the directions in which a slice has context."""
    last = tensors.stack.shape[0] - 1
    total = torch.zeros(len(index), *tensors.stack.shape[1:], device=tensors.device)
    count = torch.zeros(len(index), 1, 1, device=tensors.device)
    for toward in (+1, -1) if tensors.context else (+1,):
        use = torch.ones_like(index, dtype=torch.bool)
        if tensors.context:
            use = (index > 0) if toward > 0 else (index < last)
        if not bool(use.any()):
            continue
        with autocast(tensors.device, precision):
            total[use] += apply_network(network, tensors.images(index[use], toward))[:, 0]
        count[use] += 1
    return total / count
