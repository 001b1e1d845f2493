"""What will be done with a volume, decided before it is done: from the look and the settings alone."""

from dataclasses import dataclass

import numpy as np

from .errors import InputError
from .look import Look
from .match.pairs import choose_gap, gap_warnings
from .noise.model import NoiseModel
from .runtime.memory import (
    added_by_stage,
    held_before_mb,
    memory_warnings,
    predict_gpu_memory_mb,
    predict_memory_mb,
)
from .settings import Settings
from .train.trained import TrainedNetwork
from .volume.part import PASS_REACH, Part, find_part
from .volume.positions import real_pairs

#: SD of the noise, normalized, below which there is none to speak of.
MIN_NOISE = 1e-4
#: Stages that follow any result.
FINISHING = ("limit", "spare", "judge", "unbias", "strength", "within")
NO_TRAINING = "Time limit and steps are those of the training, and this run has none: they have no effect."
#: How far, in slices, rows and columns, a voxel looks: in LPF and W_i as the filters take it (besides the gap), and in
#: stage "spare".
MATCH_REACH, SPARE_REACH = (0, 10, 10), (4, 31, 31)
#: Passes of the filters in a stage: in each, a voxel looks `volume.part.PASS_REACH` far.
PASSES = {"first": 1, "similar": 2, "refine": 1}
#: How far a network of so many levels looks, besides its context.
NETWORK_LEVELS, NETWORK_REACH = 3, (1, 72, 72)


@dataclass(frozen=True)
class Plan:
    """The run to come.

    Attributes:
        stages: their names in order, as in `stages.STAGES`.
        settings: that led to it.
        gap: pairs are (x_i, x_i+gap).
        paired: (slices - gap,) bool, False for pairs with a hole between them, which have no part in anything.
        threshold: th of Eq. 3, normalized.
        rician_sigma: whose bias is taken away, image units; None: nothing is.
        part: of the volume that is worked on; None: all of it.
        network: used by stage "learn" instead of training one; None: one is trained.
        memory_mb, gpu_memory_mb: the most that the run will take (MB), the latter where there is a CUDA GPU.
        stage_memory_mb: the most at each stage, and at the look and the report before and after them (MB).
        warnings: sentences for the user.
    """

    stages: tuple[str, ...]
    settings: Settings
    gap: int
    paired: np.ndarray
    threshold: float
    rician_sigma: float | None
    part: Part | None
    network: TrainedNetwork | None
    memory_mb: float
    gpu_memory_mb: float
    stage_memory_mb: dict[str, float]
    warnings: tuple[str, ...]

    @property
    def pairs(self) -> int:
        """How many pairs a network learns from: of the part that is worked on, without those with a hole."""
        paired = self.paired
        if self.part is not None:
            paired = paired[self.part.box[0]][: self.part.shape[0] - self.gap]
        return int(np.count_nonzero(paired))

    @property
    def making(self) -> tuple[str, ...]:
        """The stages that make the result."""
        return tuple(name for name in self.stages if name not in FINISHING)

    @property
    def finishing(self) -> tuple[str, ...]:
        """The stages that every result goes through at its end, the first one as well as the last."""
        return tuple(name for name in self.stages if name in FINISHING)


def make_plan(
    look: Look,
    settings: Settings,
    within: np.ndarray | None = None,
    network: TrainedNetwork | None = None,
    in_sequence: bool = False,
    in_parts: bool = False,
) -> Plan:
    """Decide what is done.

    Args:
        look: at the volume.
        settings: of the run.
        within: boolean (K, J, I), where the volume is to be denoised; None: everywhere.
        network: to use instead of training one.
        in_sequence: there is another frame, of which pairs can be made; a gap that is given asks for slices.
        in_parts: the volume is not in memory, so nothing is said of what all of it would take (`large.run`).

    Raises:
        SettingsError: a gap that is not possible, or settings that leave no place for the network.
        InputError: a bias correction was asked for that is not possible, nothing is to be denoised, or the network does
            not fit the volume.
    """
    if network is not None:
        settings = network.shaping(settings)
        network.require_fit(look)
    gap = choose_gap(look, settings.gap)
    paired = real_pairs(look.positions, look.shape[0], gap)
    sigma = choose_sigma(look, settings.rician)
    stages = _stages(look, settings, sigma, in_sequence and network is None and settings.gap is None)
    part = None
    if within is not None:
        reach = reach_of(stages, gap) if network is None else reach_with_network(stages, gap, settings)
        part = find_part(within, look.axis, look.shape, reach, SPARE_REACH)
    if part is not None and not look.noise.none:
        stages = (*stages, "within")
    shape = look.shape if part is None else part.shape
    return Plan(
        stages=stages,
        settings=settings,
        gap=gap,
        paired=paired,
        threshold=look.threshold if settings.threshold is None else settings.threshold,
        rician_sigma=sigma,
        part=part,
        network=network,
        memory_mb=predict_memory_mb(look.shape, look.dtype, settings, shape),
        gpu_memory_mb=predict_gpu_memory_mb(shape, settings),
        stage_memory_mb=_stage_memory_mb(look, settings, shape, stages),
        warnings=(
            *(() if in_parts else memory_warnings(look.shape, look.dtype, settings, shape)),
            *look.warnings,
            *(gap_warnings(look, gap, settings.gap) if network is None and not look.noise.none else ()),
            *_hole_warnings(paired),
            *_training_warnings(settings, "learn" in stages and network is None),
        ),
    )


def _stage_memory_mb(look: Look, settings: Settings, shape, stages: tuple[str, ...]) -> dict[str, float]:
    """Stages of which memory.py has no moment of their own take no more than "limit"."""
    added = added_by_stage(look.shape, look.dtype, settings, shape)
    there = held_before_mb(look.shape, look.dtype)
    return {name: there + added.get(name, added["limit"]) for name in ("look", *stages, "report")}


def _training_warnings(settings: Settings, trains: bool) -> list[str]:
    asked = settings.minutes is not None or settings.steps != Settings.from_preset(settings.preset).steps
    return [NO_TRAINING] if asked and not trains else []


def _hole_warnings(paired: np.ndarray) -> list[str]:
    holes = np.count_nonzero(~paired)
    return [f"Pairs with a hole between their slices are left out: {holes} of {len(paired)}."] if holes else []


def _stages(look: Look, settings: Settings, sigma: float | None, compares_frames: bool) -> tuple[str, ...]:
    """Which stages run, in order: the one list."""
    if look.noise.none:
        return ("match", "judge")  # left as it was
    filters = settings.collaborative > 0
    learn = settings.learn
    if learn is None:  # white noise: the filter's principal components leave the network nothing to add
        learn = not NoiseModel(look.noise).is_white or not (settings.first and filters)
    chosen = {
        "match": True,
        "pair": learn and compares_frames,
        "first": settings.first and filters,
        "similar": settings.first and filters,
        "learn": learn,
        "refine": settings.refine and filters and (learn or not settings.first),
        "limit": settings.limit,
        "spare": True,
        "judge": True,
        "unbias": sigma is not None,
        "strength": settings.strength < 1,
    }
    return tuple(name for name, runs in chosen.items() if runs)


def reach_of(stages: tuple[str, ...], gap: int) -> tuple[int, int, int]:
    """How far around a voxel the stages look, in slices, rows and columns."""
    passes = sum(PASSES.get(name, 0) for name in stages)
    sums = zip(MATCH_REACH, PASS_REACH, SPARE_REACH, (gap, 0, 0), strict=True)
    return tuple(match + passes * one + spare + more for match, one, spare, more in sums)


def reach_with_network(stages: tuple[str, ...], gap: int, settings: Settings) -> tuple[int, int, int]:
    """`reach_of` stages, and of the network of these settings, if there is one that is the whole volume's."""
    reach = reach_of(stages, gap)
    if "learn" not in stages:
        return reach
    network = (NETWORK_REACH[0] + settings.context, *NETWORK_REACH[1:])
    passes = PASSES["refine"] if "refine" in stages else 0
    after = zip(network, PASS_REACH, SPARE_REACH, strict=True)
    return tuple(max(a, own + passes * one + b) for a, (own, one, b) in zip(reach, after, strict=True))


def choose_sigma(look: Look, choice: str) -> float | None:
    """The sigma to correct a volume with.

    Args:
        look: at the volume.
        choice: "off"; "auto": only where `find_rician` recognized magnitude data; "on": as "auto", or else with the SD
            of the noise in tissue, which is sigma where the signal exceeds a few sigmas.

    Returns:
        sigma in image units, or None: no correction.

    Raises:
        InputError: "on", and the volume has negative values or no noise that can be measured.
    """
    if choice == "off":
        return None
    if look.rician_sigma is not None or choice == "auto":
        return look.rician_sigma
    if look.value_range[0] < 0:
        raise InputError(
            f"the volume has negative values (down to {look.value_range[0]:g}), so it is no MR magnitude image and has "
            "no Rician bias; leave the bias correction automatic or switch it off"
        )
    if not look.noise.sd > MIN_NOISE:
        raise InputError(
            "the volume has neither air with noise nor homogeneous tissue to measure the noise in, so its Rician bias "
            "is unknown; leave the bias correction automatic or switch it off"
        )
    return look.noise_sd
