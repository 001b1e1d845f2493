"""Work on a slab of blocks by several threads: bands of rows, so that no two threads write to the same voxels.

The threads are Python's, and numba's functions let go of the interpreter's lock: no OpenMP, whose waiting threads spin,
and a busy machine slows the run by no more than its share. First the even bands are worked on, then the odd ones.
A voxel gets its sum in the same order whatever the number of threads, so the result does not depend on it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import product

import numpy as np
import torch
from torch.nn import functional

from .groups import ALIKE, chance_number, chances

#: Rows of a band, about. Those of its neighbors must lie farther away than a group reaches.
BAND = 16


@lru_cache(maxsize=64)
def places_around(
    shape: tuple[int, int, int], start: int, block: tuple[int, int, int], reach: tuple[int, int, int]
) -> np.ndarray:
    """Where blocks are compared, (places, 4) int64: slices, rows and columns away, and the place's number.

    The nearest come first, as they are the likeliest to be similar: less sorting follows. Most slabs share the array:
    nobody changes it.
    """
    slices, rows, columns = shape
    near = [
        range(-min(room, far), min(room, far) + 1)
        for room, far in zip((rows - block[1], columns - block[2]), reach[1:], strict=True)
    ]
    along = range(-min(start, reach[0]), min(slices - block[0] - start, reach[0]) + 1)
    places = [(*place, number) for number, place in enumerate(product(along, *near))]
    return np.array(sorted(places, key=lambda place: [abs(place[0]), place[0], abs(place[1]), place[1], abs(place[2])]))


def group_size(places: np.ndarray, shape: tuple, block: tuple[int, int, int], step: int, most: int) -> int:
    """The blocks of a group: `most`, or half of it (and so on) where a corner of a small stack has too few."""
    size = len(np.unique(places[:, 0]))
    for axis in (1, 2):
        last = shape[axis] - block[axis]
        starts = np.arange(0, last + 1, step)[:, None] + np.unique(places[:, axis])
        size *= ((starts >= 0) & (starts <= last)).sum(axis=1).min()
    while most > size:
        most //= 2
    return most


def compared(
    shape: tuple[int, int, int],
    unit: torch.Tensor,
    start: int,
    block: tuple[int, int, int],
    step: int,
    reach: tuple[int, int, int],
    corner: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """What a kernel has to know to find similar blocks in a slab of this shape.

    Args:
        unit: (slices, rows, columns) float32, the local noise SD.
        start, block, step, reach, corner: as in `find_groups`.

    Returns:
        `places_around`, `most_by_chance`, `chances`, and the `chance_number` of the slab's first block.
    """
    places, alike = places_around(shape, start, block, reach), most_by_chance(unit[start], block, step)
    return places, alike, chances().numpy(), chance_number(*corner, step)


def most_by_chance(unit: torch.Tensor, block: tuple[int, int, int], step: int) -> np.ndarray:
    """The most that chance adds to the distances of each block, as in `find_groups`; flat.

    Args:
        unit: (rows, columns) float32, the local noise SD in the slab's first slice.
        block, step: of the groups.
    """
    return (ALIKE * block[0] * functional.avg_pool2d(unit[None].square(), block[1:], stride=step).flatten()).numpy()


def in_bands(
    work: Callable[[int, int], None], rows: int, side: int, step: int, reach: int, threads: int, begin: int = 0
) -> None:
    """Call work(first row, row after the last) for all bands, several at once.

    Args:
        work: lets go of the interpreter's lock.
        rows: of the slab.
        side: rows of a block.
        step: between the rows of blocks.
        reach: rows that a group reaches up and down.
        threads: to work with.
        begin: row of the volume at which the slab begins: the bands are the whole volume's.
    """
    band = step * -(-max(BAND, 2 * reach + side) // step)  # others start so far below the last row that is written
    begin, end = begin // step * step, rows - side + 1
    numbers = range(begin // band, (begin + end - 1) // band + 1)
    bands = [(max(0, number * band - begin), min((number + 1) * band - begin, end)) for number in numbers]
    even = numbers[0] % 2
    for half in (bands[even::2], bands[1 - even :: 2]):
        if threads == 1 or len(half) <= 1:
            for one in half:
                work(*one)
        else:
            list(_pool(threads).map(lambda one: work(*one), half))


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "filter")
