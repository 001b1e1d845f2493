"""How large a volume is and how much memory it takes, from its header alone."""

import math

import numpy as np
import SimpleITK as sitk

from ..engine import Settings, resolve_axis, slices_first
from ..engine.errors import NSN2NError
from ..engine.runtime.memory import predict_memory_mb
from .items import Item

#: What a voxel of a DICOM series is read as.
DICOM_TYPE = np.dtype(np.int16)
#: MB that a Dask worker holds beside what a run does.
WORKER = 150.0


def predict(item: Item, settings: Settings) -> tuple[int, float]:
    """Voxels, and the most memory (MB) that the worker's process will hold: as the plan of a run has it.

    (0, 0.0) for a header that can't be read: the run will say why.
    """
    try:
        shape, dtype, spacing = _of_series(item) if item.series is not None else _of_file(item)
        stack = slices_first(np.broadcast_to(np.zeros((), dtype), shape), resolve_axis(settings.axis, spacing))
        return math.prod(shape), WORKER + predict_memory_mb(stack.shape, dtype, settings)
    except (RuntimeError, OSError, ValueError, NSN2NError):
        return 0, 0.0


def _of_file(item: Item) -> tuple[tuple[int, int, int], np.dtype, tuple[float, float, float]]:
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(item.source))
    reader.ReadImageInformation()
    size, spacing = reader.GetSize()[:3], reader.GetSpacing()[:3]
    dtype = sitk.GetArrayViewFromImage(sitk.Image([1, 1], reader.GetPixelID())).dtype
    return tuple(reversed(size)), dtype, tuple(reversed(spacing))


def _of_series(item: Item) -> tuple[tuple[int, int, int], np.dtype, None]:
    slices = item.series.slices
    return (len(slices), *slices[0].shape), DICOM_TYPE, None
