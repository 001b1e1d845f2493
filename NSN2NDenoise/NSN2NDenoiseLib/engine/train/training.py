"""The training of Sec. 3.3: pairs of neighboring slices, both directions, the loss of Eq. 7, Adam."""

import math

import torch

from ..errors import RunError
from ..runtime.device import as_many_as_fit, autocast
from ..runtime.progress import Tracker
from ..settings import Settings
from .adam import Adam
from .crops import CropSampler
from .losses import interslice_continuity_loss, reconstruction_loss, regional_consistency_loss, total_loss
from .tensors import SliceTensors, apply_network

#: Fewer steps than this are no training.
FEWEST = 50
#: How fast the loss that is shown follows the loss of the steps.
SMOOTHING = 0.05


class Training:
    """The steps of a training, in one go or in parts.

    Args:
        network: changed in place.
        settings: rates and lambdas.
        steps: of the whole training.
        precision: of the convolutions.

    Attributes:
        losses: of the steps so far.
        batch: pairs a step; fewer than set once memory has run out.
    """

    def __init__(
        self, network: torch.nn.Module, settings: Settings, steps: int, precision: torch.dtype = torch.float32
    ) -> None:
        self.losses: list[float] = []
        self._network, self._settings, self._steps, self._precision = network, settings, steps, precision
        self._adam = Adam(network.parameters(), settings.betas)
        self.batch = settings.batch

    @property
    def shown_loss(self) -> float | None:
        """The loss of the last steps, smoothed."""
        shown = None
        for value in self.losses[-200:]:
            shown = value if shown is None else shown + SMOOTHING * (value - shown)
        return shown

    def run(self, tensors: SliceTensors, sampler: CropSampler, until: int, tracker: Tracker) -> None:
        """Train f_theta on the volume's own pairs up to step `until`.

        Args:
            tensors, sampler: the volume and where its crops lie.
            until: at most the whole training's steps.
            tracker: told after each step; it raises Cancelled on request. Once there are `FEWEST` steps, the training
                ends early where its `enough` says so.

        Raises:
            RunError: the loss became NaN or infinite.
            MemoryError or RuntimeError: memory ran out even for one pair (`is_out_of_memory`).
            Cancelled: the caller wants to stop.
        """
        self._network.train()
        shown = self.shown_loss
        for step in range(len(self.losses), until):
            loss = self._step(tensors, sampler, learning_rate(self._settings, step, self._steps))
            if not math.isfinite(loss):
                raise RunError(
                    f"the training diverged: the loss became {loss} at step {step + 1}; lower the learning rate"
                )
            self.losses.append(loss)
            shown = loss if shown is None else shown + SMOOTHING * (loss - shown)
            tracker.update((step + 1) / self._steps, shown)
            if FEWEST <= step + 1 < until and tracker.enough():
                tracker.stopped_early = True
                break

    def _step(self, tensors: SliceTensors, sampler: CropSampler, rate: float) -> float:
        """One step of Adam; with half the pairs for good where memory runs out."""
        crops = sampler.draw(self.batch)

        def find_gradients(pairs: int) -> torch.Tensor:
            self._adam.drop_gradients()
            cut = tensors.batch(*(values[:pairs] for values in crops), sampler.size)
            return training_step(self._network, cut, self._settings, self._precision)

        loss, self.batch = as_many_as_fit(find_gradients, self.batch)
        self._adam.step(rate)
        return float(loss)


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
