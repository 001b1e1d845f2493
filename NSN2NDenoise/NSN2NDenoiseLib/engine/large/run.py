"""Denoise a volume that is larger than memory: the look once, then brick by brick, the voxels of a run in memory."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ... import __version__
from ..denoise_volume import run_stage
from ..errors import InputError
from ..judge.kept import sample_regions
from ..judge.measure import effect_warnings
from ..judge.report import make_report
from ..look import Look
from ..plan import SPARE_REACH, Plan, make_plan
from ..runtime.clock import awake_seconds
from ..runtime.device import choose_device, choose_precision, device_with_memory
from ..runtime.memory import predict_gpu_memory_mb
from ..runtime.progress import Progress, Tracker
from ..settings import Settings
from ..stages import STAGES
from ..stages.match import match_warnings, require_match
from ..stages.spare import LEAST_GAIN, TISSUE, Totals, Tried, left_as_it_was, spare_part, take_samples, try_samples
from ..stages.state import State, Workshop
from ..train.trained import TrainedNetwork
from ..volume.part import Box, find_part, shifted
from ..volume.slices import Slices, to_volume
from .figures import Figures, Piece
from .journal import Journal
from .look import take_look_at_stored
from .parts import allowed_memory_mb, plan_parts, require_look, sides_of
from .stack import raw_stack, runs

#: Parts of the whole time that the look and the training of a network take, roughly.
LOOK, TRAINING = 0.02, 0.05
#: What a network is trained on: slices, rows and columns, at most.
TRAINED_ON = (48, 384, 384)
LEARNED = "The network was trained on a part of the volume, {} of its slices, {} x {} pixels, with the most tissue."


def denoise_stored(
    source,
    target,
    settings: Settings | None = None,
    *,
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
    memory_mb: float | None = None,
    network: TrainedNetwork | None = None,
    journal: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict:
    """Denoise a volume that is not in memory into another one that isn't.

    Without a network, the voxels are those that `denoise` makes of the volume. A network is trained once, on the part
    of the volume with the most tissue, and used for all bricks.

    Args:
        source: (K, J, I), image units: has `shape`, `dtype`, and gives boxes of itself (source[a:b, c:d, e:f]) as a
            numpy memory map, a zarr array or an h5py dataset does.
        target: takes such boxes, and gives them, as they are read again; of the same shape and type. When an error is
            raised, it is not whole.
        settings, spacing, positions, network, progress, should_stop: as in `denoise`; slices lie along axis k.
        memory_mb: that the process may hold; None: `FREE` of what is free now.
        journal: an empty folder for what is told of each brick that is done; or that of a run of the same volume with
            the same settings that was ended, with its target: then the run goes on there. None: neither.

    Returns:
        The report of the run, as `DenoiseResult.report`; "parts" says in how many bricks.

    Raises:
        InputError, SettingsError, RunError, Cancelled: as `denoise`; RunError also where the memory does not suffice
            for a look at the volume, or the smallest brick.
        OSError: the target could not be written.
    """
    settings = settings or Settings()
    settings.check()
    if tuple(target.shape) != tuple(source.shape) or np.dtype(target.dtype) != np.dtype(source.dtype):
        raise InputError(f"the target is {target.dtype} {target.shape}, the source {source.dtype} {source.shape}")
    run = _Run(source, target, memory_mb or allowed_memory_mb(), Journal(journal), progress, should_stop)
    return run.run(settings, spacing, positions, network)


def _key(look: Look, slices: Slices, settings: Settings, network: TrainedNetwork | None) -> dict:
    """Which run it is: what was measured of the volume and some of its voxels, settings, network and version."""
    some = hashlib.sha256(slices.values[len(slices) // 2].tobytes()).hexdigest()
    measured = [look.shape, look.value_range, look.low, look.scale, look.noise.sd, look.padding_fraction, some]
    return {
        "volume": [*map(str, measured), str(look.dtype)],
        "settings": asdict(settings),
        "network": None if network is None else network.name,
        "version": __version__,
    }


class _Run:
    """The parts of `denoise_stored`."""

    def __init__(self, source, target, memory_mb: float, journal: Journal, progress, should_stop) -> None:
        self._journal = journal
        self._source, self._raw, self._target, self._memory_mb = source, raw_stack(source), target, memory_mb
        self._progress, self._should_stop = progress, should_stop
        self._seconds: dict[str, float] = {}
        self._from, self._to = 0.0, LOOK
        self._bricks_since: tuple[float, float] | None = None

    def run(self, settings: Settings, spacing, positions, network: TrainedNetwork | None) -> dict:
        require_look(self._source.shape, self._memory_mb)
        tracker = self._tracker()
        tracker.begin("look")
        look, slices = take_look_at_stored(self._source, settings.axis, spacing, positions, tracker.update)
        self._book(tracker)
        before = self._journal.open(_key(look, slices, settings, network))
        state = State(slices, look, make_plan(look, settings, network=network, in_parts=True), slices.values)
        warnings, at = [], LOOK
        if "learn" in state.plan.stages and network is None:
            self._from, self._to, at = LOOK, LOOK + TRAINING, LOOK + TRAINING
            network, warnings = self._network(state, before)
            settings = replace(settings, minutes=None)
        plan, reach, bricks = plan_parts(look, settings, self._memory_mb, network, before.get("sides"))
        self._journal.begin(sides=sides_of(bricks), warnings=warnings)
        state = take_samples(replace(state, plan=plan, warnings=(*plan.warnings, *warnings)))
        workshop, device_warnings = self._workshop(plan, bricks, reach, look.shape)
        pieces, tried = [], None
        self._bricks_since = (awake_seconds(), at)
        for number, core in enumerate(bricks):
            self._from = at + (1 - at) * number / len(bricks)
            self._to = at + (1 - at) * (number + 1) / len(bricks)
            piece = self._journal.recorded(number) if number + 1 < len(bricks) else None
            if piece is None:  # the last one is done in any case: what was tried is needed at the end
                tracker = self._tracker(plan.stages)
                part = find_part(core, look.axis, look.shape, reach, SPARE_REACH)
                workshop = replace(workshop, tracker=tracker)
                own = replace(state, plan=replace(plan, part=part))
                brick, piece, tried, workshop = self._brick(own, tried, workshop)
                self._write(brick, core, part)
                self._journal.record(number, piece)
                state = replace(state, network=brick.network)
                del brick  # or it would be held while the next one is worked on
                self._book(tracker)
            else:
                self._bricks_since = (awake_seconds(), self._to)
            pieces.append(piece)
        state = replace(state, warnings=(*device_warnings, *state.warnings))
        return self._report(state, tried, Figures(look, pieces), bricks, workshop)

    def _network(self, state: State, before: dict) -> tuple[TrainedNetwork, list[str]]:
        """The network that a run which goes on has trained, or a new one; warnings are for the user."""
        network = self._journal.network() if before else None
        if network is not None:
            return network, before["warnings"]
        network, warnings = self._train(state)
        self._journal.save_network(network)
        return network, warnings

    def _brick(self, state: State, tried: Tried | None, workshop: Workshop) -> tuple[State, Piece, Tried, Workshop]:
        """A brick through all stages, and what is told of it."""
        state = state.cut(state.plan.part.box)
        core = shifted(state.plan.part.core, state.plan.part.box)
        totals, pieces = Totals(), []

        def spare(state: State, workshop: Workshop) -> State:
            nonlocal tried, totals
            tried = tried or try_samples(state, workshop)
            state, totals = spare_part(state, tried, core, workshop)
            return state

        def judge(state: State, workshop: Workshop) -> State:
            pieces.append(Piece.of(state, core, totals))
            return state

        stages = {**STAGES, "spare": spare, "judge": judge}
        for name in state.plan.stages:
            if state.made_by or name in (*state.plan.making, "judge"):
                state, workshop = run_stage(name, state, workshop, stages=stages)
        return state, pieces[0].made(state.made_by), tried, workshop

    def _write(self, state: State, core: Box, part) -> None:
        raw, inner = self._raw[core], shifted(core, part.box)
        if state.made_by:
            raw = to_volume(state.denoised[inner], state.slices.cut(inner), raw)
        self._target[core] = raw
        if not np.array_equal(self._target[core], raw):
            raise OSError("the result came out damaged, as on a full disk")

    def _report(self, state: State, tried, figures: Figures, bricks: list[Box], workshop: Workshop) -> dict:
        """Whether the whole was worth it, and the report."""
        plan, matched = state.plan, figures.matched
        require_match(matched, plan.threshold)
        state = replace(state, matched=matched, made_by=figures.made_by)
        warnings, measured = list(state.warnings) + match_warnings(matched), figures.unchanged()
        if figures.made_by and figures.totals.decibels(tried.kept) < LEAST_GAIN:
            state = left_as_it_was(state, figures.totals.figures(tried.kept))
            self._copy()
        elif figures.made_by:
            justified = figures.totals.spared.mean_strength if "spare" in figures.made_by else 1.0
            measured = figures.judge(1 - justified + justified * tried.kept.left)
            state = replace(state, gain=figures.totals.figures(tried.kept), justified=justified)
            warnings += figures.totals.warnings()
        alarms = [measured["alarm"]] if measured["alarm"] else []
        warnings = (*alarms, *warnings, *effect_warnings(measured))
        tracker = Tracker()
        tracker.seconds.update(self._seconds)
        report = make_report(replace(state, figures=measured, warnings=warnings), replace(workshop, tracker=tracker))
        report["parts"] = {"count": len(bricks), "sides": sides_of(bricks), "allowedMemoryMB": round(self._memory_mb)}
        if self._progress is not None:
            self._progress(Progress("report", 1.0))
        return report

    def _copy(self) -> None:
        for run in runs(self._source):
            box = (run, *(slice(0, side) for side in self._source.shape[1:]))
            self._target[box] = self._raw[box]

    def _train(self, state: State) -> tuple[TrainedNetwork, list[str]]:
        """Train the plan's network on the part of the volume with the most tissue."""
        look, plan = state.look, state.plan
        (region,) = sample_regions(state.slices.values, TISSUE * look.noise.level, plan.gap, 1, TRAINED_ON)
        state = state.cut(region)
        tracker = self._tracker(plan.making)
        device, warnings = device_with_memory(
            choose_device(plan.settings.device),
            plan.settings.device,
            predict_gpu_memory_mb(state.slices.values.shape, plan.settings),
        )
        workshop = Workshop(device, choose_precision(plan.settings.precision, device), tracker)
        for name in plan.making:
            if name != "refine":
                state, workshop = run_stage(name, state, workshop)
        self._book(tracker)
        slices, rows, columns = state.slices.values.shape
        return state.trained, [*warnings, LEARNED.format(slices, rows, columns)]

    def _workshop(self, plan: Plan, bricks: list[Box], reach, shape) -> tuple[Workshop, list[str]]:
        sides = find_part(bricks[len(bricks) // 2], "k", shape, reach, SPARE_REACH).shape
        needed = predict_gpu_memory_mb(sides, plan.settings)
        device, warnings = device_with_memory(choose_device(plan.settings.device), plan.settings.device, needed)
        return Workshop(device, choose_precision(plan.settings.precision, device), Tracker()), warnings

    def _tracker(self, stages: tuple[str, ...] | None = None) -> Tracker:
        tracker = Tracker(self._relay, self._should_stop)
        if stages is not None:
            tracker.expect(stages)
        return tracker

    def _relay(self, progress: Progress) -> None:
        """A brick's progress as the run's."""
        if self._progress is None:
            return
        part = 1.0 if progress.stage == "look" else progress.fraction
        fraction = self._from + (self._to - self._from) * min(part, 1.0)
        left = None
        if self._bricks_since is not None and fraction > self._bricks_since[1]:
            start, first = self._bricks_since
            left = (awake_seconds() - start) * (1 - fraction) / (fraction - first)
        self._progress(Progress(progress.stage, fraction, progress.loss, left))

    def _book(self, tracker: Tracker) -> None:
        tracker.end()
        for name, seconds in tracker.seconds.items():
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
