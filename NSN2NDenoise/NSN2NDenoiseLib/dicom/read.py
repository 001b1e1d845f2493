"""A volume from a DICOM folder or file: the voxels by GDCM (in SimpleITK), the geometry from the headers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..engine import InputError
from ..engine.runtime.room import check_room
from .geometry import Placement, place, place_frames
from .series import Series, choose_series, find_series, series_of_file

#: Bytes of a voxel, at least.
LEAST_BYTES = 1
#: What stands in a warning for slices without a position.
UNPLACED = (
    "The files don't say where their slices are: they are taken in the order of their numbers, and the geometry of the "
    "output is a guess."
)


def find_dicom(path: Path, series: str | None) -> Series | None:
    """The DICOM series that a folder or file holds; None for a file of another kind.

    Args:
        path: that exists.
        series: number of the list, UID or end of a UID; None where there is only one.

    Raises:
        InputError: there is no such series; the text says what there is.
    """
    if path.is_dir():
        return choose_series(path, find_series(path), series)
    if series is not None:
        raise InputError(f"{path} is a file; --series chooses among the series of a DICOM folder")
    return series_of_file(path) if sitk.ImageFileReader.GetImageIOFromFileName(str(path)) == "GDCMImageIO" else None


def name_of(path: Path) -> str:
    """What messages call the series that `path` holds."""
    return f"the series in {path}" if path.is_dir() else str(path)


def read_series(name: str, series: Series, frame: int | None) -> tuple[sitk.Image, Placement]:
    """The voxels of a series.

    Args:
        name: for messages.
        series: what to read.
        frame: of a 4-D series, from 0.

    Raises:
        InputError: it is no volume; the text says why.
        RuntimeError: GDCM can't read the voxels.
    """
    _check_modality(name, series)
    return _read(name, series, [place(name, series, frame)])[0]


def read_frames(name: str, series: Series) -> list[tuple[sitk.Image, Placement]]:
    """The voxels of all frames of a 4-D series; arguments and errors as `read_series`."""
    _check_modality(name, series)
    return _read(name, series, place_frames(name, series))


def _check_modality(name: str, series: Series) -> None:
    if series.modality == "SEG":
        raise InputError(f"{name} is a label map (SEG); choose the gray-scale images that belong to it")


def _read(name: str, series: Series, placements: list[Placement]) -> list[tuple[sitk.Image, Placement]]:
    slices = [one for placement in placements for one in placement.slices]
    files = list(dict.fromkeys(one.file for one in slices))
    rows, columns = slices[0].shape
    check_room(name, LEAST_BYTES * rows * columns * len(slices))
    rescales = {one.rescale for one in slices}
    if all(one.frame is None for one in slices):
        images = [_read_files(name, [one.file for one in each.slices], len(rescales) > 1) for each in placements]
    elif len(files) == 1 and len(rescales) == 1:
        images = _read_parts(name, files[0], [[one.frame for one in each.slices] for each in placements])
    else:
        reason = f"{len(files)} multi-frame files" if len(files) > 1 else "frames of different rescale slopes"
        raise InputError(f"{name} has {reason}, which is not supported; convert it to NIfTI or NRRD first")
    if len(placements[0].slices) == 1:
        raise InputError(f"{name} is one slice; give the folder that holds its whole series")
    for image, placement in zip(images, placements, strict=True):
        if placement.positions is not None:
            image.SetSpacing([float(s) for s in reversed(placement.spacing)])
            image.SetOrigin(placement.origin.tolist())
            image.SetDirection(placement.direction.ravel().tolist())
    return [(image, replace(each, modality=series.modality)) for image, each in zip(images, placements, strict=True)]


def _read_files(name: str, files: list[Path], slopes_differ: bool) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    if slopes_differ:  # the type of the first file's values need not hold those of the others
        reader.SetOutputPixelType(sitk.sitkFloat32)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        gone = [file for file in files if not file.exists()]
        if gone:
            raise InputError(f"{gone[0]} vanished while {name} was read") from error
        raise
    _check_gray(name, image)
    return image


def _read_parts(name: str, file: Path, parts: list[list[int]]) -> list[sitk.Image]:
    """Volumes of these frames of a multi-frame file."""
    whole = sitk.ReadImage(str(file))
    _check_gray(name, whole)
    array = sitk.GetArrayViewFromImage(whole)
    array = array.reshape(-1, *array.shape[-2:])
    if parts == [list(range(len(array)))] and whole.GetDimension() == 3:
        return [whole]
    images = [sitk.GetImageFromArray(np.ascontiguousarray(array[frames])) for frames in parts]
    for image in images:
        image.SetSpacing(whole.GetSpacing()[:3])
    return images


def _check_gray(name: str, image: sitk.Image) -> None:
    if image.GetNumberOfComponentsPerPixel() > 1:
        count = image.GetNumberOfComponentsPerPixel()
        raise InputError(f"{name} has {count} values per voxel (color or vectors); a gray-scale volume is needed")
