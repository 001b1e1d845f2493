"""Stage "learn": Neighboring Slice Noise2Noise (Sec. 3.3), a U-Net trained on the volume's own pairs."""

from collections.abc import Callable

import numpy as np

from ..filter.collaborative import QUICK
from ..runtime.time_limit import steps_within_limit
from ..train.crops import CropSampler
from ..train.inference import denoise_slices
from ..train.tensors import SliceTensors
from ..train.training import Training, count_steps
from ..train.unet import make_network
from .refine import filter_guided_by
from .state import State, Workshop

#: The network's output after fewer steps than this is no pilot: targets that it compensates make the result worse.
FIRST_PILOT = 60


def learn(state: State, workshop: Workshop) -> State:
    """Train f_theta and apply it to every slice.

    Targets are compensated with LPF(x_i), or with what stage "first" made. Without that stage, after the part
    `settings.pilot` of the steps, the network's own output takes the place of LPF.

    Raises:
        RunError: the training diverged, or memory ran out.
        Cancelled: the caller wants to stop.
    """
    settings, tracker = state.plan.settings, workshop.tracker
    tensors = SliceTensors(
        state.slices.values,
        state.low_passed if settings.compensate else None,
        state.weights[: len(state.slices) - state.plan.gap],
        state.slices.excluded,
        state.plan.gap,
        settings.context,
        workshop.device,
    )
    piloted = settings.compensate and "first" in state.plan.stages
    if piloted:
        tensors = tensors.with_pilot(state.denoised, state.look.noise.sd)
    sampler = CropSampler(
        state.slices.values, state.slices.excluded, state.plan.gap, settings.crop, settings.seed, state.plan.paired
    )
    network = make_network(settings, state.look.noise.sd).to(workshop.device)
    steps, warnings = count_steps(settings, sampler.pairs), []
    if settings.minutes is not None:
        steps, warnings = steps_within_limit(network, tensors, sampler, settings, workshop.precision, tracker)

    def apply(progress: Callable[[float], None]) -> np.ndarray:
        return denoise_slices(network, tensors, state.slices.values, workshop.precision, progress)

    training = Training(network, settings, steps, workshop.precision)
    first_part = max(round(settings.pilot * steps), FIRST_PILOT)
    if settings.compensate and not piloted and settings.pilot and first_part < steps:
        training.run(tensors, sampler, first_part, tracker)

        def tell(part: float) -> None:
            tracker.update(first_part / steps, training.shown_loss)

        pilot = filter_guided_by(apply(tell), state, workshop, QUICK, tell) if settings.collaborative else apply(tell)
        tensors = tensors.with_pilot(pilot, state.look.noise.sd)
    training.run(tensors, sampler, steps, tracker)
    return state.with_result(
        apply(lambda part: tracker.update(1.0, training.shown_loss)),
        "learn",
        losses=tuple(training.losses),
        warnings=(*state.warnings, *warnings),
    )
