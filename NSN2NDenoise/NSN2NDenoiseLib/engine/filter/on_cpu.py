"""Whether the compiled kernels can run, and one slab of the collaborative filter on them."""

from functools import cache
from types import ModuleType

import numpy as np
import torch

from .bands import compared, in_bands
from .groups import BLOCK, GROUP


@cache
def compiled() -> ModuleType | None:
    """The kernels of `shrinkage.py`; None where numba is missing or does not work with the installed numpy."""
    try:
        from . import shrinkage
    except ImportError:
        return None
    return shrinkage


def can_compile(shape: tuple[int, int, int], reach: tuple[int, int, int], device: torch.device | str) -> bool:
    """Whether `filter_slab` does what torch would: on the CPU, with numba, and groups of full size in the stack."""
    rooms = [min(size - side, far) + 1 for size, side, far in zip(shape, BLOCK, reach, strict=True)]
    enough = min(rooms) > 0 and rooms[1] * rooms[2] >= GROUP  # even at a corner, and with the block's own slices only
    return enough and torch.device(device).type == "cpu" and compiled() is not None


def filter_slab(
    noisy: torch.Tensor,
    guide: torch.Tensor,
    unit: torch.Tensor,
    start: int,
    step: int,
    reach: tuple[int, int, int],
    sd: torch.Tensor,
    window: torch.Tensor,
    threshold: float,
    total: torch.Tensor,
    weight: torch.Tensor,
    corner: tuple[int, int] = (0, 0),
) -> None:
    """`find_groups` and the filtering of all groups whose first block starts at slice `start`, without the groups.

    Args:
        noisy, guide, unit: (slices, rows, columns) float32, contiguous, on the CPU; the blocks cover rows and columns.
        start, step, reach: as `find_groups`.
        sd: (frequencies,) of the noise in units of `unit`.
        window: (voxels of a block,).
        threshold: in SDs.
        total, weight: as `noisy`; the weighted blocks and their weights are added to them.
        corner: row and column at which the slab begins in the volume.
    """
    shape = tuple(noisy.shape)
    places, alike, chance, number = compared(shape, unit, start, BLOCK, step, reach, corner)
    noisy, guide, unit, total, weight = (t.view(-1).numpy() for t in (noisy, guide, unit, total, weight))
    sd, window, kernels = sd.numpy(), window.numpy(), compiled()
    squared = np.float32(threshold**2)

    def work(first: int, last: int) -> None:
        kernels.shrink_band(
            noisy, guide, unit, shape, start, first, last, step, places, alike, chance, number, sd, window, squared,
            total, weight,
        )  # fmt: skip

    in_bands(work, shape[1], BLOCK[1], step, reach[1], torch.get_num_threads(), corner[0])
