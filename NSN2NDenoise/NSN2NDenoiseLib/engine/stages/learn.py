"""Stage "learn": Neighboring Slice Noise2Noise (Sec. 3.3), a U-Net trained on the volume's own pairs."""

from ..runtime.time_limit import steps_within_limit
from ..train.crops import CropSampler
from ..train.inference import denoise_slices
from ..train.tensors import SliceTensors
from ..train.training import Training, count_steps
from ..train.unet import make_network
from .state import State, Workshop

FEWER_PAIRS = "Memory ran out in the training: it went on with {} pairs a step instead of {}. Crop the volume."


def learn(state: State, workshop: Workshop) -> State:
    """Train f_theta and apply it to every slice.

    Targets are compensated with what stage "first" made, or without it with LPF(x_i).

    Raises:
        RunError: the training diverged.
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
    if settings.compensate and "first" in state.made_by:
        tensors = tensors.with_pilot(state.denoised, state.look.noise.sd)
    sampler = CropSampler(
        state.slices.values, state.slices.excluded, state.plan.gap, settings.crop, settings.seed, state.paired
    )
    network = make_network(settings, state.look.noise.sd).to(workshop.device)
    steps, warnings = count_steps(settings, sampler.pairs), []
    if settings.minutes is not None:
        steps, warnings = steps_within_limit(network, tensors, sampler, settings, workshop.precision, tracker)

    training = Training(network, settings, steps, workshop.precision)
    training.run(tensors, sampler, steps, tracker)
    if training.batch < settings.batch:
        warnings = [*warnings, FEWER_PAIRS.format(training.batch, settings.batch)]
    denoised = denoise_slices(
        network,
        tensors,
        state.slices.values,
        workshop.precision,
        lambda part: tracker.update(1.0, training.shown_loss),
    )
    warnings = (*state.warnings, *warnings)
    return state.with_result(denoised, "learn", network=network, losses=tuple(training.losses), warnings=warnings)
