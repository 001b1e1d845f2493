"""The training of Sec. 3.3: pairs of neighboring slices, both directions, the loss of Eq. 7, Adam."""

import math
from collections.abc import Callable

import torch

from ..errors import RunError
from ..runtime.device import autocast, is_out_of_memory
from ..runtime.progress import Tracker
from ..settings import Settings
from .crops import CropSampler
from .losses import interslice_continuity_loss, reconstruction_loss, regional_consistency_loss, total_loss
from .tensors import SliceTensors, apply_network

#: How fast the loss that is shown follows the loss of the steps.
SMOOTHING = 0.05
#: The network's output after fewer steps than this is no pilot: targets that it compensates make the result worse.
FIRST_PILOT = 60


def train(
    network: torch.nn.Module,
    tensors: SliceTensors,
    sampler: CropSampler,
    settings: Settings,
    precision: torch.dtype,
    tracker: Tracker,
    make_pilot: Callable[[Callable[[float], None]], None] | None = None,
) -> list[float]:
    """Train f_theta on the volume's own pairs.

    Args:
        network: changed in place.
        tensors, sampler: the volume and where its crops lie.
        settings: steps, rates and lambdas.
        precision: of the convolutions.
        tracker: told after each step; it raises Cancelled on request.
        make_pilot: called once, after the part `settings.pilot` of the steps, to denoise the volume with the network
            as it is and give the result to `tensors`; it tells its own progress to what it is called with.

    Returns:
        The loss of every step.

    Raises:
        RunError: the loss became NaN or infinite, or memory ran out even for the smallest batch.
        Cancelled: the caller wants to stop.
    """
    steps = count_steps(settings, sampler.pairs)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, betas=settings.betas)
    network.train()
    losses: list[float] = []
    shown = None
    batch_size = settings.batch
    for step in range(steps):
        if make_pilot is not None and settings.pilot and step == max(round(settings.pilot * steps), FIRST_PILOT):
            make_pilot(lambda part, done=step / steps, loss=shown: tracker.update(done, loss))
            network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step, steps)
        crops = sampler.draw(batch_size)
        while True:
            try:
                loss = training_step(network, tensors.batch(*crops, sampler.size), settings, precision)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if batch_size == 1:
                    raise RunError(
                        f"out of memory on {tensors.device} with one pair a step; use a smaller crop or width, or "
                        "device cpu"
                    ) from error
                batch_size = math.ceil(batch_size / 2)
                crops = tuple(values[:batch_size] for values in crops)
                optimizer.zero_grad(set_to_none=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        value = float(loss)
        if not math.isfinite(value):
            raise RunError(
                f"the training diverged: the loss became {value} at step {step + 1}; lower the learning rate"
            )
        losses.append(value)
        shown = value if shown is None else shown + SMOOTHING * (value - shown)
        tracker.update((step + 1) / steps, shown)
    return losses


def training_step(network: torch.nn.Module, cut: dict, settings: Settings, precision: torch.dtype) -> torch.Tensor:
    """The loss of Eq. 7 on one batch (`SliceTensors.batch`), with its gradient in the network's parameters."""
    pairs = len(cut["w"])
    inputs = [cut["input_i"], cut["input_next"]]
    if settings.lambda_ic > 0:
        inputs.append(0.5 * (cut["input_i"] + cut["input_next"]))
    with autocast(cut["w"].device, precision):
        outputs = apply_network(network, torch.cat(inputs)).split(pairs)
    f_i, f_next = outputs[:2]
    count = cut["valid"].sum().clamp(min=1)
    reconstruction = reconstruction_loss(f_i, f_next, cut["target_next"], cut["target_i"], cut["w"], count)
    consistency = (
        regional_consistency_loss(f_i, f_next + cut["shift"], cut["w"], count) if settings.lambda_rc > 0 else 0.0
    )
    continuity = (
        interslice_continuity_loss(outputs[2], f_i, f_next, cut["valid"], count) if settings.lambda_ic > 0 else 0.0
    )
    loss = total_loss(reconstruction, consistency, continuity, settings.lambda_rc, settings.lambda_ic)
    loss.backward()
    return loss.detach()


def count_steps(settings: Settings, pairs: int) -> int:
    """Training steps: as set, or `epochs` passes over all pairs."""
    return settings.steps or settings.epochs * math.ceil(pairs / settings.batch)


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """The rate at a step: halved after each fifth of the run (Sec. 4.1: every 20 of 100 epochs), or a cosine to 0."""
    if settings.schedule == "halving":
        return settings.learning_rate * 0.5 ** (5 * step // steps)
    return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))
