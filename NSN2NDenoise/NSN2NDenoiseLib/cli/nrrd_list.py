"""NRRD files with a list axis, as Slicer stores sequences: ITK takes the frames for the parts of a vector."""

import gzip
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import SimpleITK as sitk

from .nifti import LEVEL

#: Fields of a header that are told of the output anew, or are true of the input's file alone.
ANEW = ("type", "endian", "encoding", "byte skip", "line skip", "data file", "byteskip", "lineskip", "datafile")
KEY = re.compile(r"[^:]*:=")
#: How keys begin that are ITK's own, and those that are said of all frames together: of sequences, and of diffusion MR.
OF_ITK, OF_ALL = "NRRD_", ("axis ", "modality", "DWMRI_")


@dataclass(frozen=True)
class NrrdList:
    """The header of a 4-D file with a list axis.

    Attributes:
        lines: its fields and keys without those of `ANEW`.
        first: the frames' axis is the first one, which is the fastest; else the last one.
    """

    endings: ClassVar[tuple[str, ...]] = (".nrrd",)
    lines: tuple[str, ...]
    first: bool

    def write(self, array: np.ndarray, path: Path, metadata: bool) -> None:
        """Write frames, (T, K, J, I), on the same grid.

        Args:
            metadata: with all keys; without, only with those that say which frames these are.

        Raises:
            OSError: it could not be written.
        """
        if self.first:
            array = np.moveaxis(array, 0, -1)
        dtype = array.dtype.newbyteorder("=")
        kind = {"float32": "float", "float64": "double"}.get(dtype.name, dtype.name)
        kept = [line for line in self.lines if metadata or not KEY.match(line) or line.startswith("axis ")]
        lines = [kept[0], f"type: {kind}", f"endian: {sys.byteorder}", "encoding: gzip", *kept[1:], "", ""]
        with path.open("wb") as file:
            file.write("\n".join(lines).encode("latin-1"))
            with gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as stream:
                for part in array:
                    stream.write(np.ascontiguousarray(part, dtype).data)


def is_list(reader: sitk.ImageFileReader) -> bool:
    """Whether the file of a reader that knows its header has frames where ITK sees vectors."""
    key = "NRRD_kinds[pixel]"
    return reader.GetDimension() == 3 and reader.HasMetaDataKey(key) and reader.GetMetaData(key) == "list"


def as_frames(image: sitk.Image) -> sitk.Image:
    """x, y, z, t of an image of vectors; frames are 1 apart, where they are is in its metadata."""
    array = np.moveaxis(sitk.GetArrayViewFromImage(image), -1, 0)
    frames = sitk.GetImageFromArray(np.ascontiguousarray(array), isVector=False)
    direction = np.eye(4)
    direction[:3, :3] = np.array(image.GetDirection()).reshape(3, 3)
    frames.SetSpacing([*image.GetSpacing(), 1.0])
    frames.SetOrigin([*image.GetOrigin(), 0.0])
    frames.SetDirection(direction.ravel().tolist())
    _copy_keys(image, frames, OF_ITK)
    return frames


def frame_of(image: sitk.Image, number: int) -> sitk.Image:
    """One of the frames that an image of vectors is, without what is said of all of them."""
    frame = sitk.VectorIndexSelectionCast(image, number)
    _copy_keys(image, frame, OF_ITK, *OF_ALL)
    return frame


def read_nrrd_list(path: Path) -> NrrdList | None:
    """The header of a file with a list axis; None for any other file that can be read."""
    lines, kinds = [], []
    with path.open("rb") as file:
        if file.read(4) != b"NRRD":
            return None
        file.seek(0)
        while line := file.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            if KEY.match(line) or name.lower() not in ANEW:
                lines.append(line)
            if name.lower() == "kinds":
                kinds = value.split()
            if name.lower() in ("data file", "datafile") and value.split()[:1] == ["LIST"]:
                break  # names of files follow
    return NrrdList(tuple(lines), kinds[0] == "list") if len(kinds) == 4 and "list" in (kinds[0], kinds[3]) else None


def _copy_keys(image: sitk.Image, to: sitk.Image, *without: str) -> None:
    for key in to.GetMetaDataKeys():
        to.EraseMetaData(key)
    for key in image.GetMetaDataKeys():
        if not key.startswith(without):
            to.SetMetaData(key, image.GetMetaData(key))
