"""What can be said about a volume before it is denoised."""

import math
import time
from contextlib import suppress
from importlib.util import find_spec

import numpy as np

from .errors import RunError
from .judge.gain import LEAST_GAIN
from .judge.measure import plain
from .look import Look, take_look
from .plan import Plan, make_plan
from .runtime.openmp import wait_passively
from .settings import Settings
from .timing import measure_speed, predict_seconds
from .volume.slices import Slices


def inspect_volume(
    volume: np.ndarray,
    spacing: tuple[float, float, float] | None = None,
    settings: Settings | None = None,
    positions: np.ndarray | None = None,
) -> dict:
    """The look at a volume and the plan for it, ready for JSON.

    Args:
        volume: (K, J, I) integer or float array, image units.
        spacing: (k, j, i) in mm, or None.
        settings: of the run to come; None takes the preset "default".
        positions: as in `denoise`.

    Returns:
        Size, range, padding, noise, its correlation between slices, Rician sigma, threshold; stages, gap, device,
        training steps, seconds and memory of the run, the last two as a whole and by stage; the gain in tissue that the
        filters alone promise (dB), its SD, and whether the volume is worth denoising or a run would leave it as it is;
        warnings. Intensities are in image units, the threshold in both units; "gpuMemoryMB" is for a run on a CUDA GPU.
        Seconds come from a few that are timed here, see timing.py; where they can't be (without torch, which a run
        needs), they are None, and so are device and steps.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: a setting that is not allowed.
    """
    settings = settings or Settings()
    start = time.monotonic()
    look, slices = take_look(volume, axis=settings.axis, spacing=spacing, positions=positions)
    seconds = {"look": time.monotonic() - start}
    plan, foreseen = make_plan(look, settings), None
    if find_spec("torch"):
        foreseen = _foreseen(slices, look, plan)
        with suppress(RunError):
            seconds |= predict_seconds(plan, look, measure_speed(slices, look, plan))
    return _facts(volume.shape, look, plan, seconds, foreseen)


def inspect_stored(
    source,
    spacing: tuple[float, float, float] | None = None,
    settings: Settings | None = None,
    memory_mb: float | None = None,
) -> dict:
    """The same of a volume that is not in memory, and in how many parts it is denoised.

    Args:
        source, memory_mb: as in `denoise_stored`.
        spacing, settings: as above.

    Returns:
        As above; "parts" has their "count", "sides" (k, j, i) and the memory in MB; "gpuMemoryMB" is that of a part.

    Raises:
        InputError, SettingsError, RunError: as `denoise_stored`.
    """
    from .large.look import take_look_at_stored
    from .large.parts import allowed_memory_mb, plan_parts, require_look, sides_of

    settings, memory_mb = settings or Settings(), memory_mb or allowed_memory_mb()
    require_look(source.shape, memory_mb)
    look, slices = take_look_at_stored(source, settings.axis, spacing)
    plan, _, bricks = plan_parts(look, settings, memory_mb)
    parts = {"count": len(bricks), "sides": sides_of(bricks), "memoryMB": round(plan.memory_mb)}
    foreseen = _foreseen(slices, look, plan) if find_spec("torch") else None
    return {**_facts(source.shape, look, plan, {}, foreseen), "parts": parts}


def _foreseen(slices: Slices, look: Look, plan: Plan) -> tuple[float, float] | None:
    """The gain that the run will decide by, at its samples, and how far the volume's may be from it (SD), dB; None
    where a network is all that makes the result.
    """
    wait_passively()
    from .denoise_volume import begin
    from .stages.spare import foresee
    from .stages.state import make_workshop

    tried = foresee(begin(slices, look, plan), make_workshop(plan.settings))
    return None if tried is None else (tried.decibels, tried.decibels_sd)


def _computing(plan: Plan) -> dict:
    """Where the run will be computed, and in how many training steps; unknown without torch."""
    if not find_spec("torch"):
        return {"device": None, "steps": None}
    from .runtime.device import choose_device
    from .train.training import count_steps

    steps = count_steps(plan.settings, plan.pairs) if "learn" in plan.stages else 0
    return {"device": choose_device(plan.settings.device).type, "steps": steps}


def _facts(
    shape: tuple[int, int, int],
    look: Look,
    plan: Plan,
    seconds: dict[str, float],
    foreseen: tuple[float, float] | None,
) -> dict:
    gain, sd = foreseen or (None, None)
    return {
        "size": list(shape),
        "type": str(look.dtype),
        "range": [plain(value, 9) for value in look.value_range],
        "normalizedRange": [plain(look.low), plain(look.low + look.scale)],
        "padding": None if look.padding_value is None else plain(look.padding_value),
        "paddingFraction": plain(look.padding_fraction),
        "axis": look.axis,
        "slices": look.shape[0],
        "gap": plan.gap,
        "noiseSD": plain(look.noise_sd),
        "noisePercent": plain(look.noise_percent, 3),
        "noiseEstimatesAgree": look.noise.agree,
        "predictedGain": None if gain is None else plain(gain, 3),
        "predictedGainSD": None if sd is None else plain(sd, 3),
        "worthDenoising": not look.noise.none and (gain is None or gain >= LEAST_GAIN),
        "sliceCorrelation": [plain(c, 3) for c in look.noise.slice_correlation],
        "ricianSigma": None if look.rician_sigma is None else plain(look.rician_sigma),
        "suggestedThreshold": look.threshold,
        "suggestedThresholdImageUnits": plain(look.threshold * look.scale),
        "stages": list(plan.stages),
        **_computing(plan),
        "plan": [
            {"stage": name, "seconds": plain(seconds.get(name, math.nan), 2), "memoryMB": round(memory)}
            for name, memory in plan.stage_memory_mb.items()
        ],
        "seconds": plain(sum(seconds.values()), 2) if len(seconds) > 1 else None,
        "memoryMB": round(plan.memory_mb),
        "gpuMemoryMB": round(plan.gpu_memory_mb),
        "warnings": list(plan.warnings),
    }
