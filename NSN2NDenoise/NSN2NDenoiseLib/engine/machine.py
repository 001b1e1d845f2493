"""What a report says about the machine and the software."""

import platform
import sys

import numpy
import scipy
import skimage
import torch

from .. import __version__


def versions() -> dict[str, str]:
    """Versions of everything that the voxels depend on."""
    return {
        "nsn2n": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-image": skimage.__version__,
    }


def device_name(device: torch.device) -> str:
    """The device in words: "cpu (2 threads)", "cuda (NVIDIA H200)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({torch.get_num_threads()} threads)"
    return device.type


def peak_memory_mb() -> float | None:
    """The most memory (MB) that this process has held, or None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
