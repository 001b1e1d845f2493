"""NIfTI files as they were: ITK reads one of a header's two transforms, and writes few of its other fields."""

import gzip
import re
import struct
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

#: Fields of a header, by offset and type: where the voxels are, and when they were measured: dim_info, slice_start;
#: pixdim; slice_end, slice_code, xyzt_units; slice_duration, toffset; qform_code to srow_z.
PLACE = ((39, "B"), (74, "h"), (76, "8f"), (120, "hBB"), (132, "2f"), (252, "2h18f"))
#: What is said of their values: intent and its parameters; cal_max, cal_min; descrip, aux_file; intent_name.
VALUES = ((56, "3fh"), (124, "2f"), (148, "80s24s"), (328, "16s"))
#: Bytes of a header, and of it with the four that say whether there are extensions.
HEADER, START = 348, 352
#: datatype of each type of voxels.
TYPES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
#: Of compression; more costs three times the seconds for 2 % of the size.
LEVEL = 2


@dataclass(frozen=True)
class Nifti:
    """What the header of a file says besides the size and type of its voxels.

    Attributes:
        fields: `PLACE` and `VALUES` at their offsets in a header, in the machine's byte order.
        extensions: all of them, padded, each behind its size and code.
    """

    endings: ClassVar[tuple[str, ...]] = (".nii", ".nii.gz")
    fields: bytes
    extensions: bytes

    def header(self, shape: tuple[int, ...], dtype: np.dtype, metadata: bool) -> bytes:
        """All that is before the voxels of a file of this shape, (K, J, I) or (T, K, J, I), on the same grid.

        Args:
            shape, dtype: of the voxels, which are stored as they are.
            metadata: with what is said of the values, and the extensions.
        """
        dtype, extensions = np.dtype(dtype), self.extensions if metadata else b""
        header = bytearray(START)
        for offset, kind in (*PLACE, *(VALUES if metadata else ())):
            end = offset + struct.calcsize("=" + kind)
            header[offset:end] = self.fields[offset:end]
        sizes = (len(shape), *reversed(shape), *(7 - len(shape)) * (1,))
        struct.pack_into("=i", header, 0, HEADER)
        struct.pack_into("=c", header, 38, b"r")
        struct.pack_into("=8h", header, 40, *sizes)
        struct.pack_into("=2h", header, 70, TYPES[dtype.str[1:]], 8 * dtype.itemsize)
        struct.pack_into("=2f", header, 108, START + len(extensions), 1.0)
        struct.pack_into("4s?", header, 344, b"n+1", bool(extensions))
        return bytes(header) + extensions

    def write(self, array: np.ndarray, path: Path, metadata: bool) -> None:
        """Write voxels, (K, J, I) or (T, K, J, I), on the same grid; `metadata` as for `header`.

        Raises:
            OSError: it could not be written.
        """
        with path.open("wb") as file:
            packed = path.name.lower().endswith(".gz")
            with gzip.GzipFile("", "wb", LEVEL, file, mtime=0) if packed else nullcontext(file) as stream:
                stream.write(self.header(array.shape, array.dtype, metadata))
                for part in array:
                    stream.write(np.ascontiguousarray(part, part.dtype.newbyteorder("=")).data)


def read_nifti(path: Path) -> Nifti | None:
    """The header of a NIfTI file, or of the pair that it belongs to; None for any other file that can be read."""
    path = path.with_name(re.sub(r"\.img(\.gz)?$", r".hdr\1", path.name, flags=re.IGNORECASE))
    if not path.is_file():
        return None
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        header = file.read(HEADER)
        magic = header[344:]
        if magic not in (b"n+1\0", b"ni1\0"):
            return None
        order = "<" if struct.unpack_from("<i", header)[0] == HEADER else ">"
        (voxels,) = struct.unpack_from(order + "f", header, 108)
        fields = bytearray(HEADER)
        for offset, kind in (*PLACE, *VALUES):
            struct.pack_into("=" + kind, fields, offset, *struct.unpack_from(order + kind, header, offset))
        return Nifti(bytes(fields), _extensions(file, order, voxels if magic == b"n+1\0" else np.inf))


def _extensions(file, order: str, end: float) -> bytes:
    """Those of a file that was read up to them, which end before an offset; a damaged one and what follows is left."""
    found, at = b"", START
    if file.read(4)[:1] in (b"", b"\0"):
        return found
    while at + 8 <= end and len(head := file.read(8)) == 8:
        size, code = struct.unpack(order + "2i", head)
        if size < 16 or size % 16 or at + size > end or len(content := file.read(size - 8)) < size - 8:
            break
        found, at = found + struct.pack("=2i", size, code) + content, at + size
    return found
