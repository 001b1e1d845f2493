"""Which bricks a volume is cut in, so that each fits the memory and as little as possible is done twice."""

import math
from itertools import product

import numpy as np

from ..errors import RunError
from ..plan import SPARE_REACH
from ..runtime.memory import PROGRAMS, added_memory_mb
from ..settings import Settings
from ..volume.part import GRID, PASS_REACH, Box

#: Numbers of pieces that an axis is cut in.
PIECES = (*range(1, 13), 14, 16, 18, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256)
#: Parts of the time that low-pass and filters take, and the passes of which each is the input.
WORK = ((0.14, None), (0.15, 3), (0.3, 2), (0.41, 1))
#: Bytes for each pixel of a slice while the volume is looked at, and MB for what is sampled of it.
LOOK_BYTES, LOOK_MB = 700, 250.0
#: What is allowed is a limit: runs have taken up to so much more than is predicted (`check_parts.py`).
MARGIN = 1.15
#: A run takes at most this part of the memory that is free.
FREE = 0.8

Sides = tuple[int, int, int]


def choose_bricks(shape: Sides, reach: Sides, dtype: np.dtype, settings: Settings, memory_mb: float) -> list[Box]:
    """Bricks that together are the volume, in the order of its slices; each begins on the `GRID`.

    Args:
        shape: (slices, rows, columns) of the volume.
        reach: how far around a brick the stages look.
        dtype: of the voxels.
        settings: of the run.
        memory_mb: that the process may hold.

    Raises:
        RunError: not even the smallest brick fits.
    """
    choices = [
        sorted({_on_grid(-(-size // n), step) for n in PIECES if n <= size})
        for size, step in zip(shape, GRID, strict=True)
    ]
    cheapest = sorted(product(*choices), key=lambda sides: (work(sides, shape, reach), -sides[2], -sides[1]))
    fitting = (s for s in cheapest if brick_memory_mb(s, shape, reach, dtype, settings) <= memory_mb)
    best = next(fitting, None)
    if best is None:
        smallest = tuple(sides[0] for sides in choices)
        least = max(brick_memory_mb(smallest, shape, reach, dtype, settings), look_memory_mb(shape))
        raise RunError(
            f"denoising takes at least {least / 1000:.1f} GB of memory even in small parts, and it may take "
            f"{memory_mb / 1000:.1f} GB: allow more, or crop the volume"
        )
    return cut(shape, best)


def cut(shape: Sides, sides: Sides) -> list[Box]:
    """Bricks of these sides that together are a volume, in the order of its slices."""
    starts = [range(0, size, side) for size, side in zip(shape, sides, strict=True)]
    return [
        tuple(slice(at, min(at + side, size)) for at, side, size in zip(corner, sides, shape, strict=True))
        for corner in product(*starts)
    ]


def brick_memory_mb(sides: Sides, shape: Sides, reach: Sides, dtype: np.dtype, settings: Settings) -> float:
    """The most memory (MB) that a process holds while it denoises a brick of these sides; arguments as above."""
    box = _around(sides, shape, reach, GRID)
    raw = math.prod(box) * dtype.itemsize / 1e6
    return MARGIN * (PROGRAMS + added_memory_mb(box, dtype, settings) + raw)


def look_memory_mb(shape: Sides) -> float:
    """The most memory (MB) that a process holds while it looks at a volume that is not in memory."""
    return PROGRAMS + LOOK_MB + LOOK_BYTES * math.prod(shape[1:]) / 1e6


def _around(sides: Sides, shape: Sides, reach: Sides, step: Sides = (1, 1, 1)) -> Sides:
    """Sides of a brick with what lies around it, at most: it begins on steps."""
    return tuple(
        min(size, side + 2 * far + more - 1) for side, size, far, more in zip(sides, shape, reach, step, strict=True)
    )


def work(sides: Sides, shape: Sides, reach: Sides) -> float:
    """Voxels that are worked on when a volume is cut in bricks of these sides, those around them included."""
    count = math.prod(-(-size // side) for size, side in zip(shape, sides, strict=True))
    voxels = 0.0
    for part, passes in WORK:
        far = reach if passes is None else tuple(a + passes * b for a, b in zip(SPARE_REACH, PASS_REACH, strict=True))
        voxels += part * math.prod(_around(sides, shape, far))
    return count * voxels


def _on_grid(side: int, step: int) -> int:
    return -(-side // step) * step
