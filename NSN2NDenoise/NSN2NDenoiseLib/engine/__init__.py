"""The engine: Neighboring Slice Noise2Noise on numpy arrays. Knows nothing of Slicer, Qt, VTK or files.

Where is what (paper -> file): Sec. 3.2 LPF -> low_pass.py; Eq. 3 -> weight_matrix.py; Eqs. 4-7 -> losses.py; the
training scheme of Sec. 3.3 -> train.py; Sec. 4.1 -> settings.py (preset "paper"); the network -> unet.py; all of it
-> denoise_volume.py.

Importing this package does not import torch: `denoise` brings it.
"""

import os
from importlib import import_module

from .axes import AXES, resolve_axis, slices_first
from .check import MIN_SLICES
from .errors import Cancelled, InputError, NSN2NError, RunError, SettingsError
from .inspect_volume import inspect_volume
from .matching import Matching
from .progress import Progress
from .settings import DEVICES, PRESETS, RICIAN, Settings
from .weight_matrix import check_threshold, matched_fraction, weight_matrix

__all__ = [
    "AXES",
    "DEVICES",
    "MIN_SLICES",
    "PRESETS",
    "RICIAN",
    "Cancelled",
    "DenoiseResult",
    "InputError",
    "Matching",
    "NSN2NError",
    "Progress",
    "RunError",
    "Settings",
    "SettingsError",
    "check_threshold",
    "denoise",
    "inspect_volume",
    "matched_fraction",
    "resolve_axis",
    "slices_first",
    "weight_matrix",
]


def __getattr__(name: str):
    """`denoise` and `DenoiseResult` on first use: they need torch, the rest does not."""
    if name in ("denoise", "DenoiseResult"):
        # Threads that wait by spinning (OpenMP's default) slow a run down several times when other programs want the
        # cores too, and Slicer always does. It must be set before torch loads OpenMP.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        module = import_module(".denoise_volume", __name__)
        globals()["denoise"], globals()["DenoiseResult"] = module.denoise, module.DenoiseResult
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
