"""Volumes from files and DICOM folders, and back with the same geometry, pixel type and metadata."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..dicom.geometry import Placement, count_frames
from ..dicom.read import UNPLACED, find_dicom, name_of, read_series
from ..dicom.series import Slice
from ..engine import InputError, Settings
from ..engine.runtime.room import check_room
from .nifti import Nifti, read_nifti
from .nrrd_list import frame_of, is_list

#: File types that can be written, each with whether it is compressed by default.
WRITABLE = {".nrrd": True, ".nhdr": True, ".nii": False, ".nii.gz": True, ".mha": False, ".mhd": False}

#: What to say of ultrasound that is denoised as if its speckle were noise that was added.
SPECKLE = (
    "This is ultrasound (US): its speckle has grains wider than the filters look, so most of it stays. "
    "Use --preset ultrasound."
)


@dataclass(frozen=True)
class Volume:
    """A volume as it came from disk.

    Attributes:
        array: (K, J, I), image units, the file's pixel type.
        image: the SimpleITK image, for geometry and metadata.
        spacing: (k, j, i) in mm.
        positions: of the slices along axis k, mm, (K,); None where they are as far apart as `spacing` says.
        problem: why one spacing can't say where the slices are, or None; the geometry of `image` is wrong then.
        warnings: sentences for the user.
        modality: of a DICOM series; else "".
        slices: the DICOM slices that it came from, or nothing.
        header: what ITK does not keep of the file's own; None where that is nothing.
    """

    array: np.ndarray
    image: sitk.Image
    positions: np.ndarray | None = None
    problem: str | None = None
    warnings: tuple[str, ...] = ()
    modality: str = ""
    slices: tuple[Slice, ...] = field(default=(), repr=False)
    header: Nifti | None = field(default=None, repr=False)

    @property
    def spacing(self) -> tuple[float, float, float]:
        return tuple(reversed(self.image.GetSpacing()))


def read_volume(path: Path, frame: int | None = None, series: str | None = None) -> Volume:
    """Read NRRD, NIfTI, MetaImage or any file that SimpleITK reads, or a DICOM series from a folder.

    Args:
        path: file or folder.
        frame: which frame of a 4-D file or series, from 0.
        series: which series of a DICOM folder: its number in the list that an error shows, its UID, or the UID's end.

    Raises:
        InputError: missing, unreadable, or not one gray-scale volume; the text says what it is and what to do.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        dicom = find_dicom(path, series)
        if dicom is not None:
            return dicom_volume(*read_series(name_of(path), dicom, frame))
        image = _read_file(path, frame)
    except RuntimeError as error:
        raise InputError(f"{path} can't be read as an image: {last_line(error)}") from error
    return Volume(array_of(image), image, header=read_nifti(path))


def dicom_volume(image: sitk.Image, placement: Placement) -> Volume:
    """Slices that are all where one spacing puts them need no list of positions."""
    warnings, positions = [], None
    if placement.positions is None:
        warnings.append(UNPLACED)
    elif placement.problem is not None:
        positions = placement.positions
        warnings.append(f"{placement.problem[0].upper()}{placement.problem[1:]}.")
    return Volume(
        array_of(image), image, positions, placement.problem, tuple(warnings), placement.modality, placement.slices
    )


def warnings_of(volume, settings: Settings) -> list[str]:
    """The warnings of a `Volume` or `Sequence`, and of settings that are not for its modality."""
    return [*volume.warnings, *([SPECKLE] if volume.modality == "US" and not settings.speckle else [])]


class _Pixels:
    """The memory of an image, which lives as long as an array that was made of this."""

    def __init__(self, image: sitk.Image) -> None:
        self.image = image
        self.__array_interface__ = sitk.GetArrayViewFromImage(image).__array_interface__


def array_of(image: sitk.Image) -> np.ndarray:
    """The voxels, (K, J, I) or (T, K, J, I), read only, without a copy."""
    array = np.asarray(_Pixels(image))
    array.flags.writeable = False
    return array


def image_like(array: np.ndarray, like: sitk.Image, metadata: bool) -> sitk.Image:
    """An image of an array, (K, J, I) or (T, K, J, I), with the geometry of `like`, and its metadata if asked."""
    image = sitk.GetImageFromArray(array, isVector=False)
    image.CopyInformation(like)
    if metadata:
        for key in like.GetMetaDataKeys():
            image.SetMetaData(key, like.GetMetaData(key))
    return image


def write_like(array: np.ndarray, volume, path: Path, metadata: bool) -> None:
    """Write an array, (K, J, I) or (T, K, J, I), with the geometry of a `Volume` or `Sequence`, and its metadata if
    asked, as `write_image` does.

    Raises:
        OSError: it could not be written.
    """
    if volume.header is None or image_suffix(path) not in volume.header.endings:
        write_image(image_like(array, volume.image, metadata), path)
        return
    volume.header.write(array, path, metadata)
    _check_written(path, array)


def write_image(image: sitk.Image, path: Path) -> None:
    """Write to a path that ends in one of `WRITABLE`, and read it again: on a full disk, ITK leaves half an NRRD or
    NIfTI file without a word.

    Raises:
        OSError: it could not be written.
    """
    try:
        sitk.WriteImage(image, str(path), WRITABLE[image_suffix(path)])
    except RuntimeError as error:
        raise OSError(last_line(error)) from error
    _check_written(path, array_of(image))


def image_suffix(path: Path) -> str | None:
    """The ending of `WRITABLE` that a path has, or None."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(WRITABLE, key=len, reverse=True) if name.endswith(suffix)), None)


def open_file(path: Path) -> tuple[sitk.ImageFileReader, tuple[int, ...]]:
    """A reader that knows the header of a gray-scale image of 3 or 4 dimensions, and its size; the fourth one may be
    the vectors of `is_list`.

    Raises:
        InputError: it is none.
        RuntimeError: it is no image.
    """
    other = path.with_suffix("")  # x.nii of x.nii.gz
    if path.name.lower().endswith(".nii.gz") and other.is_file():
        raise InputError(f"{other.name} lies beside {path}, and ITK would read its voxels instead; move one of them")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    if _is_segmentation(reader):
        raise InputError(f"{path} says that it is a label map; choose the gray-scale image that belongs to it")
    size = reader.GetSize()
    if is_list(reader) and reader.GetNumberOfComponents() > 1:
        return reader, (*size, reader.GetNumberOfComponents())
    if reader.GetNumberOfComponents() > 1:
        raise InputError(
            f"{path} has {reader.GetNumberOfComponents()} values per voxel (color or vectors); a gray-scale volume is "
            "needed"
        )
    if reader.GetDimension() == 2:
        raise InputError(f"{path} is a single 2-D image {size}; a volume of several slices is needed")
    if reader.GetDimension() > 4:
        raise InputError(f"{path} has {reader.GetDimension()} dimensions; a 3-D volume is needed")
    return reader, size


def is_sequence(path: Path) -> bool:
    """Whether a file or a DICOM series is 4-D and has several frames; False for anything that can't be read."""
    try:
        dicom = find_dicom(path, None)
        if dicom is not None:
            return count_frames(str(path), dicom) > 1
        size = open_file(path)[1]
    except (RuntimeError, InputError):
        return False
    return len(size) == 4 and size[3] > 1


def _read_file(path: Path, frame: int | None) -> sitk.Image:
    reader, size = open_file(path)
    if len(size) == 4 and size[3] > 1:
        if frame is None:
            raise InputError(
                f"{path} is 4-D with {size[3]} frames; choose one with --frame N (0 to {size[3] - 1}), or denoise "
                "--frames all"
            )
        if not 0 <= frame < size[3]:
            raise InputError(f"--frame {frame} does not exist in {path}; it has the frames 0 to {size[3] - 1}")
    if reader.GetDimension() == 4:
        reader.SetExtractSize([*size[:3], 0])
        reader.SetExtractIndex([0, 0, 0, frame or 0])
    elif len(size) == 3 and frame is not None:
        raise InputError(f"{path} is 3-D; leave --frame out")
    bytes_per_voxel = sitk.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent() * reader.GetNumberOfComponents()
    check_room(str(path), math.prod(size[:3]) * bytes_per_voxel)
    image = reader.Execute()
    return image if reader.GetNumberOfComponents() == 1 else frame_of(image, frame)


def read_header(path: Path) -> tuple[int, tuple[int, int, int], np.dtype, tuple[float, float, float]]:
    """Frames, shape (K, J, I), type and spacing (k, j, i) of a file, without its voxels.

    Raises:
        InputError, RuntimeError: as `open_file`.
    """
    reader, size = open_file(path)
    dtype = sitk.GetArrayViewFromImage(sitk.Image([1, 1], reader.GetPixelID())).dtype
    return (*size, 1)[3], tuple(reversed(size[:3])), dtype, tuple(reversed(reader.GetSpacing()[:3]))


def _check_written(path: Path, array: np.ndarray) -> None:
    try:
        image = sitk.ReadImage(str(path))
        are_vectors = image.GetNumberOfComponentsPerPixel() > 1
        is_whole = np.array_equal(np.moveaxis(array_of(image), -1, 0) if are_vectors else array_of(image), array)
    except RuntimeError:
        is_whole = False
    if not is_whole:
        raise OSError(f"{path.name} came out damaged, as on a full disk")


def _is_segmentation(reader: sitk.ImageFileReader) -> bool:
    keys = set(reader.GetMetaDataKeys())
    nifti_label = "intent_code" in keys and reader.GetMetaData("intent_code").strip() == "1002"
    return nifti_label or any(key.startswith("Segment0_") for key in keys)


def last_line(error: Exception) -> str:
    """SimpleITK's errors end with the sentence that matters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("sitk::ERROR: ") if lines else type(error).__name__
