"""Stage "spare": did it help? Where more was removed than there is noise, anatomy went, and comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import hypot, sqrt

import numpy as np

from ..judge.gain import CELL, LEAST_GAIN, Gain, GainSums, at_full_size, cell_means, measure_gain
from ..judge.kept import Kept, noise_kept, sample_regions
from ..train.inference import denoise_region
from ..volume.part import Box
from .first import first
from .limit import limit
from .match import compare
from .refine import refine
from .similar import similar
from .state import State, Workshop
from .with_network import with_network

#: Cells count whose mean exceeds this part of the tissue's: darker ones of an MR image have less noise than measured.
TISSUE = 0.5
#: The stages that need to know where neighboring slices match.
FILTERS = {"first", "similar", "refine"}
#: A volume in whose tissue less than this part of what was taken for noise stays removed is worth a warning.
MOSTLY = 0.9
WARNING = "In {:.0f} % of the tissue, more would have been removed than there is noise: anatomy. It was put back there."


@dataclass(frozen=True)
class Tried:
    """What was done, tried at the samples.

    Attributes:
        samples: as the stages made them.
        kept: how the result follows noise.
    """

    samples: tuple[State, ...]
    kept: Kept

    @property
    def each(self) -> list["Totals"]:
        """What came of each sample."""
        return [_totals(*_gain(sample, self.kept)) for sample in self.samples]

    @property
    def decibels(self) -> float:
        """The predicted gain of the samples."""
        return sum(self.each, Totals()).decibels(self.kept)

    @property
    def decibels_sd(self) -> float:
        """How far that of the whole volume may be from it (SD): as far as is known of them, and as they differ."""
        each = [totals for totals in self.each if totals.spared.cells]
        sd = sum(each, Totals()).spared.decibels(self.kept)[1]
        if len(each) < 2:
            return sd
        return hypot(sd, np.std([totals.decibels(self.kept) for totals in each], ddof=1) / sqrt(len(each)))

    def figures(self) -> dict:
        """For the report."""
        return {"predictedGainOfSamples": self.decibels, "predictedGainOfSamplesSD": self.decibels_sd}

    @property
    def helped(self) -> bool:
        """Whether a volume, and any part of it, is worth it."""
        return self.decibels >= LEAST_GAIN


@dataclass(frozen=True)
class Totals:
    """What came of a volume or a part of it, as sums that can be added: as it is spared, and at full strength."""

    spared: GainSums = field(default_factory=GainSums)
    full: GainSums = field(default_factory=GainSums)

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.spared + other.spared, self.full + other.full)

    def decibels(self, kept: Kept) -> float:
        """The predicted gain."""
        return self.spared.decibels(kept)[0]

    def figures(self, kept: Kept) -> dict:
        """For the report."""
        predicted, sd = self.spared.decibels(kept)
        return {
            "predictedGain": predicted,
            "predictedGainSD": sd,
            "predictedGainAtFullStrength": self.full.decibels(kept)[0],
            "noiseKept": kept.covariance,
            "noiseLeft": kept.left,
        }

    def warnings(self) -> list[str]:
        """What to say of a volume in which much was put back."""
        enough = self.spared.mean_strength > MOSTLY
        return [] if enough else [WARNING.format(100 * (1 - self.spared.whole_part))]


def take_samples(state: State) -> State:
    """A whole volume's state with the samples at which this stage will try what was done."""
    regions = sample_regions(state.slices.values, TISSUE * state.look.noise.level, state.plan.gap)
    return replace(state, samples=tuple(state.cut(region) for region in regions))


def spare(state: State, workshop: Workshop, tried: Tried | None = None) -> State:
    """Put back, place by place, what exceeds the noise; all of it where the result is no better than the input.

    What holds for all of a volume is measured at its samples, so a part of it becomes what it becomes in the whole.

    Args:
        state, workshop: as in a stage.
        tried: at the samples, the same; None: they are tried.

    Raises:
        Cancelled: the caller wants to stop.
    """
    tried = tried or try_samples(state, workshop)
    gain, where = _gain(state, tried.kept)
    totals = _totals(gain, where)
    figures = {**totals.figures(tried.kept), **tried.figures()}
    state = replace(state, gain={**state.gain, **figures})
    if not tried.helped:
        return left_as_it_was(state)
    if gain.strength.min() >= 1:
        return state
    spared, warnings = _put_back(state, gain.strength, workshop), (*state.warnings, *totals.warnings())
    return state.with_result(spared, "spare", justified=totals.spared.mean_strength, warnings=warnings)


def left_as_it_was(state: State) -> State:
    """The input as its own result."""
    return replace(state, denoised=state.slices.values, made_by=(), justified=0.0)


def spare_part(state: State, tried: Tried, core: Box, workshop: Workshop) -> tuple[State, Totals]:
    """Put back in a part what exceeds the noise there; whether the whole is worth it is said when all parts are done.

    Args:
        state: of the part.
        tried: at the samples of the whole.
        core: the box of the part whose cells count, from one multiple of `CELL` to another or an end.
        workshop: as in a stage.
    """
    gain, where = _gain(state, tried.kept)
    inside = np.zeros_like(where)
    inside[(core[0], *(slice(side.start // CELL, -(-side.stop // CELL)) for side in core[1:]))] = True
    spared = _put_back(state, gain.strength, workshop)
    if gain.strength[inside].min() < 1:
        state = state.with_result(spared, "spare")
    return replace(state, denoised=spared), _totals(gain, where & inside)


def try_samples(state: State, workshop: Workshop) -> Tried:
    """Do to the samples what was done to the state."""
    samples = tuple(_like(state, sample, workshop) for sample in state.samples)
    return Tried(samples, _kept(state, samples, workshop))


def foresee(state: State, workshop: Workshop) -> Tried | None:
    """The samples of a whole volume that nothing was done with, as the filters before any network will make them.

    Returns:
        What this stage will decide by where no network is trained; None where a network comes first.
    """
    filters = tuple(name for name in state.plan.stages if name in ("first", "similar", "limit"))
    return try_samples(replace(state, made_by=filters), workshop) if "first" in filters else None


def network_gain(state: State, workshop: Workshop) -> float | None:
    """How much better than the filters alone the network's result promises to be, at the samples, dB.

    Args:
        state: with the network, before it is used.
        workshop: as in a stage.

    Returns:
        None without filters that came before the network, or without samples.
    """
    if "similar" not in state.made_by or not state.samples:
        return None
    promised = []
    for more in (("learn", "refine", "limit"), ("limit",)):
        made_by = (*state.made_by, *(name for name in more if name in state.plan.stages))
        promised.append(try_samples(replace(state, made_by=made_by), workshop).decibels)
    return promised[0] - promised[1]


def _put_back(state: State, strength: np.ndarray, workshop: Workshop) -> np.ndarray:
    """The result with as much of what was removed as each cell's strength says, (slices, rows, columns) float32."""
    noisy, denoised = state.slices.values, state.denoised
    spared = np.empty_like(noisy)
    for index in range(len(noisy)):
        part = at_full_size(strength[index], noisy.shape[1:])
        spared[index] = noisy[index] + part * (denoised[index] - noisy[index])
        workshop.tracker.update((index + 1) / len(noisy))
    return spared


def _totals(gain: Gain, where: np.ndarray) -> Totals:
    return Totals(gain.sums(where, gain.strength), gain.sums(where, 1.0))


def _gain(state: State, kept: Kept) -> tuple[Gain, np.ndarray]:
    """What a state gained in each cell, and which cells are tissue."""
    return measure_gain(state.slices.values, state.denoised, state.measured_noise, kept), _tissue(state)


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
    stages = {"first": first, "similar": similar, "learn": _network(state), "refine": refine, "limit": limit}
    if FILTERS & set(state.made_by):
        sample = compare(sample, workshop)
    for name in state.made_by:
        sample = stages[name](sample, workshop) if name in stages else sample
    return sample


def _network(state: State) -> Callable[[State, Workshop], State]:
    """Stage "learn" with the network of a state."""

    def apply(sample: State, workshop: Workshop) -> State:
        result = denoise_region(state.network, sample.slices.values, state.plan.settings.context, workshop)
        return with_network(sample, result, state.network)

    return apply


def _kept(state: State, samples: tuple[State, ...], workshop: Workshop) -> Kept:
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
