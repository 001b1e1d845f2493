"""The device and the precision that a run uses: tried, not assumed."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import RunError, SettingsError, is_out_of_memory


def choose_device(name: str) -> torch.device:
    """The device that "auto", "cpu", "cuda" or "mps" means here.

    "auto" takes CUDA if a small convolution runs there, else the CPU. A driver that reports a card is not enough: a
    card newer than the installed torch fails only when a kernel starts. MPS must be asked for by name: older torch
    lacks operations there that a run needs, and the convolution does not try them all.

    Raises:
        SettingsError: a device was asked for by name and does not work; the text has its error.
        RunError: this torch does not know this numpy.
    """
    _check_numpy()
    if name == "cpu":
        return torch.device("cpu")
    if name != "auto":
        problem = _problem(name)
        if problem:
            raise SettingsError(f"device {name} does not work here ({problem}); choose auto or cpu")
        return torch.device(name)
    return torch.device("cuda" if _problem("cuda") is None else "cpu")


def cuda_names() -> list[str]:
    """The names by which CUDA_VISIBLE_DEVICES calls the cards that torch sees here."""
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    count = torch.cuda.device_count()
    return named[:count] if named else [str(number) for number in range(count)]


def device_with_memory(device: torch.device, name: str, needed_mb: float) -> tuple[torch.device, list[str]]:
    """The device if its free memory will do, else the CPU when the device was chosen by "auto"; and what to warn about.

    Args:
        device: from `choose_device`.
        name: what it was chosen by.
        needed_mb: predicted for a CUDA GPU, MB.
    """
    if device.type != "cuda":
        return device, []
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch will use it again
    free_mb = (torch.cuda.mem_get_info(device)[0] + kept) / 1e6
    if needed_mb <= free_mb:
        return device, []
    text = f"The GPU has {free_mb / 1000:.1f} GB free, and this run takes about {needed_mb / 1000:.1f} GB there"
    if name == "auto":
        return torch.device("cpu"), [f"{text}: it runs on the CPU instead, which is slower. Crop the volume."]
    return device, [f"{text}: it may run out of memory. Crop the volume, or choose auto or cpu."]


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The type in which the convolutions run: torch.bfloat16 or torch.float32.

    "auto" takes bfloat16 where the hardware multiplies it: CUDA cards since Ampere, and CPUs with AVX512-BF16 or
    AMX. Weights, losses and the result stay float32 in any case.
    """
    if name != "auto":
        return getattr(torch, name)
    if device.type == "cuda":
        return torch.bfloat16 if _gpu_has_bfloat16(device) else torch.float32
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager:
    """Context in which convolutions run in `precision`."""
    if precision != torch.bfloat16:
        return nullcontext()  # older torch raises for MPS even when autocast is not enabled
    return torch.autocast(device.type, dtype=torch.bfloat16)


def as_many_as_fit(work: Callable[[int], Any], count: int) -> tuple[Any, int]:
    """What `work` makes of so many things at once, or of half as many, and so on, where memory runs out.

    Returns:
        What it returned, and the number that there was memory for.

    Raises:
        MemoryError or RuntimeError: there was not even memory for one, or the work failed for another reason.
    """
    while True:
        try:
            return work(count), count
        except (MemoryError, RuntimeError) as error:
            if count == 1 or not is_out_of_memory(error):
                raise
        count = (count + 1) // 2


def _check_numpy() -> None:
    """torch 2.2 was built for numpy 1, installs beside numpy 2, and can't turn its arrays into tensors then."""
    try:
        torch.zeros(1).numpy()
    except RuntimeError as error:
        raise RunError(
            f"torch {torch.__version__} can't work with numpy {np.__version__} ({error}): install numpy below 2 "
            "(pip install 'numpy<2'), or torch 2.3 or later"
        ) from error


def _problem(name: str) -> str | None:
    """None if a convolution runs forward and backward on the device, else what happened."""
    available = torch.cuda.is_available() if name == "cuda" else torch.backends.mps.is_available()
    if not available:
        return "torch finds none"
    try:
        x = torch.ones(1, 1, 8, 8, device=name)
        weight = torch.ones(1, 1, 3, 3, device=name, requires_grad=True)
        torch.nn.functional.conv2d(x, weight).sum().backward()
        return None if float(weight.grad.sum()) == 9 * 36 else "a convolution gives a wrong result"
    except RuntimeError as error:
        return str(error).splitlines()[0]


def _gpu_has_bfloat16(device: torch.device) -> bool:
    """Whether the card multiplies bfloat16 in hardware; newer torch emulates it on others, and says that it works."""
    return bool(torch.version.hip) or torch.cuda.get_device_capability(device)[0] >= 8


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware; without that, bfloat16 is slower than float32."""
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if ask is not None:
        return bool(ask())
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
