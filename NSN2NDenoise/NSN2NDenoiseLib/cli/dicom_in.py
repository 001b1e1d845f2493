"""A volume from a DICOM folder or file: the voxels by GDCM (in SimpleITK), the geometry from the headers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..engine import InputError
from .dicom_geometry import Placement, place
from .dicom_series import Series, choose_series, find_series
from .room import check_room

#: Bytes of a voxel, at least.
LEAST_BYTES = 1
#: What stands in a warning for slices without a position.
UNPLACED = (
    "The files don't say where their slices are: they are taken in the order of their numbers, and the geometry of the "
    "output is a guess."
)


def read_folder(folder: Path, series: str | None, frame: int | None) -> tuple[sitk.Image, Placement]:
    """One series of a folder.

    Args:
        folder: with DICOM files.
        series: number of the list, UID or end of a UID; None where there is only one.
        frame: of a 4-D series, from 0.

    Raises:
        InputError: there is no such volume; the text says what there is.
        RuntimeError: GDCM can't read the voxels.
    """
    return read_series(f"the series in {folder}", choose_series(folder, find_series(folder), series), frame)


def read_series(name: str, series: Series, frame: int | None) -> tuple[sitk.Image, Placement]:
    """A series; arguments and errors as `read_folder`."""
    if series.modality == "SEG":
        raise InputError(f"{name} is a label map (SEG); choose the gray-scale images that belong to it")
    placement = place(name, series, frame)
    files = list(dict.fromkeys(one.file for one in placement.slices))
    rows, columns = placement.slices[0].shape
    check_room(name, LEAST_BYTES * rows * columns * len(placement.slices))
    rescales = {one.rescale for one in placement.slices}
    if all(one.frame is None for one in placement.slices):
        image = _read_files(name, files, len(rescales) > 1)
    elif len(files) == 1 and len(rescales) == 1:
        image = _read_frames(name, files[0], [one.frame for one in placement.slices])
    else:
        reason = f"{len(files)} multi-frame files" if len(files) > 1 else "frames of different rescale slopes"
        raise InputError(f"{name} has {reason}, which is not supported; convert it to NIfTI or NRRD first")
    if len(placement.slices) == 1:
        raise InputError(f"{name} is one slice; give the folder that holds its whole series")
    if placement.positions is not None:
        image.SetSpacing([float(s) for s in reversed(placement.spacing)])
        image.SetOrigin(placement.origin.tolist())
        image.SetDirection(placement.direction.ravel().tolist())
    return image, replace(placement, modality=series.modality)


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


def _read_frames(name: str, file: Path, frames: list[int]) -> sitk.Image:
    whole = sitk.ReadImage(str(file))
    _check_gray(name, whole)
    array = sitk.GetArrayViewFromImage(whole)
    array = array.reshape(-1, *array.shape[-2:])
    if len(frames) == len(array) and frames == list(range(len(array))) and whole.GetDimension() == 3:
        return whole
    image = sitk.GetImageFromArray(np.ascontiguousarray(array[frames]))
    image.SetSpacing(whole.GetSpacing()[:3])
    return image


def _check_gray(name: str, image: sitk.Image) -> None:
    if image.GetNumberOfComponentsPerPixel() > 1:
        count = image.GetNumberOfComponentsPerPixel()
        raise InputError(f"{name} has {count} values per voxel (color or vectors); a gray-scale volume is needed")
