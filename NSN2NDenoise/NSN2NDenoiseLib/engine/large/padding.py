"""`find_padding` for a volume that is not in memory: the same voxels, known slice by slice."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import ndimage, sparse

from ..volume.normalize import MIN_PADDING, check_padding, flat_squares, is_written, just_above
from ..volume.part import Box
from .stack import Stack, each_slice, raw_stack
from .survey import Survey


def find_padding(source, found: Survey, tell: Callable[[float], None]) -> tuple[Stack | None, float | None]:
    """Where padding is, and its value; (None, None) without.

    Args:
        source: see `raw_stack`.
        found: by the survey.
        tell: called with the part (0 to 1) that is done.

    Raises:
        InputError: all but a trace of the volume is padding.
    """
    shape, size = tuple(source.shape), int(np.prod(source.shape, dtype=np.int64))
    if found.lowest < MIN_PADDING * size:
        return None, None
    squares = 0
    for number, image in each_slice(source):
        tell(0.3 * number / shape[0])
        squares += np.count_nonzero(flat_squares(image == found.low))
    if squares < MIN_PADDING * size:
        return None, None

    def up_to_just_above() -> int:
        limit = just_above(found.sample, found.low)
        return sum(np.count_nonzero(image <= limit) for _, image in each_slice(source))

    kept, count = None, squares
    if is_written(found.lowest, squares, up_to_just_above):
        kept, count = _connected(source, found.low, lambda part: tell(0.3 + 0.7 * part))
    check_padding(count / size, found.low)
    raw = raw_stack(source)

    def make(box: Box) -> np.ndarray:
        return np.stack(
            [_of_slice(raw[k], found.low, None if kept is None else kept[k])[box[1:]] for k in _numbers(box, shape)]
        )

    return Stack(shape, np.dtype(bool), make, mean=count / size), float(found.low)


def _numbers(box: Box, shape: tuple[int, int, int]) -> range:
    return range(*box[0].indices(shape[0]))


def _of_slice(image: np.ndarray, low, kept: np.ndarray | None) -> np.ndarray:
    """Padding of a slice: its squares, or the areas of the lowest value that are `kept` (by their labels)."""
    is_lowest = image == low
    return flat_squares(is_lowest) if kept is None else kept[ndimage.label(is_lowest)[0]]


def _connected(source, low, tell: Callable[[float], None]) -> tuple[list[np.ndarray], int]:
    """What of the lowest value is connected, through faces of voxels, with a square of it.

    Each slice's areas are labelled, and two of neighboring slices are the same where they touch.

    Returns:
        for each slice whether its areas are, by label (0 is no area), bool; and the number of voxels.
    """
    starts, sizes, seeds, edges = [0], [], [], []
    before = None
    for number, image in each_slice(source):
        tell(number / source.shape[0])
        is_lowest = image == low
        labels, count = ndimage.label(is_lowest)
        sizes.append(np.bincount(labels.ravel(), minlength=count + 1)[1:])
        seeds.append(np.bincount(labels[flat_squares(is_lowest)], minlength=count + 1)[1:] > 0)
        if before is not None:
            touching = (labels > 0) & (before > 0)
            one, other = before[touching].astype(np.int64), labels[touching].astype(np.int64)
            news = np.flatnonzero(np.diff(one, prepend=-1) | np.diff(other, prepend=-1))  # few: areas are wide
            pairs = np.unique(one[news] * (count + 1) + other[news])
            edges.append(np.stack([pairs // (count + 1) - 1 + starts[-2], pairs % (count + 1) - 1 + starts[-1]]))
        before = labels
        starts.append(starts[-1] + count)
    total = starts[-1]
    one, other = np.concatenate(edges, axis=1)
    graph = sparse.coo_matrix((np.ones(len(one), bool), (one, other)), (total, total))
    bodies, body = sparse.csgraph.connected_components(graph, directed=False)
    has_seed = np.bincount(body, weights=np.concatenate(seeds), minlength=bodies) > 0
    kept = has_seed[body]
    count = int(np.concatenate(sizes)[kept].sum())
    return [np.concatenate([[False], kept[a:b]]) for a, b in pairwise(starts)], count
