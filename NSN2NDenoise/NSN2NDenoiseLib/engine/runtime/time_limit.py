"""A time limit: how many training steps fit into it, found by timing a few on a copy of the network."""

import copy
import math
import time
from itertools import pairwise

import torch

from ..errors import Cancelled
from ..judge.kept import SAMPLES, sample_shape
from ..settings import Settings
from ..train.crops import CropSampler
from ..train.inference import both_directions, slices_at_once
from ..train.tensors import SliceTensors
from ..train.training import FEWEST, Training
from .device import as_many_as_fit
from .progress import Tracker

#: The steps that a limit can lead to; more bring nothing.
MOST = 20_000
#: Steps that are timed: at most so many, and no more than fit into this part of the limit; the first only warms up.
TIMED_STEPS, TIMED_PART = 20, 0.04
#: What follows the training takes this much of the network's time for all slices.
AFTERWARDS = 1.15


def steps_within_limit(
    network: torch.nn.Module,
    tensors: SliceTensors,
    sampler: CropSampler,
    settings: Settings,
    precision: torch.dtype,
    tracker: Tracker,
) -> tuple[int, list[str]]:
    """The training steps with which the whole run takes about `settings.minutes`, and what to warn of.

    Network and sampler stay as they are, so a run with that number of steps gives the same voxels.

    Raises:
        RunError: as `train`.
        Cancelled: the caller wants to stop.
    """
    trial = copy.deepcopy(network)
    timed = TIMED_PART * 60 * settings.minutes
    step = step_seconds(trial, tensors, copy.deepcopy(sampler), settings, timed, precision, tracker)
    after = AFTERWARDS * slice_seconds(trial, tensors, precision) * tensors.stack.shape[0]
    if settings.refine:
        after += tracker.seconds.get("similar", 0.0)  # stage "refine" does one of its two passes
    after *= 1 + _tried_part(tuple(tensors.stack.shape), tensors.gap)
    fitting = int((60 * settings.minutes - tracker.elapsed() - after) / step)
    if fitting < FEWEST:
        needed = tracker.elapsed() + FEWEST * step + after
        return FEWEST, [
            f"The time limit of {settings.minutes:g} min is too short for this volume on this computer: even "
            f"{FEWEST} training steps, which are few, take about {math.ceil(needed / 6) / 10:.1f} min. Allow more, "
            "or crop the volume."
        ]
    return min(fitting, MOST), []


def _tried_part(shape: tuple[int, int, int], gap: int) -> float:
    """What stage "spare" does again at its samples, of what the network and the filter have done everywhere."""
    sample = sample_shape(shape, gap)
    return min(SAMPLES, 1 + shape[0] - sample[0]) * 3 * math.prod(sample) / math.prod(shape)


def step_seconds(
    network, tensors, sampler, settings: Settings, seconds: float, precision: torch.dtype, tracker: Tracker
) -> float:
    """Seconds of a training step, timed for about so many `seconds`; trains the network that is given."""
    ends: list[float] = []

    def enough() -> bool:
        return len(ends) > 2 and ends[-1] - ends[0] > seconds

    try:
        clock = Tracker(lambda _: ends.append(time.perf_counter()), enough)
        Training(network, settings, TIMED_STEPS, precision).run(tensors, sampler, TIMED_STEPS, clock)
    except Cancelled:
        pass
    tracker.update(0.0)
    steps = sorted(after - before for before, after in pairwise(ends))[:-1]  # in the longest, the lid may be closed
    return sum(steps) / len(steps)


@torch.no_grad()
def slice_seconds(network: torch.nn.Module, tensors: SliceTensors, precision: torch.dtype) -> float:
    """Seconds in which a slice is denoised."""
    slices = tensors.stack.shape[0]

    def denoise(count: int) -> float:
        index = torch.arange(count, device=tensors.device) + (slices - count) // 2  # the end slices take half the time
        taken = []
        for _ in range(2):  # the first time warms up; and the lid may be closed in one of them
            start = time.perf_counter()
            both_directions(network, tensors, index, precision).cpu()
            taken.append(time.perf_counter() - start)
        return min(taken) / count

    return as_many_as_fit(denoise, min(slices_at_once(tensors.device), slices))[0]
