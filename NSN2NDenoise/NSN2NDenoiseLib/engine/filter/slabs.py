"""A pass over the stack in slabs of blocks: only the slices that a slab's groups reach are held."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..noise.model import NoiseModel
from ..volume.part import Box, around, everywhere, shifted
from .groups import margin, slab_starts


@dataclass(frozen=True)
class BlockVolumes:
    """What a filter of blocks is given.

    Attributes:
        noisy: (slices, rows, columns) float32, normalized.
        guide: as `noisy`, in which similar blocks are looked for.
        noise: how strong it is, at which frequency and where.
        excluded: boolean, as `noisy`, voxels that must not count (padding); or None.
        needed: where the result is wanted; None: everywhere.
        device: where the blocks are filtered.
    """

    noisy: np.ndarray
    guide: np.ndarray
    noise: NoiseModel
    excluded: np.ndarray | None = None
    needed: Box | None = None
    device: torch.device | str = "cpu"

    @property
    def here(self) -> Box:
        """What is looked at."""
        needed = self.needed
        return everywhere(self.noisy.shape) if needed is None else around(needed, 1, self.noisy.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of what is looked at."""
        return self.noisy[self.here].shape

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the volume at which that begins."""
        return self.noise.inside(self.here).corner

    def filter_slabs(self, work, result: np.ndarray, block, steps, reach, progress=None) -> None:
        """Write what the work on slabs sums up to into `result`, where it is wanted.

        `result` may be the guide, which is written well after it was read. Other arguments as in `over_slabs`;
        progress: called with the part (0 to 1) that is done.
        """
        here = self.here
        local = self.noise.inside(here)

        def load(first: int, last: int) -> list[torch.Tensor]:
            """Noisy slices, the guide, and the local noise SD."""
            arrays = self.noisy[here][first:last], self.guide[here][first:last], local.unit(first, last)
            noisy, guide, unit = (torch.from_numpy(array).to(self.device) for array in arrays)
            if self.excluded is not None:
                outside = torch.from_numpy(self.excluded[here][first:last]).to(self.device)
                noisy, guide = noisy.masked_fill(outside, 0.0), guide.masked_fill(outside, 0.0)
            return [noisy, guide, unit]

        wanted = shifted(self.needed or everywhere(self.noisy.shape), here)[0]
        for part in over_slabs(load, work, result[here], block, steps, reach, wanted, self.device):
            if progress is not None:
                progress(part)


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
