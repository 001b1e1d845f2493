"""How large a volume is and how much memory it takes, from its header alone."""

import math

import numpy as np

from ..cli.volume_io import read_header
from ..dicom.geometry import count_frames
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
        frames, shape, dtype, spacing = _of_series(item) if item.series is not None else read_header(item.source)
        stack = slices_first(np.broadcast_to(np.zeros((), dtype), shape), resolve_axis(settings.axis, spacing))
        voxels = math.prod(shape)
        others = (frames - 1) * voxels * (2 * dtype.itemsize + 1) / 1e6  # input, result and W of the other frames
        return frames * voxels, WORKER + predict_memory_mb(stack.shape, dtype, settings) + others
    except (RuntimeError, OSError, ValueError, NSN2NError):
        return 0, 0.0


def _of_series(item: Item) -> tuple[int, tuple[int, ...], np.dtype, None]:
    slices, frames = item.series.slices, count_frames(item.name, item.series)
    return frames, (len(slices) // frames, *slices[0].shape), DICOM_TYPE, None
