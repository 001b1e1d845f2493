"""Slices that are read, and made, when they are asked for: the look and the stages take them as they take an array."""

from collections.abc import Callable, Iterator

import numpy as np

from ..volume.part import Box, everywhere

#: Bytes that a pass over a volume reads at once.
AT_ONCE = 64_000_000


class Stack:
    """What of an array (slices, rows, columns) the look and the stages use; none of it is kept.

    Args:
        shape: slices, rows, columns.
        dtype: of what `make` returns.
        make: gives a box of it, a new array.
        low, high: smallest and largest value, where they are known; of a boolean one, `mean` is the part that is True.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        dtype: np.dtype,
        make: Callable[[Box], np.ndarray],
        low=None,
        high=None,
        mean=None,
    ) -> None:
        self.shape, self.dtype, self._make = tuple(shape), np.dtype(dtype), make
        self._low, self._high, self._mean = low, high, mean

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key) -> np.ndarray:
        """A slice by its number, some of them by a `slice`, or a box."""
        if isinstance(key, tuple):
            return self._make(key)
        if isinstance(key, slice):
            first, last, step = key.indices(len(self))
            if step != 1:
                return np.stack([self[k] for k in range(first, last, step)])
            return self._make((slice(first, last), *everywhere(self.shape)[1:]))
        return self[key : key + 1][0]

    def min(self):
        return self._low

    def max(self):
        return self._high

    def mean(self) -> float:
        return self._mean


def raw_stack(source) -> Stack:
    """A stack of what is stored.

    Args:
        source: has `shape`, `dtype`, and gives boxes of itself: a numpy memory map, an array of zarr or h5py, or alike.
    """
    dtype = np.dtype(source.dtype).newbyteorder("=")

    def make(box: Box) -> np.ndarray:
        return np.array(source[box], dtype=dtype, order="C")

    return Stack(source.shape, dtype, make)


def runs(source) -> Iterator[slice]:
    """The slices of a source, some at a time, in whole chunks where it has such."""
    slices, *sides = source.shape
    chunk = (getattr(source, "chunks", None) or (1,))[0]
    bytes_a_slice = int(np.prod(sides)) * np.dtype(source.dtype).itemsize
    step = max(1, AT_ONCE // (bytes_a_slice * chunk)) * chunk
    for first in range(0, slices, step):
        yield slice(first, min(first + step, slices))


def each_slice(source) -> Iterator[tuple[int, np.ndarray]]:
    """(number, slice) of all slices of a source in order."""
    raw = raw_stack(source)
    for run in runs(source):
        yield from enumerate(raw[run], run.start)
