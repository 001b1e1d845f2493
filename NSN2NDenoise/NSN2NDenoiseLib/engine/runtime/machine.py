"""What a report says about the machine and the software."""

import os
import platform
import re
import sys
from pathlib import Path

from ... import __version__

#: What a container may use stands here (version 2 of Linux' control groups).
CONTROL_GROUP = Path("/sys/fs/cgroup")


def versions() -> dict[str, str]:
    """Versions of everything that the voxels depend on."""
    import numpy
    import scipy
    import torch

    return {
        "nsn2n": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }


def device_name(device) -> str:
    """A torch.device in words: "cpu (2 threads)", "cuda (NVIDIA H200)"."""
    import torch

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


def free_memory_mb() -> float | None:
    """The memory (MB) that a process can still get, swap included; None where it is unknown.

    Where only the machine's whole memory is known (macOS), that.
    """
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
        free = (kilobytes["MemAvailable"] + kilobytes["SwapFree"]) * 1024
    except (OSError, KeyError):
        try:
            free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            return None
    return min(free, _left_in_container()) / 1e6


def _left_in_container() -> float:
    """Bytes that the control group of a container still allows; infinite without a limit."""
    try:
        limit, used = (int((CONTROL_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        cache = re.search(r"^inactive_file (\d+)", (CONTROL_GROUP / "memory.stat").read_text(), re.MULTILINE)
        return limit - used + int(cache[1])
    except (OSError, ValueError, TypeError):  # no such group, or "max"
        return float("inf")


def _free_on_windows() -> float | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("ram", "free_ram", "commit", "free_commit", "virtual", "v", "x")),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return status.free_commit / 1e6
