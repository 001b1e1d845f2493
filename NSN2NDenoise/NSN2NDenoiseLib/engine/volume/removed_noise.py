"""The removed noise, input - output: in a type that holds it exactly, and is no larger than that takes."""

import numpy as np


def difference(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """before - after, in a type that holds it whatever the values are (`wide_type`).

    Args:
        before, after: arrays of one shape and type, in image units.
    """
    return np.subtract(before, after, dtype=wide_type(before.dtype))


def wide_type(dtype: np.dtype) -> np.dtype:
    """The type in which two arrays of a type are subtracted.

    Floats stay as they are, integers become int32 or int64; those of 64 bits become float64, exact up to 2^53.
    """
    if dtype.kind == "f":
        return dtype
    return np.dtype({8: np.float64, 4: np.int64}.get(dtype.itemsize, np.int32))


def stored_type(dtype: np.dtype, low: float, high: float) -> np.dtype:
    """The type for differences of arrays of a type, from `low` to `high`.

    Floats stay as they are; integers get the smallest of int16, int32 and float64 that holds all differences.
    """
    if dtype.kind == "f":
        return dtype
    fitting = (kind for kind in (np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return np.dtype(next(fitting, np.float64))


def removed_noise(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The removed noise of a volume, (K, J, I) in image units, as `stored_type` says; arguments as `difference`."""
    noise = difference(before, after)
    return noise.astype(stored_type(before.dtype, noise.min(), noise.max()), copy=False)
