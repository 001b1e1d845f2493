"""Denoise one volume from that volume alone: the whole method in one function."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch

from .axes import resolve_axis, slices_back, slices_first
from .budget import steps_within_limit
from .check import check_volume
from .collaborative import QUICK, THOROUGH, Effort, collaborative_filter
from .crops import CropSampler
from .device import choose_device, choose_precision, device_with_memory, is_out_of_memory
from .errors import NSN2NError, RunError
from .guards import check_result
from .inference import PILOT_SHARE, RESULT_SHARE, infer
from .limit import limit_removed
from .machine import device_name, peak_memory_mb, versions
from .matching import Matching
from .memory import memory_warnings, predict_gpu_memory_mb, predict_memory_mb
from .normalize import NETWORK_RANGE
from .progress import Progress, Tracker
from .report import measure, plain
from .rician import choose_sigma, correct_bias
from .settings import Settings
from .slice_tensors import SliceTensors
from .train import train
from .unet import UNet
from .weight_matrix import weight_matrix

#: A run that leaves more than this part of the noise is worth a warning.
HARDLY_ANY = 0.8
#: The image is magnified at most so much for the network, however little noise it has.
MAX_GAIN = 50.0
#: Outside these matched fractions the threshold is worth a second look.
USUAL_FRACTION = (0.2, 0.995)


@dataclass(frozen=True)
class DenoiseResult:
    """What `denoise` gives back.

    Attributes:
        denoised: shape and dtype of the input; integers are rounded and clipped; padding is untouched.
        weights: uint8, same shape, W_i of Eq. 3 (1 matched); the last `gap` slices repeat their last pair's.
        losses: the loss (Eq. 7) of every training step.
        report: numbers about the run, ready for JSON.
    """

    denoised: np.ndarray
    weights: np.ndarray
    losses: list[float] = field(repr=False)
    report: dict = field(repr=False)


def denoise(
    volume: np.ndarray,
    settings: Settings | None = None,
    *,
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> DenoiseResult:
    """Neighboring Slice Noise2Noise on a single volume.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        settings: None takes the preset "default".
        spacing: (k, j, i) in mm; helps to choose the slice axis and the gap.
        positions: of the slices along axis k, mm, (K,) ascending, where slices are missing or irregular: pairs with a
            hole between them are left out.
        progress: told about stage, fraction, loss and seconds left.
        should_stop: asked between steps.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: a setting has a value that is not allowed, or the device does not work.
        RunError: the run collapsed, or there is too little memory; nothing is returned then.
        Cancelled: `should_stop` said yes.

    References:
        Zhou et al., "Neighboring Slice Noise2Noise: Self-Supervised Medical Image Denoising from Single Noisy Image
        Volume", 2024, arXiv:2411.10831. Sec. 3 is this function.
    """
    settings = settings or Settings()
    settings.check()
    tracker = Tracker(progress, should_stop)
    try:
        return _denoise(volume, settings, spacing, positions, tracker)
    except NSN2NError:
        raise
    except (MemoryError, RuntimeError) as error:  # torch has a RuntimeError for memory, on the CPU as well
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"out of memory for a volume of {volume.shape}; crop it, or close other programs, and try again"
        ) from error


def _denoise(volume: np.ndarray, settings: Settings, spacing, positions, tracker: Tracker) -> DenoiseResult:
    tracker.begin("check")
    device = choose_device(settings.device)
    check_volume(volume)
    shape = slices_first(volume, resolve_axis(settings.axis, spacing)).shape
    device, warnings = device_with_memory(device, settings.device, predict_gpu_memory_mb(shape, settings))
    precision = choose_precision(settings.precision, device)
    warnings += memory_warnings(shape, volume.dtype, settings)
    matching = Matching(volume, axis=settings.axis, spacing=spacing, gap=settings.gap, positions=positions)
    sigma = choose_sigma(volume, matching, settings.rician)

    tracker.begin("match")  # Sec. 3.2
    threshold = settings.threshold if settings.threshold is not None else matching.suggest_threshold()
    weights, fraction = _match(matching, threshold, tracker)
    if not weights.any():
        raise RunError(
            f"no voxel matches its neighbor at threshold {threshold:g}, so there is nothing to learn from; "
            "raise the threshold"
        )

    tracker.begin("train")  # Sec. 3.3
    tensors = SliceTensors(
        matching.stack,
        matching.low_passed_stack() if settings.compensate else None,
        weights[: matching.slices - matching.gap],
        matching.excluded,
        matching.gap,
        settings.context,
        device,
    )
    sampler = CropSampler(
        matching.stack, matching.excluded, matching.gap, settings.crop, settings.seed, matching.paired
    )
    network = make_network(settings, matching.noise_sd, device)

    def apply(progress: Callable[[float], None], effort: Effort, share: float) -> np.ndarray:
        """The slices denoised by the network as it is, and by the collaborative filter that it guides."""
        share = share if settings.collaborative else 1.0
        tensors.low_passed = None  # or an earlier pilot: this result takes its place
        matching.drop_low_passed()
        result = infer(network, tensors, precision, lambda part: progress(share * part))
        for own, denoised in zip(matching.stack, result, strict=True):
            denoised += own - np.clip(own, *NETWORK_RANGE)
        if settings.collaborative:
            collaborative_filter(
                matching.stack,
                result,
                matching.excluded,
                matching.noise_sd,
                matching.gap,
                matching.slice_correlation,
                settings.collaborative,
                effort,
                device,
                lambda part: progress(share + (1 - share) * part),
            )
        return result

    def make_pilot(progress: Callable[[float], None]) -> None:
        tensors.set_pilot(apply(progress, QUICK, PILOT_SHARE), matching.noise_sd)

    steps = settings.steps
    if settings.minutes is not None:
        steps, too_short = steps_within_limit(network, tensors, sampler, settings, precision, tracker)
        warnings += too_short
    settings_used = replace(settings, steps=steps)
    pilot = make_pilot if settings.compensate else None
    losses = train(network, tensors, sampler, settings_used, precision, tracker, pilot)

    tracker.begin("denoise")
    after = apply(tracker.update, THOROUGH, RESULT_SHARE)
    if settings.limit:
        limit_removed(matching.stack, after, matching.excluded, device)
    check_result(matching.stack, after, matching.excluded, matching.noise_sd)

    tracker.begin("report")
    measured = measure(matching, after)  # before the bias is taken away: the mean's shift must show what training did
    if sigma is not None:
        correct_bias(after, matching, sigma)
    denoised = _to_image(after, volume, matching)
    report = {
        "preset": settings.preset,
        "threshold": threshold,
        "thresholdImageUnits": plain(threshold * matching.scale),
        "thresholdIsAutomatic": settings.threshold is None,
        "matchedFraction": plain(fraction),
        "axis": matching.axis,
        "gap": matching.gap,
        "sliceCorrelation": [plain(c, 3) for c in matching.slice_correlation],
        **measured,
        "ricianSigma": None if sigma is None else plain(sigma),
        "ricianCorrected": sigma is not None,
        "padding": plain(matching.padding_value) if matching.padding_value is not None else None,
        "steps": len(losses),
        "minutes": settings.minutes,
        "loss": {"first": plain(losses[0]), "last": plain(np.mean(losses[-50:]))},
        "device": device_name(device),
        "precision": str(precision).removeprefix("torch."),
        "seed": settings.seed,
        "settings": asdict(settings),
        "versions": versions(),
        "warnings": warnings + matching.warnings + _fraction_warnings(fraction) + _effect_warnings(measured),
    }
    tracker.finish()
    report["seconds"] = {stage: round(seconds, 2) for stage, seconds in tracker.seconds.items()}
    report["peakMemoryMB"] = peak_memory_mb()
    report["predictedMemoryMB"] = round(predict_memory_mb(shape, volume.dtype, settings))
    return DenoiseResult(denoised, np.ascontiguousarray(slices_back(weights, matching.axis)), losses, report)


def _match(matching: Matching, threshold: float, tracker: Tracker) -> tuple[np.ndarray, float]:
    """W_i of every slice, (slices, rows, columns) uint8, and the matched part of the voxels that are not excluded."""
    weights = np.empty(matching.stack.shape, np.uint8)
    counted = 0
    for index, residual in matching.residual_slices(tracker.update):
        weights[index] = weight_matrix(residual, threshold)
        counted += np.count_nonzero(np.isfinite(residual))
    return weights, np.count_nonzero(weights) / max(counted, 1)


def make_network(settings: Settings, noise_sd: float, device: torch.device) -> UNet:
    """The network of the settings with its first weights from the seed; torch's global random state is left alone.

    Args:
        settings: shape of the network, seed.
        noise_sd: of the volume, normalized, > 0.
        device: where the network lives.
    """
    gain = min(max(settings.input_noise / noise_sd, 1.0), MAX_GAIN) if settings.input_noise else 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = UNet(
            settings.context + 1, settings.width, settings.levels, settings.batch_norm, settings.residual, gain
        )
    return network.to(device, memory_format=torch.channels_last)


def _to_image(after: np.ndarray, volume: np.ndarray, matching: Matching) -> np.ndarray:
    """Normalized slices -> the input's axis order, units and dtype; padding as it was."""
    image = np.empty(volume.shape, volume.dtype)
    target, source = slices_first(image, matching.axis), slices_first(volume, matching.axis)
    for index, values in enumerate(after):
        values = matching.normalization.invert(values)
        if volume.dtype.kind in "iu":
            limits = np.iinfo(volume.dtype)
            # float64 holds the limits of all but the 64-bit types, whose last values it would round beyond them
            values = np.clip(np.rint(values.astype(np.float64)), max(limits.min, -(2**62)), min(limits.max, 2**62))
        target[index] = values.astype(volume.dtype)
        if matching.excluded is not None:
            padding = matching.excluded[index]
            target[index][padding] = source[index][padding]
    return image


def _fraction_warnings(fraction: float) -> list[str]:
    if fraction < USUAL_FRACTION[0]:
        return [
            f"Only {100 * fraction:.1f} % of the voxels match their neighbor: raise the threshold, or check that "
            "the slice axis is the acquisition axis."
        ]
    if fraction > USUAL_FRACTION[1]:
        return [
            f"{100 * fraction:.1f} % of the voxels match their neighbor: structures that differ between slices may be "
            "smoothed. Lower the threshold until the mask shows them."
        ]
    return []


def _effect_warnings(measured: dict) -> list[str]:
    before, after = measured["noiseBefore"], measured["noiseAfter"]
    if before and after is not None and after > HARDLY_ANY * before:
        return [
            f"The noise fell only from {before:g} to {after:g}: train for more steps, or check the slice correlation "
            "and the threshold."
        ]
    return []
