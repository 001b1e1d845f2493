"""Stage "spare": did it help? Where more was removed than there is noise, anatomy went, and comes back."""

from dataclasses import replace

import numpy as np

from ..filter.similar import filter_similar
from ..judge.gain import at_full_size, cell_means, measure_gain
from ..judge.kept import noise_kept
from ..train.inference import denoise_region
from .state import State, Workshop

#: Cells whose mean exceeds this part of the tissue's are tissue.
TISSUE = 0.25
#: A volume in whose tissue less than this part of what was taken for noise stays removed is worth a warning.
MOSTLY = 0.9
WARNING = "In {:.0f} % of the tissue, more would have been removed than there is noise: anatomy. It was put back there."
#: A result that is not better than the input by so many dB is not worth changing a voxel.
LEAST_GAIN = 0.05


def spare(state: State, workshop: Workshop) -> State:
    """Put back, place by place, what exceeds the noise; all of it where the result is no better than the input.

    Raises:
        Cancelled: the caller wants to stop.
    """
    noisy, denoised, noise = state.slices.values, state.denoised, state.noise
    tissue = TISSUE * state.look.noise.level
    kept = noise_kept(noisy, noise, _again(state, workshop), tissue)
    gain = measure_gain(noisy, denoised, state.look.noise, kept.covariance, kept.left)
    where = np.stack([cell_means(image) for image in noisy]) > tissue
    strength = gain.strength
    low, high = (gain.decibels(where, strength, kept.covariance + spread) for spread in (kept.spread, -kept.spread))
    figures = {
        "predictedGain": gain.decibels(where, strength),
        "predictedGainSD": (high - low) / 2,
        "predictedGainAtFullStrength": gain.decibels(where, 1.0),
        "noiseKept": kept.covariance,
        "noiseLeft": kept.left,
    }
    if figures["predictedGain"] < LEAST_GAIN:
        return replace(state, denoised=noisy, made_by=(), justified=0.0, gain=figures)
    whole = float((strength[where] > 0.999).mean()) if where.any() else 1.0
    justified = float(strength[where].mean()) if where.any() else 1.0
    if strength.min() >= 1:
        return replace(state, gain=figures)
    spared = np.empty_like(noisy)
    for index in range(len(noisy)):
        part = at_full_size(strength[index], noisy.shape[1:])
        spared[index] = noisy[index] + part * (denoised[index] - noisy[index])
        workshop.tracker.update((index + 1) / len(noisy))
    warnings = [] if justified > MOSTLY else [WARNING.format(100 * (1 - whole))]
    return state.with_result(spared, "spare", justified=justified, gain=figures, warnings=(*state.warnings, *warnings))


def _again(state: State, workshop: Workshop):
    """The last stage that made the result, for a region of the volume."""

    def filtered(own: np.ndarray, region: tuple[slice, slice, slice]) -> np.ndarray:
        noise = replace(state.noise, region=region)
        return filter_similar(
            own, np.ascontiguousarray(state.denoised[region]), noise, rounds=1, device=workshop.device
        )

    def through_network(own: np.ndarray, region: tuple[slice, slice, slice]) -> np.ndarray:
        return denoise_region(state.network, own, state.plan.settings.context, workshop)

    last = [name for name in state.made_by if name in ("first", "learn", "refine")][-1]
    return through_network if last == "learn" else filtered
