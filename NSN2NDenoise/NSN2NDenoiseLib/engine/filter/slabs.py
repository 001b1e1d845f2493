"""A pass over the stack in slabs of blocks: only the slices that a slab's groups reach are held."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional

from .groups import margin, slab_starts


def over_slabs(
    load: Callable[[int, int], tuple[torch.Tensor, ...]],
    work: Callable[..., None],
    result: np.ndarray,
    block: tuple[int, int, int],
    steps: tuple[int, int],
    reach: tuple[int, int, int],
    wanted: slice,
    device: torch.device | str = "cpu",
) -> Iterator[float]:
    """Do the work of the slabs that matter; write the quotient of what it summed up to `result`.

    Yields the part that is done.

    Args:
        load: gives three volumes of the slices from a first to the one before a last, (slices, rows, columns) float32.
        work: called for each slab with (the slab's first slice among those held, the three volumes of the slices held,
            weighted sum, weights); adds to the last two. Rows and columns are repeated at the end so that the blocks
            cover them.
        result: (slices, rows, columns) float32.
        block: slices, rows, columns.
        steps: between blocks, over slices, over rows and columns.
        reach: how far from a block similar ones are looked for.
        wanted: slices of the result that are written; slabs whose groups do not reach them are left out.
        device: where the volumes are.
    """
    rows, columns = result.shape[1:]
    starts, step = slab_starts(len(result), block[0], steps[0]), steps[1]
    far = block[0] + reach[0]
    starts = [start for start in starts if start - reach[0] < wanted.stop and wanted.start < start + far]
    edge = (0, margin(columns, block[2], step), 0, margin(rows, block[1], step))
    held = [torch.zeros(0, device=device)] * 5
    first = max(0, starts[0] - reach[0])  # the slice that they start with
    for number, start in enumerate(starts):
        high = min(len(result), start + far)
        reached = first + len(held[0])
        if high > reached:
            new = [functional.pad(t[None], edge, mode="replicate")[0] for t in load(reached, high)]
            new += [torch.zeros_like(new[0])] * 2
            held = [torch.cat([old, more]) if len(old) else more.clone() for old, more in zip(held, new, strict=True)]
        work(start - first, *held)
        following = max(0, starts[number + 1] - reach[0]) if number + 1 < len(starts) else high
        done = following - first
        if done > 0:
            written = slice(max(first, wanted.start), min(following, wanted.stop))
            total, weight = (t[written.start - first : written.stop - first, :rows, :columns] for t in held[3:])
            result[written] = (total / weight).cpu().numpy()
            held = [t[done:] for t in held]
            first = following
        yield (number + 1) / len(starts)
