"""Read and write volumes as (K, J, I) arrays with SimpleITK."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Benchmark import volumes


def read_image(path, purpose="development"):
    """The volume at path (a file, or a folder that holds one DICOM series) as a SimpleITK image.

    Raises FileNotFoundError when there is nothing, ValueError when a folder holds no DICOM series, and
    volumes.FinalVolume for a volume of the final table unless the purpose is "final".
    """
    volumes.check(path, purpose)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no volume at {path}")
    if path.is_dir():
        names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(path))
        if not names:
            raise ValueError(f"the folder {path} holds no DICOM series")
        return sitk.ReadImage(names)
    return sitk.ReadImage(str(path))


def read_volume(path, purpose="development"):
    """(array (K, J, I) in the file's own type, spacing (k, j, i) in mm); see `read_image`."""
    image = read_image(path, purpose)
    return sitk.GetArrayFromImage(image), tuple(reversed(image.GetSpacing()))


def write_volume(path, array, like=None, spacing=None):
    """Write array (K, J, I), geometry taken from the volume at `like` or from spacing (k, j, i) in mm."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    if like is not None:
        image.CopyInformation(read_image(like))
    elif spacing is not None:
        image.SetSpacing(tuple(float(s) for s in reversed(spacing)))
    sitk.WriteImage(image, str(path), useCompression=True)
