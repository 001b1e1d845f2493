"""Volumes from files and DICOM folders, and back with the same geometry, pixel type and metadata."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..engine import InputError

#: File types that can be written, each with whether it is compressed by default.
WRITABLE = {".nrrd": True, ".nhdr": True, ".nii": False, ".nii.gz": True, ".mha": False, ".mhd": False}


@dataclass(frozen=True)
class Volume:
    """A volume as it came from disk.

    Attributes:
        array: (K, J, I), image units, the file's pixel type.
        image: the SimpleITK image, for geometry and metadata.
        spacing: (k, j, i) in mm.
    """

    array: np.ndarray
    image: sitk.Image

    @property
    def spacing(self) -> tuple[float, float, float]:
        return tuple(reversed(self.image.GetSpacing()))


def read_volume(path: Path, frame: int | None = None) -> Volume:
    """Read NRRD, NIfTI, MetaImage or any file that SimpleITK reads, or a folder with one DICOM series.

    Args:
        path: file or folder.
        frame: which frame of a 4-D file, from 0.

    Raises:
        InputError: missing, unreadable, or not one gray-scale volume; the text says what it is and what to do.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        image = _read_series(path) if path.is_dir() else _read_file(path, frame)
    except RuntimeError as error:
        raise InputError(f"{path} can't be read as an image: {_last_line(error)}") from error
    if _is_segmentation(image):
        raise InputError(f"{path} says that it is a label map; choose the gray-scale image that belongs to it")
    return Volume(sitk.GetArrayViewFromImage(image), image)


def image_like(array: np.ndarray, like: sitk.Image, metadata: bool) -> sitk.Image:
    """An image of an array (K, J, I) with the geometry of `like`, and its metadata if asked."""
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(like)
    if metadata:
        for key in like.GetMetaDataKeys():
            image.SetMetaData(key, like.GetMetaData(key))
    return image


def write_image(image: sitk.Image, path: Path) -> None:
    """Write to a path that ends in one of `WRITABLE`.

    Raises:
        OSError: it could not be written.
    """
    try:
        sitk.WriteImage(image, str(path), WRITABLE[image_suffix(path)])
    except RuntimeError as error:
        raise OSError(_last_line(error)) from error


def image_suffix(path: Path) -> str | None:
    """The ending of `WRITABLE` that a path has, or None."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(WRITABLE, key=len, reverse=True) if name.endswith(suffix)), None)


def _read_file(path: Path, frame: int | None) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    if reader.GetNumberOfComponents() > 1:
        raise InputError(
            f"{path} has {reader.GetNumberOfComponents()} values per voxel (color or vectors); a gray-scale volume is "
            "needed"
        )
    size = reader.GetSize()
    if reader.GetDimension() == 2:
        raise InputError(f"{path} is a single 2-D image {size}; a volume of several slices is needed")
    if reader.GetDimension() == 4 and size[3] > 1:
        if frame is None:
            raise InputError(f"{path} is 4-D with {size[3]} frames; choose one with --frame N (0 to {size[3] - 1})")
        if not 0 <= frame < size[3]:
            raise InputError(f"--frame {frame} does not exist in {path}; it has the frames 0 to {size[3] - 1}")
    if reader.GetDimension() > 4:
        raise InputError(f"{path} has {reader.GetDimension()} dimensions; a 3-D volume is needed")
    if reader.GetDimension() == 4:
        reader.SetExtractSize([*size[:3], 0])
        reader.SetExtractIndex([0, 0, 0, frame or 0])
    elif frame is not None:
        raise InputError(f"{path} is 3-D; leave --frame out")
    return reader.Execute()


def _read_series(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise InputError(f"the folder {folder} holds no DICOM series")
    if len(series) > 1:
        counts = ", ".join(str(len(reader.GetGDCMSeriesFileNames(str(folder), uid))) for uid in series)
        raise InputError(
            f"the folder {folder} holds {len(series)} DICOM series ({counts} files); put the one to denoise into a "
            "folder of its own"
        )
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series[0]))
    image = reader.Execute()
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise InputError(f"the series in {folder} is in color; a gray-scale volume is needed")
    return image


def _is_segmentation(image: sitk.Image) -> bool:
    keys = set(image.GetMetaDataKeys())
    nifti_label = "intent_code" in keys and image.GetMetaData("intent_code").strip() == "1002"
    return nifti_label or any(key.startswith("Segment0_") for key in keys)


def _last_line(error: Exception) -> str:
    """SimpleITK's errors end with the sentence that matters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("sitk::ERROR: ") if lines else type(error).__name__
