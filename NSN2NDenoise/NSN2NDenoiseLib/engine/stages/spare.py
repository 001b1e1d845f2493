"""Stage "spare": did it help? Where more was removed than there is noise, anatomy went, and comes back."""

from dataclasses import replace

import numpy as np

from ..judge.gain import CELL, Gain, at_full_size, cell_means, measure_gain
from ..judge.kept import Kept, noise_kept, sample_regions
from ..train.inference import denoise_region
from .first import first
from .limit import limit
from .match import compare
from .refine import refine
from .similar import similar
from .state import State, Workshop

#: Cells count whose mean exceeds this part of the tissue's: darker ones of an MR image have less noise than measured.
TISSUE = 0.5
#: A volume in whose tissue less than this part of what was taken for noise stays removed is worth a warning.
MOSTLY = 0.9
WARNING = "In {:.0f} % of the tissue, more would have been removed than there is noise: anatomy. It was put back there."
#: A result that is predicted to be better than the input by less (dB) may be worse: where the noise is weak beside the
#: anatomy, results that lose up to .1 dB are predicted to gain .2 (`check_harm.py`).
LEAST_GAIN = 0.4


def take_samples(state: State) -> State:
    """A whole volume's state with the samples at which this stage will try what was done."""
    regions = sample_regions(state.slices.values, TISSUE * state.look.noise.level, state.plan.gap)
    return replace(state, samples=tuple(state.cut(region) for region in regions))


def spare(state: State, workshop: Workshop) -> State:
    """Put back, place by place, what exceeds the noise; all of it where the result is no better than the input.

    What holds for all of a volume is measured at its samples, so a part of it becomes what it becomes in the whole.

    Raises:
        Cancelled: the caller wants to stop.
    """
    noisy, denoised = state.slices.values, state.denoised
    samples = [_like(state, sample, workshop) for sample in state.samples]
    kept = _kept(state, samples, workshop)
    gain, where = _gain([state], kept)
    strength = gain.strength
    predicted, sd = gain.decibels(where, strength)
    figures = {
        "predictedGain": predicted,
        "predictedGainSD": sd,
        "predictedGainAtFullStrength": gain.decibels(where, 1.0)[0],
        "noiseKept": kept.covariance,
        "noiseLeft": kept.left,
    }
    judged, there = (gain, where) if state.region is None else _gain(samples, kept)
    if judged.decibels(there, judged.strength)[0] < LEAST_GAIN:
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


def _gain(states: list[State], kept: Kept) -> tuple[Gain, np.ndarray]:
    """What states of one size gained, their cells one after the other along the slices, and which are tissue."""
    gains = [measure_gain(state.slices.values, state.denoised, state.measured_noise, kept) for state in states]
    tissue = np.concatenate([_tissue(state) for state in states])
    energy, variance = (np.concatenate([getattr(gain, name) for gain in gains]) for name in ("energy", "variance"))
    return Gain(energy, variance, kept), tissue


def _tissue(state: State) -> np.ndarray:
    """Which cells are tissue, (slices, cell rows, cell columns) bool; of a part, where the filters have ended."""
    cells = np.stack([cell_means(image) for image in state.slices.values]) > TISSUE * state.look.noise.level
    if state.filtered is not None:
        slices, *sides = state.filtered
        ended = np.zeros_like(cells)
        ended[(slices, *(slice(side.start // CELL, -(-side.stop // CELL)) for side in sides))] = True
        cells &= ended
    return cells


def _like(state: State, sample: State, workshop: Workshop) -> State:
    """A sample as the stages made the state."""
    workshop = replace(workshop, tracker=workshop.tracker.silent())
    last = _last(state)
    if last in ("learn", "refine"):
        result = denoise_region(state.network, sample.slices.values, state.plan.settings.context, workshop)
        sample = sample.with_result(result, "learn")
    if last != "learn":
        sample = compare(sample, workshop)
    for stage in {"first": (first,), "similar": (first, similar), "learn": (), "refine": (refine,)}[last]:
        sample = stage(sample, workshop)
    return limit(sample, workshop) if "limit" in state.made_by else sample


def _kept(state: State, samples: list[State], workshop: Workshop) -> Kept:
    """How what made the result responds to noise."""

    def again(own: np.ndarray, number: int) -> np.ndarray:
        sample = state.samples[number]
        sample = replace(sample, slices=replace(sample.slices, values=own), denoised=own)
        return _like(state, sample, workshop).denoised

    return noise_kept(
        [sample.slices.values for sample in samples],
        [sample.denoised for sample in samples],
        [sample.measured_noise for sample in samples],
        again,
        TISSUE * state.look.noise.level,
    )


def _last(state: State) -> str:
    return [name for name in state.made_by if name in ("first", "similar", "learn", "refine")][-1]
