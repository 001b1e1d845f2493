"""How much memory a run takes, told before it starts: the arrays alive at its worst moment plus measured constants."""

import math
from importlib.util import find_spec

import numpy as np

from ..errors import RunError
from ..judge.guards import SAMPLE
from ..settings import Settings
from .machine import free_memory_mb

#: MB that Python, torch, scipy and SimpleITK hold before there is a volume (Linux, torch for CPUs).
PROGRAMS = 350.0
#: MB that the first training step leaves behind, however small the network is.
FIRST_STEP = 40.0
#: Bytes a voxel that are there from the first stage on: normalized slices (4), W (1), padding (1), low-passed slices
#: (4); and those of one more version of the volume.
STACK_BYTES, VERSION_BYTES = 10, 4
#: Bytes a voxel of the whole volume while it is looked at, and the MB that looking takes of any volume.
LOOK_BYTES, LOOK = 11, 120.0
#: Feature maps of full resolution (float32) that are alive in a training step (18 where the CPU has AVX-512, 27 where
#: it has not; in between), and when a slice is denoised.
TRAIN_MAPS, INFER_MAPS = 22, 5
#: MB that the filters' compiled kernels take: 130 from the cache, 260 in the run that compiles them; in between.
KERNELS = 140.0
#: Bytes a pixel that the compiled filters take for one slab, and the slices that it holds, if there are so many.
COMPILED_SLAB_BYTES, SLAB_SLICES = 590, 11
#: The same of the filter in torch, and the MB for the groups that it filters at once.
SLAB_BYTES, GROUPS_MB = 950, 115.0
#: Bytes for each voxel that stage "judge" looks at.
JUDGE_BYTES = 17
#: The network's weights, their gradient, Adam's two moments, and one in passing.
WEIGHT_COPIES = 5
#: Slices that a GPU denoises at once (`inference.slices_at_once`), and the MB that CUDA takes for itself.
GPU_SLICES, CUDA = 8, 500.0
#: A run that takes more than this part of the free memory gets a warning.
TIGHT = 0.8


def predict_memory_mb(
    shape: tuple[int, int, int], dtype: np.dtype, settings: Settings, part: tuple[int, int, int] | None = None
) -> float:
    """The most memory (MB) that the process of a run will hold, its input included; on the CPU within about 15 %.

    Args:
        shape: (slices, rows, columns).
        dtype: of the input; the result has it, too.
        settings: of the run.
        part: shape of the part that is worked on; None: all of it.
    """
    return held_before_mb(shape, dtype) + added_memory_mb(shape, dtype, settings, part)


def held_before_mb(shape: tuple[int, int, int], dtype: np.dtype) -> float:
    """What is held (MB) before a run begins: the programs and the input."""
    return PROGRAMS + math.prod(shape) * dtype.itemsize / 1e6


def added_memory_mb(
    shape: tuple[int, int, int], dtype: np.dtype, settings: Settings, part: tuple[int, int, int] | None = None
) -> float:
    """What a run adds (MB) to the programs and the input, which are there already; arguments as above."""
    return max(added_by_stage(shape, dtype, settings, part).values())


def added_by_stage(
    shape: tuple[int, int, int], dtype: np.dtype, settings: Settings, part: tuple[int, int, int] | None = None
) -> dict[str, float]:
    """What each stage that the settings allow for adds (MB) at its worst moment; arguments as above."""
    if part not in (None, shape):  # the whole is looked at before, and its result is there at the end
        whole = math.prod(shape) / 1e6
        there = (dtype.itemsize + 1) * whole
        stages = {name: added + there for name, added in added_by_stage(part, dtype, settings).items()}
        return {**stages, "look": LOOK + LOOK_BYTES * whole}
    voxels = math.prod(shape) / 1e6
    learns = settings.learn is not False
    constant = FIRST_STEP if learns else 0.0
    filtering, filters = 0.0, settings.collaborative > 0 and (settings.first or settings.refine)
    if filters and find_spec("numba"):
        slab = COMPILED_SLAB_BYTES * min(1.0, shape[0] / SLAB_SLICES)
        constant, filtering = constant + KERNELS, slab * math.prod(shape[1:]) / 1e6
    elif filters:
        filtering = _torch_filter_mb(shape, settings)
    judged = math.prod(shape) / max(1, math.prod(shape) // SAMPLE) / 1e6
    # versions of the volume, and work: while it is filtered in two passes, trained, bounded, spared, judged, written
    moments = {
        "match": (1, 0.0),
        "first": (2, filtering),
        "similar": (2, filtering),
        "learn": (1 + settings.first, max(_training_mb(shape, settings), _slice_mb(shape, settings))),
        "refine": (3 if learns else 2, filtering),
        "limit": (3, 0.0),
        "spare": (3, 0.0),
        "judge": (2, JUDGE_BYTES * judged),
        "report": (2, voxels * dtype.itemsize),
    }
    left_out = {"learn": not learns, "refine": not settings.refine}
    stages = {
        name: constant + (STACK_BYTES + VERSION_BYTES * count) * voxels + work
        for name, (count, work) in moments.items()
        if not left_out.get(name)
    }
    return {"look": LOOK + LOOK_BYTES * voxels, **stages}


def predict_gpu_memory_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """The most memory (MB) that a run takes on a CUDA GPU: the run's arrays but the input, and the network's work."""
    slices = GPU_SLICES * _slice_mb(shape, settings)
    work = max(_training_mb(shape, settings), slices, _torch_filter_mb(shape, settings))
    return CUDA + math.prod(shape) * STACK_BYTES / 1e6 + work


def require_memory(
    shape: tuple[int, int, int], dtype: np.dtype, settings: Settings, part: tuple[int, int, int] | None = None
) -> None:
    """Raise RunError when a run clearly takes more memory than is free now; arguments as above."""
    needed, free = added_memory_mb(shape, dtype, settings, part), free_memory_mb()
    if free is not None and needed > free:
        raise RunError(_too_little(needed, free))


def memory_warnings(
    shape: tuple[int, int, int], dtype: np.dtype, settings: Settings, part: tuple[int, int, int] | None = None
) -> list[str]:
    """A warning when the memory that is free now will hardly do, else nothing; arguments as above."""
    needed, free = added_memory_mb(shape, dtype, settings, part), free_memory_mb()
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


def _torch_filter_mb(shape: tuple[int, int, int], settings: Settings) -> float:
    """What the collaborative filter holds in torch."""
    return GROUPS_MB + SLAB_BYTES * math.prod(shape[1:]) / 1e6 if settings.collaborative else 0.0
