"""The engine: Neighboring Slice Noise2Noise on numpy arrays. Knows nothing of Slicer, Qt, VTK or files.

`denoise` is a look (look.py), a plan (plan.py) and the plan's stages, one file each in stages/. What they use is in
folders by concern. Where the paper is: Sec. 3.2 LPF -> match/low_pass.py; Eq. 3 -> match/weight_matrix.py; Eqs. 4-7 ->
train/losses.py; the training scheme of Sec. 3.3 -> train/training.py; Sec. 4.1 -> settings.py (preset "paper"); the
network -> train/unet.py.

Importing this package does not import torch: `denoise` brings it.
"""

from importlib import import_module

from .describe import (
    describe_effect,
    describe_network,
    describe_pairing,
    describe_series,
    describe_sources,
    describe_stages,
)
from .errors import (
    OUT_OF_MEMORY,
    Cancelled,
    InputError,
    NSN2NError,
    RunError,
    SettingsError,
    is_out_of_memory,
)
from .inspect_volume import inspect_stored, inspect_volume
from .look import Look, take_look
from .match.matching import Matching
from .match.weight_matrix import check_threshold, matched_fraction, weight_matrix
from .plan import Plan, make_plan
from .result import DenoiseResult
from .runtime.openmp import wait_passively
from .runtime.progress import Progress
from .settings import DEVICES, LAMBDA_MAX, PRESETS, RICIAN, Settings
from .train.trained import TrainedNetwork
from .volume.axes import AXES, resolve_axis, slices_first
from .volume.check import MIN_SLICES

__all__ = [
    "AXES",
    "DEVICES",
    "LAMBDA_MAX",
    "MIN_SLICES",
    "OUT_OF_MEMORY",
    "PRESETS",
    "RICIAN",
    "Cancelled",
    "DenoiseResult",
    "InputError",
    "Look",
    "Matching",
    "NSN2NError",
    "Plan",
    "Progress",
    "ResultPreview",
    "RunError",
    "Settings",
    "SettingsError",
    "TrainedNetwork",
    "check_threshold",
    "denoise",
    "denoise_frames",
    "denoise_stored",
    "describe_effect",
    "describe_network",
    "describe_pairing",
    "describe_series",
    "describe_sources",
    "describe_stages",
    "inspect_stored",
    "inspect_volume",
    "is_out_of_memory",
    "load_network",
    "make_plan",
    "matched_fraction",
    "resolve_axis",
    "save_network",
    "slices_first",
    "summarize_frames",
    "take_look",
    "weight_matrix",
]

#: What needs torch, and the module that brings it.
_WITH_TORCH = {
    "ResultPreview": "result_preview",
    "denoise": "denoise_volume",
    "denoise_frames": "frames",
    "denoise_stored": "large.run",
    "load_network": "train.network_file",
    "save_network": "train.network_file",
    "summarize_frames": "frames",
}


def __getattr__(name: str):
    """What needs torch, on first use; the rest does not."""
    if name in _WITH_TORCH:
        wait_passively()
        globals()[name] = getattr(import_module(f".{_WITH_TORCH[name]}", __name__), name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
