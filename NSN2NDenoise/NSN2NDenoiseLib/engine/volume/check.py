"""Says no, in words, to a volume that can't be denoised."""

import numpy as np

from ..errors import InputError

#: Slices needed along the slice axis.
MIN_SLICES = 3
#: Pixels needed along each side of a slice.
MIN_SIDE = 16
#: Float values must not exceed this, nor their range be less than its inverse: a run computes in float32.
LARGEST = 1e30
#: An integer volume with no more distinct values than this is taken for a label map.
LABEL_VALUES = 8


def check_volume(volume: np.ndarray) -> None:
    """Check that an array holds one gray-scale volume with finite values that vary.

    Args:
        volume: (K, J, I) array, integer or float, any units.

    Raises:
        InputError: the array is not such a volume; the text says what it is and what to do.
    """
    if not isinstance(volume, np.ndarray):
        raise InputError(f"the volume is a {type(volume).__name__}; a numpy array (slices, rows, columns) is needed")
    check_kind(volume.shape, volume.dtype)
    check_finite(int(volume.size - np.isfinite(volume).sum()) if volume.dtype.kind == "f" else 0)
    check_range(*(volume.min(), volume.max()) if volume.size else ("nothing", "nothing"), volume.dtype)
    if volume.dtype.kind in "iu":
        check_distinct(_distinct_values(volume))


def check_kind(shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Check that voxels of this shape and type can be gray values of a volume; raises as `check_volume`."""
    if len(shape) != 3:
        raise InputError(
            f"the image has {len(shape)} dimensions {shape}; one 3-D volume (slices, rows, columns) is needed"
        )
    if dtype.kind == "b":
        raise InputError("the volume is boolean, so it is a mask; choose the image that the mask was drawn on")
    if dtype.kind not in "iuf":
        raise InputError(f"voxels of type {dtype} can't be denoised; integer or float gray values are needed")


def check_finite(bad: int) -> None:
    """Raise InputError where so many voxels are NaN or infinite."""
    if bad:
        raise InputError(
            f"{bad} voxels are NaN or infinite; replace them first (for example by the value of the background)"
        )


def check_range(low, high, dtype: np.dtype) -> None:
    """Check the smallest and the largest voxel; raises as `check_volume`."""
    if low == high:
        raise InputError(f"the volume is constant (every voxel is {low}); there is nothing to denoise")
    if dtype.kind == "f" and (max(-float(low), float(high)) > LARGEST or float(high) - float(low) < 1 / LARGEST):
        raise InputError(
            f"the values from {float(low):.3g} to {float(high):.3g} can't be computed with; rescale the volume first"
        )


def check_distinct(values: int | None) -> None:
    """Raise InputError where there are so few distinct values; None: more than `LABEL_VALUES`."""
    if values is not None:
        raise InputError(
            f"the volume has only {values} distinct values, so it looks like a label map; "
            "choose the gray-scale image that belongs to it"
        )


def check_slices(shape: tuple[int, int, int], axis: str) -> None:
    """Check that a stack has enough slices of a usable size.

    Args:
        shape: (slices, rows, columns) with the slices of `axis` first.
        axis: "k", "j" or "i", for the message.

    Raises:
        InputError: too few or too small slices.
    """
    if shape[0] < MIN_SLICES:
        count = "one slice" if shape[0] == 1 else f"{shape[0]} slices"
        raise InputError(
            f"the volume has {count} along axis {axis}; Neighboring Slice Noise2Noise learns from "
            f"neighboring slices and needs at least {MIN_SLICES}, better 10. Load the whole series, or choose another "
            "slice axis if the volume is larger along it"
        )
    if min(shape[1:]) < MIN_SIDE:
        raise InputError(
            f"the slices along axis {axis} are {shape[1]} x {shape[2]} pixels; at least {MIN_SIDE} x {MIN_SIDE} "
            "are needed. Choose another slice axis"
        )


def _distinct_values(volume: np.ndarray) -> int | None:
    """The number of distinct values if it is at most `LABEL_VALUES`, else None."""
    sample = np.unique(volume.ravel()[:: max(1, volume.size // 100_000)])
    if sample.size > LABEL_VALUES:
        return None
    everything = np.unique(volume)
    return int(everything.size) if everything.size <= LABEL_VALUES else None
