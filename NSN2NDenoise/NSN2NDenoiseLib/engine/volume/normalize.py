"""Padding, and the one linear map between image units and [0, 1] that a whole volume uses (paper Sec. 4.3, 4.4)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import InputError

#: The robust range of a volume: these percentiles of its voxels become 0 and 1.
PERCENTILES = (0.1, 99.9)
#: A flat area of the lowest value counts as padding when it holds at least this part of the volume.
MIN_PADDING = 0.002
#: Voxels looked at for the percentiles of a large volume.
SAMPLE = 4_000_000
#: Side of the smallest square (pixels) that is flat enough to be padding.
FLAT_SIDE = 7
#: A padding value is written, never measured, when the voxels with values up to this part of the range above it are
#: few: at most this part of those that have the value beside its squares. Clipped noise (air at -1024) has many.
JUST_ABOVE, FEW_ABOVE = 0.02, 0.1
#: The network sees values clipped to this range: an implant or a hot spot must not drown the rest.
NETWORK_RANGE = (-0.25, 1.5)


@dataclass(frozen=True)
class Normalization:
    """The map x -> (x - low) / scale, the same for every slice.

    Attributes:
        low: image value that becomes 0.
        scale: image units per normalized unit, > 0.
    """

    low: float
    scale: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Image units to normalized float32, same shape."""
        if is_wide(values.dtype):
            if values.ndim < 3:
                return ((values.astype(np.float64) - self.low) / self.scale).astype(np.float32)
            normalized = np.empty(values.shape, np.float32)
            for own, image in zip(normalized, values, strict=True):
                own[:] = self.apply(image)
            return normalized
        normalized = values.astype(np.float32)
        normalized -= np.float32(self.low)
        normalized *= np.float32(1.0 / self.scale)
        return normalized

    def invert(self, values: np.ndarray, dtype=np.float32) -> np.ndarray:
        """Normalized to image units, same shape: float64 for a volume of a wide type, else float32."""
        if is_wide(np.dtype(dtype)):
            return values * np.float64(self.scale) + self.low
        return values * np.float32(self.scale) + np.float32(self.low)


def is_wide(dtype: np.dtype) -> bool:
    """Whether float32 rounds values of this type: a small noise on a large offset would drown."""
    return not np.can_cast(dtype, np.float32, "safe")


def find_padding(stack: np.ndarray) -> tuple[np.ndarray | None, float | None]:
    """Voxels outside the field of view, and their value.

    Padding is written, not measured (CT: -3024, -2000, -1024; masked MR: 0): it has exactly the volume's lowest value
    in squares of at least 7 x 7 pixels, which noise never leaves. Where hardly a voxel has a value just above it, noise
    can't have made that value at all; then every voxel that has it and is connected with such a square is padding, too:
    slivers at the edge of the field, single rows at the border of the image.

    Args:
        stack: (slices, rows, columns), image units.

    Returns:
        A boolean array of the same shape, True on padding, and the padding's value; (None, None) without padding.

    Raises:
        InputError: all but a trace of the volume is padding.
    """
    lowest = stack.min()
    is_lowest = stack == lowest
    count = np.count_nonzero(is_lowest)
    if count < MIN_PADDING * stack.size:
        return None, None
    padding = np.empty(stack.shape, bool)
    for index, image in enumerate(is_lowest):
        padding[index] = flat_squares(image)
    squares = np.count_nonzero(padding)
    if squares < MIN_PADDING * padding.size:
        return None, None

    def up_to_just_above() -> int:
        return np.count_nonzero(stack <= just_above(strided(stack, max(1, stack.size // SAMPLE)), lowest))

    if is_written(count, squares, up_to_just_above):
        labels, found = ndimage.label(is_lowest)
        connected = np.zeros(found + 1, bool)
        connected[labels[padding]] = True
        padding = connected[labels]
    check_padding(np.count_nonzero(padding) / padding.size, lowest)
    return padding, float(lowest)


def flat_squares(is_lowest: np.ndarray) -> np.ndarray:
    """Where a slice has the lowest value in a square of `FLAT_SIDE`, (rows, columns) bool, as the argument."""
    flat = ndimage.minimum_filter(is_lowest, FLAT_SIDE, mode="constant", cval=0)
    return ndimage.maximum_filter(flat, FLAT_SIDE, mode="constant", cval=0)


def just_above(sample: np.ndarray, lowest) -> float:
    """The value a little above the lowest one of a volume, at least one gray step; `sample`: (n,) of its voxels."""
    high = np.percentile(sample[sample > lowest].astype(np.float64), PERCENTILES[1])
    step = 1.0 if sample.dtype.kind in "iu" else 0.0
    return float(lowest) + max(step, JUST_ABOVE * (high - float(lowest)))


def is_written(lowest: int, squares: int, up_to_just_above: Callable[[], int]) -> bool:
    """Whether voxels of the lowest value beside its squares can't be noise, so that those connected are padding.

    Args:
        lowest: number of voxels of the lowest value.
        squares: of those in squares.
        up_to_just_above: counts those up to `just_above`.
    """
    beside = lowest - squares
    return beside > 0 and up_to_just_above() - lowest <= FEW_ABOVE * beside


def check_padding(part: float, lowest) -> None:
    """Raise InputError where nearly all of a volume, this part, is padding."""
    if part > 0.995:
        raise InputError(
            f"{100 * part:.1f} % of the volume is padding (the value {lowest}); there is hardly anything to denoise"
        )


def fit_normalization(stack: np.ndarray, padding: np.ndarray | None) -> Normalization:
    """The robust range of the voxels that are not padding.

    Args:
        stack: (slices, rows, columns), image units.
        padding: boolean, same shape, or None.

    Raises:
        InputError: what is left beside the padding is constant.
    """
    step = max(1, stack.size // SAMPLE)
    values = strided(stack, step)
    return normalization_of(values if padding is None else values[~strided(padding, step)])


def normalization_of(values: np.ndarray) -> Normalization:
    """As `fit_normalization`, from (n,) voxels."""
    low, high = np.percentile(values.astype(np.float64), PERCENTILES) if values.size else (0.0, 0.0)
    if high <= low and values.size:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        raise InputError("beside its padding the volume is constant; there is nothing to denoise")
    return Normalization(float(low), float(high - low))


def strided(stack: np.ndarray, step: int) -> np.ndarray:
    """Every `step`-th voxel, without copying the volume when its axes were moved."""
    return stack.ravel()[::step] if stack.flags.c_contiguous else np.concatenate([s.ravel()[::step] for s in stack])
