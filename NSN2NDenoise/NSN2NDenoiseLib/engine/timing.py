"""How long a run will take: the speed of this machine, measured on a piece of the volume, times what the plan counts.

Nothing here is a constant of some machine. What can't be timed on a piece because it takes hardly any time is told by
its part of stage "match", see `REST`; Testing/Benchmark/check_timing.py puts all of it beside a run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .look import Look
from .plan import Plan
from .runtime.openmp import wait_passively
from .volume.part import Box
from .volume.slices import Slices

#: The piece that is timed, in the middle of the volume: slices besides the gap, rows, columns.
PIECE = (8, 192, 192)
#: A stage is timed so many times, and the quickest counts: the first time may compile, and pays what a run pays once.
TIMES = 2
#: Seconds in which training steps are timed.
TRAINING = 1.5
#: Sides of the filters' blocks, and the steps between them (filter/): the time goes with the number of blocks.
BLOCK, STEP = 4, (3, 3, 3)
#: Seconds of the stages that take little, in units of those of stage "match".
REST = {"limit": 0.1, "judge": 0.4, "unbias": 0.3, "strength": 0.1, "within": 0.1, "report": 0.05}


@dataclass(frozen=True)
class Speed:
    """What this machine needs for the parts of a run; None: was not timed.

    Attributes:
        match: seconds for a million voxels.
        first, similar, refine: seconds for a million of the filters' blocks.
        step: seconds of a training step.
        network: seconds for a million voxels, both directions.
    """

    match: float
    first: float | None = None
    similar: float | None = None
    refine: float | None = None
    step: float | None = None
    network: float | None = None


def measure_speed(slices: Slices, look: Look, plan: Plan, should_stop: Callable[[], bool] | None = None) -> Speed:
    """Time the plan's stages on a piece of the volume; takes some seconds.

    Args:
        slices, look: from `take_look`.
        plan: for them.
        should_stop: asked between steps.

    Raises:
        SettingsError: the device does not work.
        RunError: the piece can't be trained on, for example because it is all padding.
        Cancelled: `should_stop` said yes.
    """
    wait_passively()
    from .stages.first import first
    from .stages.match import compare
    from .stages.refine import refine_anyway
    from .stages.similar import similar
    from .stages.state import State, make_workshop

    workshop = make_workshop(plan.settings, should_stop)
    without_holes = replace(plan, paired=np.ones_like(plan.paired))  # the piece may have no other pairs
    whole = State(slices, look, without_holes, denoised=slices.values)
    filters = {"first": first, "similar": similar, "refine": refine_anyway}  # there is no network
    filters = {name: work for name, work in filters.items() if name in plan.stages}
    state = whole.cut(_middle(look.shape, plan.gap))
    state, seconds = _quickest(compare, state, workshop)
    found = {"match": seconds / voxels(state.slices.values.shape)}
    for name, work in filters.items():
        state, seconds = _quickest(work, state, workshop)
        found[name] = seconds / blocks(state.slices.values.shape)
    if "learn" in plan.stages:
        found |= _network_speed(state, workshop)
    return Speed(**found)


def _quickest(stage, state, workshop) -> tuple:
    """The state that a stage makes, and the least seconds that it took."""
    seconds = []
    for _ in range(TIMES):
        start = time.monotonic()
        made = stage(state, workshop)
        seconds.append(time.monotonic() - start)
    return made, min(seconds)


def _network_speed(state, workshop) -> dict:
    from .runtime.time_limit import slice_seconds, step_seconds
    from .stages.learn import in_space, tensors_of
    from .train.unet import make_network

    settings, tensors = state.plan.settings, tensors_of(state, workshop)
    network = make_network(settings, state.look.noise.sd).to(workshop.device)
    found, shape = {}, state.slices.values.shape
    if state.plan.network is None:
        pairs = in_space(tensors, state)
        step = step_seconds(network, *pairs, settings, TRAINING, workshop.precision, workshop.tracker)
        found["step"] = step / _crop_pixels(settings.crop, shape) * _crop_pixels(settings.crop, state.look.shape)
    found["network"] = slice_seconds(network, tensors, workshop.precision) * shape[0] / voxels(shape)
    return found


def predict_seconds(plan: Plan, look: Look, speed: Speed) -> dict[str, float]:
    """The seconds of each stage that will run, in order, without the look; on an idle machine within about 25 %.

    Args:
        plan: of the run.
        look: that it was made of.
        speed: of this machine, where all stages of the plan were timed.
    """
    shape = look.shape if plan.part is None else plan.part.shape
    filtered = shape if plan.part is None else tuple(side.stop - side.start for side in plan.part.filtered)
    size = voxels(shape)
    groups = (blocks(shape) + blocks(filtered)) / 2  # from pass to pass, less around a part is needed
    seconds = {}
    for name in (*plan.stages, "report"):
        if name in ("match", "pair"):
            seconds[name] = speed.match * size
        elif name in ("first", "similar", "refine"):
            seconds[name] = getattr(speed, name) * groups
        elif name == "learn":
            seconds[name] = speed.network * size
        elif name == "spare":
            seconds[name] = REST["limit"] * speed.match * size + _sample_seconds(plan, look, speed)
        else:
            seconds[name] = REST[name] * speed.match * size
    if "learn" in seconds and plan.network is None:
        seconds["learn"] += _training_seconds(plan, speed, sum(seconds.values()))
    return seconds


def _training_seconds(plan: Plan, speed: Speed, others: float) -> float:
    from .runtime.time_limit import FEWEST, MOST
    from .train.training import count_steps

    if plan.settings.minutes is None:
        return speed.step * count_steps(plan.settings, plan.pairs)
    return float(np.clip(60 * plan.settings.minutes - others, FEWEST * speed.step, MOST * speed.step))


def _sample_seconds(plan: Plan, look: Look, speed: Speed) -> float:
    """Stage "spare" does what made the result again with each sample, then twice more with noise added."""
    from .judge.kept import SAMPLES, sample_shape

    shape = sample_shape(look.shape, plan.gap)
    seconds = speed.network * voxels(shape) if "learn" in plan.stages else 0.0
    filters = [name for name in ("first", "similar", "refine") if name in plan.stages]
    if filters:
        seconds += speed.match * voxels(shape) + sum(getattr(speed, name) for name in filters) * blocks(shape)
    return SAMPLES * 3 * seconds


def voxels(shape: tuple[int, int, int]) -> float:
    """Millions of voxels."""
    return float(np.prod(shape)) / 1e6


def blocks(shape: tuple[int, int, int]) -> float:
    """Millions of blocks that the filters make groups for, about: the last one along an axis ends with it."""
    counts = [-(-max(side - BLOCK, 0) // step) + 1 for side, step in zip(shape, STEP, strict=True)]
    return float(np.prod(counts)) / 1e6


def _middle(shape: tuple[int, int, int], gap: int) -> Box:
    size = (PIECE[0] + gap, *PIECE[1:])
    starts = [max(0, (whole - part) // 2) for whole, part in zip(shape, size, strict=True)]
    return tuple(slice(a, min(a + part, whole)) for a, part, whole in zip(starts, size, shape, strict=True))


def _crop_pixels(crop: int, shape: tuple[int, int, int]) -> int:
    return int(np.prod([min(crop or side, side) for side in shape[1:]]))
