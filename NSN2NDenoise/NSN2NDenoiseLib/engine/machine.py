"""What a report says about the machine and the software."""

import platform
import re
import sys
from pathlib import Path

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
    """The most memory (MB, millions of bytes) that this process has held; None where it is unknown (Windows)."""
    try:
        # on Linux, getrusage would count what the process that started this one held
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        if peak:
            return round(int(peak[1]) * 1024 / 1e6, 1)
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
