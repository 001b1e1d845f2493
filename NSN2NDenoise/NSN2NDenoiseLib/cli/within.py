"""The label map that says where a volume is denoised."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..engine import InputError
from .volume_io import array_of

#: Corners of two grids lie in one place when they are closer than this part of a voxel.
SAME_PLACE = 0.01


def read_within(path: Path, name: str, like: sitk.Image) -> np.ndarray:
    """Where a label map on the grid of a volume is not 0, in any of its layers; boolean (K, J, I).

    Args:
        path: of the label map.
        name: of the volume, for the message.
        like: the volume, 3-D.

    Raises:
        InputError: missing, unreadable, on another grid, or 0 everywhere.
    """
    if not path.is_file():
        raise InputError(f"--within {path} does not exist")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"--within {path} can't be read as an image") from error
    if not same_grid(image, like):
        raise InputError(
            f"--within {path} lies on another grid than {name}; resample it to the volume first.\n"
            f"  label map: {describe_grid(image)}\n  volume:    {describe_grid(like)}"
        )
    labels = array_of(image)
    wanted = (labels.reshape(*labels.shape[:3], -1) != 0).any(axis=3)
    if not wanted.any():
        raise InputError(f"--within {path} is 0 everywhere, so nothing would be denoised")
    return wanted


def same_grid(one: sitk.Image, other: sitk.Image) -> bool:
    """Whether the voxels of a 3-D image lie where those of another one do."""
    if one.GetDimension() != 3 or one.GetSize() != other.GetSize():
        return False
    corners = np.array(np.meshgrid(*((0, size - 1) for size in other.GetSize()))).reshape(3, -1).T.tolist()
    places = [[image.TransformIndexToPhysicalPoint(list(map(int, c))) for c in corners] for image in (one, other)]
    return bool(np.abs(np.subtract(*places)).max() <= SAME_PLACE * min(other.GetSpacing()))


def describe_grid(image: sitk.Image) -> str:
    """Size, spacing, origin and directions, for a message."""

    def numbers(values) -> str:
        return " ".join(f"{value:.5g}" for value in values)

    size = " x ".join(map(str, image.GetSize()))
    return (
        f"{size} voxels of {numbers(image.GetSpacing())} mm, origin {numbers(image.GetOrigin())}, "
        f"directions {numbers(image.GetDirection())}"
    )
