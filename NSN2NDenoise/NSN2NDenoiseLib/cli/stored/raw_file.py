"""Voxels that lie one after the other in a file, uncompressed: boxes of them, read and written."""

import math
import os
from pathlib import Path

import numpy as np

from ...engine import InputError


class RawFile:
    """An array in a file. It is read, not mapped: what is mapped counts as this process's memory.

    Args:
        path: of the file.
        offset: bytes before the first voxel; negative: the voxels end with the file.
        shape: (K, J, I).
        dtype: as it is stored; boxes come in the machine's byte order.

    Raises:
        InputError: the file is too short.
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, int, int], dtype: np.dtype) -> None:
        self.path, self.shape, self._stored = Path(path), tuple(map(int, shape)), np.dtype(dtype)
        self.dtype = self._stored.newbyteorder("=")
        bytes_needed, size = math.prod(self.shape) * self.dtype.itemsize, os.path.getsize(path)
        self._offset = size - bytes_needed if offset < 0 else offset
        if self._offset < 0 or self._offset + bytes_needed > size:
            raise InputError(
                f"{path} ends early: its header says {' x '.join(map(str, reversed(self.shape)))} voxels, "
                f"{bytes_needed} bytes; it has {size}"
            )

    def __getitem__(self, box) -> np.ndarray:
        (first, last), (top, bottom), columns = self._ends(box)
        values = np.empty((last - first, bottom - top, columns[1] - columns[0]), self.dtype)
        with open(self.path, "rb") as file:
            for number in range(first, last):
                values[number - first] = self._rows(file, number, top, bottom)[:, columns[0] : columns[1]]
        return values

    def __setitem__(self, box, values: np.ndarray) -> None:
        (first, last), (top, bottom), columns = self._ends(box)
        with open(self.path, "r+b") as file:
            for number, own in zip(range(first, last), values, strict=True):
                rows = own.astype(self._stored)
                if columns != (0, self.shape[2]):
                    rows = self._rows(file, number, top, bottom)
                    rows[:, columns[0] : columns[1]] = own
                file.seek(self._place(number, top))
                file.write(np.ascontiguousarray(rows).data)

    def _rows(self, file, number: int, top: int, bottom: int) -> np.ndarray:
        file.seek(self._place(number, top))
        count = (bottom - top) * self.shape[2]
        values = np.frombuffer(bytearray(file.read(count * self.dtype.itemsize)), self._stored)
        if values.size != count:
            raise OSError(f"{self.path.name} ends early; was it changed meanwhile?")
        return values.reshape(bottom - top, self.shape[2])

    def _place(self, number: int, row: int) -> int:
        return self._offset + (number * self.shape[1] + row) * self.shape[2] * self.dtype.itemsize

    def _ends(self, box) -> list[tuple[int, int]]:
        return [side.indices(size)[:2] for side, size in zip(box, self.shape, strict=True)]


def make_room(path: Path, header: bytes, size: int) -> None:
    """Write a file that has a header and room for so many bytes."""
    with open(path, "wb") as file:
        file.write(header)
        file.truncate(len(header) + size)
