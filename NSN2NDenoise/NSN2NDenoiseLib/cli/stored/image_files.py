"""NRRD, MetaImage and NIfTI without compression: ITK reads and writes the header, and says where the voxels begin."""

import struct
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...engine import InputError
from ..nifti import read_nifti
from ..volume_io import image_suffix, open_file
from .raw_file import RawFile, make_room
from .volume import StoredVolume, make_head

#: What these formats are called where they can be read in parts.
READABLE, WRITABLE = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii"), (".nrrd", ".mha", ".mhd", ".nii")
COMPRESSED = "{} is compressed, so it can't be read in parts; store it without compression"


def open_image(path: Path) -> StoredVolume:
    """Open a file.

    Raises:
        InputError: it is compressed, scaled, in several files, or no gray-scale volume.
    """
    try:
        reader, size = open_file(path)
    except RuntimeError as error:
        raise InputError(f"{path} can't be read as an image") from error
    if len(size) == 4 and size[3] > 1:
        raise InputError(f"{path} is 4-D; only a volume can be denoised in parts")
    shape = tuple(reversed(size[:3]))
    like = sitk.GetArrayViewFromImage(sitk.Image([1, 1], reader.GetPixelID()))
    dimensions = reader.GetDimension()
    head = make_head(shape, like.dtype, reader.GetSpacing()[:3])
    head.SetOrigin(reader.GetOrigin()[:3])
    direction = np.array(reader.GetDirection()).reshape(dimensions, dimensions)[:3, :3]
    head.SetDirection(direction.ravel().tolist())
    for key in reader.GetMetaDataKeys():
        head.SetMetaData(key, reader.GetMetaData(key))
    where = {".nii": _in_nifti, ".nrrd": _in_nrrd, ".nhdr": _in_nrrd, ".mha": _in_meta, ".mhd": _in_meta}
    file, offset, order = where[image_suffix(path)](path)
    array = RawFile(file, offset, shape, like.dtype.newbyteorder(order))
    origin = tuple(reversed(head.GetOrigin())) if np.array_equal(direction, np.eye(3)) else None
    return StoredVolume(array, tuple(reversed(head.GetSpacing())), head, nifti=read_nifti(path), origin=origin)


def create_image(path: Path, volume: StoredVolume) -> RawFile:
    """Write a file of zeros with the geometry and metadata of a volume, for its voxels to come."""
    shape, like, suffix = volume.array.shape, volume.like(), image_suffix(path)
    slices = 2 * int(np.prod(shape[1:])) * np.dtype(volume.array.dtype).itemsize
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        sitk.WriteImage(like, str(written), False)
        header = written.read_bytes()
    if suffix != ".mhd":
        header = header[:-slices]
    if suffix == ".nii":
        if max(shape) > 32767:
            raise InputError(f"a NIfTI file has at most 32767 voxels along an axis; write {path.stem}.nrrd instead")
        header = header[:46] + struct.pack("<h", shape[0]) + header[48:]
        if volume.nifti is not None:
            header = volume.nifti.header(shape, volume.array.dtype, metadata=True)
    else:
        sizes = b"sizes: %d %d " if suffix == ".nrrd" else b"DimSize = %d %d "
        old = sizes % (shape[2], shape[1]) + b"2\n"
        if header.count(old) != 1:
            raise OSError(f"the header of {path.name} is not as expected")
        header = header.replace(old, sizes % (shape[2], shape[1]) + b"%d\n" % shape[0])
    if suffix == ".mhd":
        path.write_bytes(header)
        path, header = path.with_suffix(".raw"), b""
    make_room(path, header, volume.bytes)
    return RawFile(path, len(header), shape, volume.array.dtype)


def _in_nifti(path: Path) -> tuple[Path, int, str]:
    with open(path, "rb") as file:
        header = file.read(540)
    order = "<" if struct.unpack("<i", header[:4])[0] in (348, 540) else ">"
    if struct.unpack(order + "i", header[:4])[0] == 540:
        (offset,), (slope, shift) = (
            struct.unpack(order + "q", header[168:176]),
            struct.unpack(order + "2d", header[176:192]),
        )
    else:
        offset, slope, shift = struct.unpack(order + "3f", header[108:120])
    if shift or slope not in (0, 1):
        raise InputError(
            f"the voxels of {path} are scaled (slope {slope:g}, intercept {shift:g}); store them as they are"
        )
    if header[:2] == b"\x1f\x8b":
        raise InputError(COMPRESSED.format(path))
    return path, int(offset), order


def _in_nrrd(path: Path) -> tuple[Path, int, str]:
    fields, end = _fields(path, ":", lambda line: not line.strip())
    if fields.get("encoding") != "raw":
        raise InputError(COMPRESSED.format(path))
    skipped = fields.get("byte skip", "0")
    if fields.get("line skip", "0") != "0" or skipped not in ("0", "-1"):
        raise InputError(f"{path} skips lines or bytes before its voxels; store it anew")
    data = fields.get("data file", fields.get("datafile"))
    order = ">" if fields.get("endian") == "big" else "<"
    if data is None:
        return path, -1 if skipped == "-1" else end, order
    return _beside(path, data), -1 if skipped == "-1" else 0, order


def _in_meta(path: Path) -> tuple[Path, int, str]:
    fields, end = _fields(path, "=", lambda line: line.startswith(b"ElementDataFile"))
    if fields.get("compresseddata", "false").lower() == "true":
        raise InputError(COMPRESSED.format(path))
    big = {fields.get(name, "false").lower() for name in ("binarydatabyteordermsb", "elementbyteordermsb")}
    order, skipped = ">" if "true" in big else "<", int(fields.get("headersize", "0"))
    data = fields["elementdatafile"]
    if data.lower() == "local":
        return path, end, order
    return _beside(path, data), skipped, order


def _fields(path: Path, sign: str, is_last) -> tuple[dict[str, str], int]:
    """The lines "name: value" of a header, names in lower case, and where it ends."""
    fields = {}
    with open(path, "rb") as file:
        while line := file.readline(65536):
            name, found, value = line.decode("latin-1").partition(sign)
            if found:
                fields[name.strip().lower()] = value.strip()
            if is_last(line):
                break
        return fields, file.tell()


def _beside(path: Path, data: str) -> Path:
    file = path.parent / data
    if not file.is_file():
        raise InputError(f"the voxels of {path} are in {data}, which is no single file beside it")
    return file
