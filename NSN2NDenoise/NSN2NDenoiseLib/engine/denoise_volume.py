"""Denoise one volume from that volume alone: a look, a plan, the stages of the plan one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from .errors import Enough, NSN2NError, RunError, is_out_of_memory
from .judge.report import make_report
from .look import Look, take_look
from .plan import Plan, make_plan
from .result import DenoiseResult
from .runtime.device import choose_device, choose_precision, device_with_memory
from .runtime.memory import predict_gpu_memory_mb, require_memory
from .runtime.progress import Progress, Tracker
from .settings import Settings
from .stages import STAGES
from .stages.spare import take_samples
from .stages.state import State, Workshop, on_cpu
from .train.trained import TrainedNetwork
from .volume.axes import resolve_axis, slices_back, slices_first
from .volume.check import check_volume
from .volume.part import bounding_box, check_within
from .volume.slices import Slices, to_slices, to_volume


def denoise(
    volume: np.ndarray,
    settings: Settings | None = None,
    *,
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
    look: Look | None = None,
    within: np.ndarray | None = None,
    network: TrainedNetwork | None = None,
    other_frame: np.ndarray | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    should_keep: Callable[[], bool] | None = None,
    on_first: Callable[[DenoiseResult], None] | None = None,
) -> DenoiseResult:
    """Neighboring Slice Noise2Noise on a single volume.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        settings: None takes the preset "default".
        spacing: (k, j, i) in mm; helps to choose the slice axis and the gap.
        positions: of the slices along axis k, mm, (K,) ascending, where slices are missing or irregular: pairs with a
            hole between them are left out.
        look: at a volume that is like this one, as another frame of a sequence; None: this one is looked at.
        within: boolean, as `volume`; where it is False, voxels stay exactly as they are. Inside its edge in a slice
            the result fades in over `stages.within.SEAM` pixels; further inside, without a network, it is what a run on
            the whole volume gives, voxel for voxel. Time and memory are those of the box around it and what lies near;
            the look is at the whole volume. A network learns from that box alone. The weights are 0 outside it.
        network: of a result, or of `load_network`, for a volume with the same noise: seconds instead of a training.
        other_frame: (K, J, I), another frame of the same sequence: where the two match better than slices do, the
            network learns from the pair. Its voxels are in no other way part of the result.
        progress: told about stage, fraction, loss and seconds left.
        should_stop: asked between steps.
        should_keep: asked likewise; once it says yes, the run ends with the best result so far, or the first one.
        on_first: called with a result that is usable while better ones are still to come.

    Raises:
        InputError: the volume can't be denoised, or the network does not fit it.
        SettingsError: a setting has a value that is not allowed, or the device does not work.
        RunError: the run collapsed, or there is too little memory; nothing is returned then.
        Cancelled: `should_stop` said yes.

    References:
        Zhou et al., "Neighboring Slice Noise2Noise: Self-Supervised Medical Image Denoising from Single Noisy Image
        Volume", 2024, arXiv:2411.10831. Sec. 3 is stages "match" and "learn".
    """
    settings = settings or Settings()
    settings.check()
    tracker = Tracker(progress, should_stop, should_keep)
    try:
        if settings.speckle:
            from .speckle import denoise_speckle

            return denoise_speckle(
                volume,
                settings,
                denoise,
                spacing=spacing,
                positions=positions,
                within=within,
                network=network,
                progress=progress,
                should_stop=should_stop,
                should_keep=should_keep,
                on_first=on_first,
            )
        return _denoise(volume, settings, spacing, positions, look, within, network, other_frame, tracker, on_first)
    except NSN2NError:
        raise
    except (MemoryError, RuntimeError) as error:  # torch has a RuntimeError for memory, on the CPU as well
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"out of memory for a volume of {volume.shape}; crop it, or close other programs, and try again"
        ) from error


def _denoise(
    volume: np.ndarray,
    settings: Settings,
    spacing,
    positions,
    look: Look | None,
    within: np.ndarray | None,
    network: TrainedNetwork | None,
    other_frame: np.ndarray | None,
    tracker: Tracker,
    on_first,
) -> DenoiseResult:
    tracker.begin("look")
    check_volume(volume)
    axis = resolve_axis(settings.axis, spacing)
    part = shape = slices_first(volume, axis).shape
    if within is not None:
        check_within(within, volume.shape)
        part = tuple(side.stop - side.start for side in bounding_box(slices_first(within, axis)))  # at least
    in_sequence = other_frame is not None and within is None
    require_memory(((1 + in_sequence) * shape[0], *shape[1:]), volume.dtype, settings, part)
    wanted, needed = choose_device(settings.device), predict_gpu_memory_mb(part, settings)
    device, device_warnings = device_with_memory(wanted, settings.device, needed)
    workshop = Workshop(device, choose_precision(settings.precision, device), tracker)
    if look is None:
        look, slices = take_look(volume, axis=settings.axis, spacing=spacing, positions=positions)
    else:
        slices = to_slices(volume, look.axis, spacing)
    plan = make_plan(look, settings, within, network, in_sequence)
    tracker.expect(plan.stages)
    state = begin(slices, look, plan)
    state = replace(state, warnings=(*device_warnings, *plan.warnings))
    if "pair" in plan.stages:
        state = replace(state, other_frame=slices.normalization.apply(slices_first(other_frame, look.axis)))
    del slices  # a part of them may be all that is needed
    for name in plan.making:
        try:
            state, workshop = run_stage(name, state, workshop, can_end=bool(state.made_by))
        except Enough:
            break
        if on_first is not None and state.made_by and name != plan.making[-1]:
            on_first(_finished(state, volume, replace(workshop, tracker=tracker.aside())))
            on_first = None
    result = _finished(state, volume, workshop)
    tracker.finish()
    return result


def run_stage(
    name: str, state: State, workshop: Workshop, can_end: bool = False, stages: Mapping = STAGES
) -> tuple[State, Workshop]:
    """The state that a stage makes, and where the next one works: on the CPU once another device has no memory left."""
    workshop.tracker.begin(name, can_end)
    try:
        return stages[name](state, workshop), workshop
    except (MemoryError, RuntimeError) as error:
        if workshop.device.type == "cpu" or not is_out_of_memory(error):
            raise
    # here, the error no longer holds what is on the device
    return run_stage(name, *on_cpu(state, workshop), can_end, stages)


def _finished(state: State, volume: np.ndarray, workshop: Workshop) -> DenoiseResult:
    """The result that a state comes to by the last stages, which follow in any case."""
    for name in state.plan.finishing:
        if state.made_by or name == "judge":  # "spare" may have left the volume as it was
            state, workshop = run_stage(name, state, workshop)
    workshop.tracker.begin("report")
    denoised = _placed(voxels(state, volume), state, volume)
    weights = np.ascontiguousarray(slices_back(state.weights, state.look.axis))
    weights = _placed(weights, state, np.zeros(volume.shape, np.uint8))
    workshop.tracker.end()
    return DenoiseResult(denoised, weights, list(state.losses), make_report(state, workshop), state.trained)


def begin(slices: Slices, look: Look, plan: Plan) -> State:
    """The state before the first stage: of a whole volume, or of the plan's part."""
    state = take_samples(State(slices, look, plan, denoised=slices.values))
    return state if plan.part is None else state.cut(plan.part.box)


def voxels(state: State, volume: np.ndarray) -> np.ndarray:
    """What a state's result makes of the volume, or of its region: (K, J, I), in the volume's units and type."""
    before = _region_of(state, volume)
    return before.copy() if state.is_input else to_volume(state.denoised, state.slices, before, state.wanted)


def _placed(values: np.ndarray, state: State, elsewhere: np.ndarray) -> np.ndarray:
    """Values of a state's region, (K, J, I), and others everywhere else."""
    if state.region is None:
        return values
    whole = elsewhere.copy()
    _region_of(state, whole)[:] = values
    return whole


def _region_of(state: State, volume: np.ndarray) -> np.ndarray:
    """A view of what a state is about in a (K, J, I) array."""
    axis = state.look.axis
    return volume if state.region is None else slices_back(slices_first(volume, axis)[state.region], axis)
