"""How much memory a run takes, told before it starts: the arrays alive at its worst moment plus measured constants."""

import math

import numpy as np

from ..errors import RunError
from ..settings import Settings
from .machine import free_memory_mb

#: MB that Python, torch, scipy and SimpleITK hold before there is a volume (Linux, torch for CPUs).
PROGRAMS = 350.0
#: MB that the first training step leaves behind, however small the network is.
FIRST_STEP = 110.0
#: Bytes a voxel that a run adds to its input: normalized slices (4), W (1), padding (1), and low-passed slices until
#: the training ends, the denoised ones after it (4).
RUN_BYTES = 10
#: Feature maps of full resolution (float32) that are alive in a training step, and when a slice is denoised.
TRAIN_MAPS, INFER_MAPS = 18, 5
#: Bytes a pixel that the collaborative filter takes for one slab, and the MB for the groups that it filters at once.
SLAB_BYTES, GROUPS_MB = 950, 115.0
#: Bytes a voxel for the result of its first pass.
FIRST_PASS_BYTES = 4
#: The network's weights, their gradient, Adam's two moments, and one in passing.
WEIGHT_COPIES = 5
#: Slices that a GPU denoises at once (`inference.slices_at_once`), and the MB that CUDA takes for itself.
GPU_SLICES, CUDA = 8, 500.0
#: A run that takes more than this part of the free memory gets a warning.
TIGHT = 0.8


def predict_memory_mb(shape: tuple[int, int, int], dtype: np.dtype, settings: Settings) -> float:
    """The most memory (MB) that the process of a run will hold, its input included; on the CPU within about 15 %.

    Args:
        shape: (slices, rows, columns).
        dtype: of the input; the result has it, too.
        settings: of the run.
    """
    return PROGRAMS + math.prod(shape) * dtype.itemsize / 1e6 + added_memory_mb(shape, dtype, settings)


def added_memory_mb(shape: tuple[int, int, int], dtype: np.dtype, settings: Settings) -> float:
    """What a run adds (MB) to the programs and the input, which are there already; arguments as above."""
    voxels = math.prod(shape) / 1e6
    result = voxels * dtype.itemsize  # written when no slice is in work any more
    work = max(_training_mb(shape, settings), _slice_mb(shape, settings), _filter_mb(shape, settings), result)
    return voxels * RUN_BYTES + FIRST_STEP + work


def predict_gpu_memory_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """The most memory (MB) that a run takes on a CUDA GPU: the run's arrays but the input, and the network's work."""
    slices = GPU_SLICES * _slice_mb(shape, settings)
    work = max(_training_mb(shape, settings), slices, _filter_mb(shape, settings))
    return CUDA + math.prod(shape) * RUN_BYTES / 1e6 + work


def require_memory(shape: tuple[int, int, int], dtype: np.dtype, settings: Settings) -> None:
    """Raise RunError when a run clearly takes more memory than is free now; arguments as above."""
    needed, free = added_memory_mb(shape, dtype, settings), free_memory_mb()
    if free is not None and needed > free:
        raise RunError(_too_little(needed, free))


def memory_warnings(shape: tuple[int, int, int], dtype: np.dtype, settings: Settings) -> list[str]:
    """A warning when the memory that is free now will hardly do, else nothing; arguments as above."""
    needed, free = added_memory_mb(shape, dtype, settings), free_memory_mb()
    if free is None or needed <= TIGHT * free:
        return []
    text = _too_little(needed, free)
    return [f"{text[0].upper()}{text[1:]}."]


def _too_little(needed: float, free: float) -> str:
    return (
        f"denoising takes about {needed / 1000:.1f} GB more memory, and {free / 1000:.1f} GB are free: crop the "
        "volume, or close other programs"
    )


def _training_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """The network and the feature maps of one training step."""
    pixels = math.prod(min(settings.crop or side, side) for side in shape[1:])
    images = settings.batch * (3 if settings.lambda_ic > 0 else 2)
    # 31 million parameters with 64 channels and 4 levels; doubling the channels makes it four times as many
    parameters = 31e6 * (settings.width * 2**settings.levels / 1024) ** 2
    return 4e-6 * (TRAIN_MAPS * images * pixels * settings.width + WEIGHT_COPIES * parameters)


def _slice_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """The feature maps of one whole slice without gradients."""
    return 4e-6 * INFER_MAPS * math.prod(shape[1:]) * settings.width


def _filter_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """What the collaborative filter holds."""
    if not settings.collaborative:
        return 0.0
    return GROUPS_MB + (SLAB_BYTES * math.prod(shape[1:]) + FIRST_PASS_BYTES * math.prod(shape)) / 1e6
