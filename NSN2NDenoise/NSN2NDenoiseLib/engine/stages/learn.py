"""Stage "learn": Neighboring Slice Noise2Noise (Sec. 3.3), a U-Net trained on the volume's own pairs or a sibling's."""

from dataclasses import replace

from ..runtime.time_limit import steps_within_limit
from ..train.crops import CropSampler
from ..train.inference import denoise_slices
from ..train.tensors import SliceTensors
from ..train.training import Training, count_steps
from ..train.unet import UNet, make_network
from .spare import network_gain
from .state import State, Workshop
from .with_network import with_network

#: A network that promises less than so many dB more than the filters alone is left out: such promises are not kept.
LEAST = 0.25
NO_MATCH = "No voxel matches its neighbor at this threshold, so no network was trained: there is nothing to learn from."
FEWER_PAIRS = "Memory ran out in the training: it went on with {} pairs a step instead of {}. Crop the volume."


def learn(state: State, workshop: Workshop) -> State:
    """Train f_theta, or take the one that is given, and apply it to every slice.

    One that nobody asked for, and that promises hardly more than the filters alone or has nothing to learn from, is
    left out.

    Raises:
        RunError: the training diverged.
        Cancelled: the caller wants to stop.
    """
    settings, tracker = state.plan.settings, workshop.tracker
    if not state.matched and state.plan.network is None and state.two_frames is None:
        return replace(state, warnings=(*state.warnings, NO_MATCH))
    tensors = tensors_of(state, workshop)
    network = make_network(settings, state.look.noise.sd)
    if state.plan.network is not None:
        network.load_state_dict(state.plan.network.weights)
    network = network.to(workshop.device)
    training, warnings = None, []
    if state.plan.network is None:
        pairs = in_space(tensors, state) if state.two_frames is None else _in_time(state, workshop)
        training, warnings = _train(network, pairs, state, workshop)

    losses, warnings = tuple(training.losses) if training else (), (*state.warnings, *warnings)
    state = replace(state, losses=losses, warnings=warnings)
    if training and settings.learn is None:  # nobody said that there must be one
        more = network_gain(replace(state, network=network), workshop)
        state = state if more is None else replace(state, gain={"predictedGainOfNetwork": more})
        if more is not None and more < LEAST:
            return state

    def tell(part: float) -> None:
        tracker.update(1.0 if training else part, training.shown_loss if training else None)

    denoised = denoise_slices(network, tensors, state.slices.values, workshop.precision, tell)
    return with_network(state, denoised, network)


def tensors_of(state: State, workshop: Workshop) -> SliceTensors:
    """The slices of a state as the network sees them."""
    settings = state.plan.settings
    return SliceTensors(
        state.slices.values,
        state.low_passed if settings.compensate else None,
        state.weights[: len(state.slices) - state.plan.gap],
        state.slices.excluded,
        state.plan.gap,
        settings.context,
        workshop.device,
    )


def in_space(tensors: SliceTensors, state: State) -> tuple[SliceTensors, CropSampler]:
    """Pairs of neighboring slices; targets are compensated with what stage "similar" made, or without it with LPF."""
    plan, slices = state.plan, state.slices
    if plan.settings.compensate and "first" in state.made_by:
        tensors = tensors.with_pilot(state.denoised, state.look.noise.sd)
    sampler = CropSampler(
        slices.values, slices.excluded, plan.gap, plan.settings.crop, plan.settings.seed, state.paired
    )
    return tensors, sampler


def _in_time(state: State, workshop: Workshop) -> tuple[SliceTensors, CropSampler]:
    """Pairs of the same slices of two frames; targets are compensated with LPF where something has moved a little."""
    settings, frames = state.plan.settings, state.two_frames
    pairs = frames.values, None, frames.weights, frames.excluded, frames.gap
    tensors = SliceTensors(*pairs, settings.context, workshop.device)
    if settings.compensate:
        tensors = tensors.with_pilot(frames.low_passed, state.look.noise.sd)
    sampler = CropSampler(frames.values, frames.excluded, frames.gap, settings.crop, settings.seed)
    return tensors, sampler


def _train(
    network: UNet, pairs: tuple[SliceTensors, CropSampler], state: State, workshop: Workshop
) -> tuple[Training, list[str]]:
    """Train the network, in place; warnings are for the user."""
    settings, tracker, (tensors, sampler) = state.plan.settings, workshop.tracker, pairs
    steps, warnings = count_steps(settings, sampler.pairs), []
    if settings.minutes is not None:
        steps, warnings = steps_within_limit(network, tensors, sampler, settings, workshop.precision, tracker)
    training = Training(network, settings, steps, workshop.precision)
    training.run(tensors, sampler, steps, tracker)
    if training.batch < settings.batch:
        warnings = [*warnings, FEWER_PAIRS.format(training.batch, settings.batch)]
    return training, warnings
