"""One pass over all voxels of a volume that is not in memory: its range, and voxels in regular steps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..volume.check import LABEL_VALUES, check_distinct, check_finite, check_kind, check_range
from ..volume.normalize import SAMPLE
from .stack import each_slice

#: Voxels from which the gray step is read (`noise.level.gray_step`).
FEW = 50_000


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes:
        low, high: smallest and largest voxel, of the volume's type.
        lowest: number of voxels with the value `low`.
        sample: (n,) voxels in steps of `sample_step`, from which the range is normalized.
        few: (n,) voxels in wider steps.
    """

    low: np.generic
    high: np.generic
    lowest: int
    sample: np.ndarray
    few: np.ndarray


def sample_step(size: int) -> int:
    """Voxels from one that is looked at for percentiles to the next."""
    return max(1, size // SAMPLE)


def strided_slice(image: np.ndarray, number: int, step: int) -> np.ndarray:
    """What a slice has of every `step`-th voxel of its volume, counted through all slices."""
    return image.ravel()[-(number * image.size) % step :: step]


def survey(source, tell: Callable[[float], None]) -> Survey:
    """Look at all voxels once, and refuse what `check_volume` would.

    Args:
        source: see `raw_stack`.
        tell: called with the part (0 to 1) that is done.

    Raises:
        InputError: the volume can't be denoised.
    """
    shape = tuple(source.shape)
    check_kind(shape, np.dtype(source.dtype))
    size, is_real = int(np.prod(shape, dtype=np.int64)), np.dtype(source.dtype).kind == "f"
    step, wide = sample_step(size), max(1, size // FEW)
    low = high = None
    lowest = bad = 0
    sample, few, distinct = [], [], np.zeros(0, source.dtype)
    for number, image in each_slice(source):
        tell(number / shape[0])
        if is_real:
            bad += image.size - np.count_nonzero(np.isfinite(image))
        elif len(distinct) <= LABEL_VALUES:
            distinct = np.unique(np.concatenate([distinct, np.unique(image)]))
        if low is None or image.min() < low:
            low, lowest = image.min(), 0
        high = image.max() if high is None else max(high, image.max())
        lowest += np.count_nonzero(image == low)
        sample.append(strided_slice(image, number, step).copy())
        few.append(strided_slice(image, number, wide).copy())
    check_finite(bad)
    check_range(*("nothing", "nothing") if low is None else (low, high), np.dtype(source.dtype))
    if not is_real:
        check_distinct(len(distinct) if len(distinct) <= LABEL_VALUES else None)
    return Survey(low, high, lowest, np.concatenate(sample), np.concatenate(few))
