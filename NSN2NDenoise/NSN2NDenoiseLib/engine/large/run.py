"""Denoise a volume that is larger than memory: the look once, then brick by brick, the voxels of a run in memory."""

import hashlib
from collections.abc import Callable, Iterator
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
from ..plan import make_plan
from ..runtime.clock import awake_seconds
from ..runtime.device import choose_device, choose_precision, device_with_memory
from ..runtime.memory import predict_gpu_memory_mb
from ..runtime.progress import Progress, Tracker
from ..settings import Settings
from ..stages.learn import NO_MATCH
from ..stages.match import match_warnings
from ..stages.spare import TISSUE, left_as_it_was, take_samples
from ..stages.state import State, Workshop
from ..train.trained import TrainedNetwork
from ..volume.part import Box
from ..volume.slices import Slices
from .figures import Figures, Piece
from .journal import Journal
from .look import take_look_at_stored
from .parts import allowed_memory_mb, plan_parts, require_look, sides_of
from .stack import raw_stack, runs
from .work import Brick, Work

#: Parts of the whole time that the look and the training of a network take, roughly.
LOOK, TRAINING = 0.02, 0.05
#: What a network is trained on: slices, rows and columns, at most.
TRAINED_ON = (48, 384, 384)
#: Has other processes do bricks, see `denoise_stored`.
Elsewhere = Callable[[Work, list[int]], Iterator[tuple[int, Brick]]]
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
    elsewhere: Elsewhere | None = None,
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
        elsewhere: has other processes do bricks, each within `memory_mb`; called with the `Work` and the numbers of
            bricks, it gives (number, what `do_brick` returned there) in any order. All writing is done here. None: all
            bricks are done here, one after the other.

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
    run = _Run(source, target, memory_mb or allowed_memory_mb(), Journal(journal), elsewhere, progress, should_stop)
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

    def __init__(self, source, target, memory_mb: float, journal: Journal, elsewhere, progress, should_stop) -> None:
        self._journal, self._elsewhere = journal, elsewhere
        self._source, self._raw, self._target, self._memory_mb = source, raw_stack(source), target, memory_mb
        self._progress, self._should_stop = progress, should_stop
        self._seconds: dict[str, float] = {}
        self._from, self._to, self._step = 0.0, LOOK, 0.0
        self._bricks_since: tuple[float, float] | None = None

    def run(self, settings: Settings, spacing, positions, network: TrainedNetwork | None) -> dict:
        require_look(self._source.shape, self._memory_mb)
        tracker = self._tracker()
        tracker.begin("look")
        look, slices = take_look_at_stored(self._source, settings.axis, spacing, positions, tracker.update)
        self._book(tracker)
        before = self._journal.open(_key(look, slices, settings, network))
        state = State(slices, look, make_plan(look, settings, network=network, in_parts=True), slices.values)
        warnings, gain, at = [], {}, LOOK
        if "learn" in state.plan.stages and network is None:
            self._from, self._to, at = LOOK, LOOK + TRAINING, LOOK + TRAINING
            network, gain, warnings = self._network(state, before)
            settings = replace(settings, minutes=None)
            if network is None:
                settings = replace(settings, learn=False)
        plan, reach, bricks = plan_parts(look, settings, self._memory_mb, network, before.get("sides"))
        self._journal.begin(sides=sides_of(bricks), warnings=warnings, gain=gain)
        state = take_samples(replace(state, plan=plan, gain=gain, warnings=(*plan.warnings, *warnings)))
        work = Work(self._source, state, bricks, reach)
        workshop, device_warnings = work.workshop()
        *others, last = range(len(bricks))
        pieces = {number: piece for number in others if (piece := self._journal.recorded(number)) is not None}
        self._expect(at, len(pieces), len(bricks))
        # the last one in any case, and first: the others need what it tries, and so does the end
        brick = self._here(work, last, workshop)
        tried, network = brick.tried, brick.network
        pieces[last] = self._take(last, bricks[last], brick, plan.making[-1])
        workshop, work = brick.workshop, replace(work, tried=tried)
        del brick  # or it would be held while the next ones are worked on
        left = [number for number in others if number not in pieces]
        for number, brick in self._elsewhere(work, left) if self._elsewhere else self._all_here(work, left, workshop):
            pieces[number] = self._take(number, bricks[number], brick, plan.making[-1])
            del brick
        state = replace(state, network=network, warnings=(*device_warnings, *state.warnings))
        figures = Figures(look, [pieces[number] for number in range(len(bricks))])
        return self._report(state, tried, figures, bricks, len(left) if self._elsewhere else 0, workshop)

    def _network(self, state: State, before: dict) -> tuple[TrainedNetwork | None, dict, list[str]]:
        """What a run that goes on had from `_train`, or a new one has."""
        if before:
            return self._journal.network(), before["gain"], before["warnings"]
        network, gain, warnings = self._train(state)
        if network is not None:
            self._journal.save_network(network)
        return network, gain, warnings

    def _all_here(self, work: Work, numbers: list[int], workshop: Workshop) -> Iterator[tuple[int, Brick]]:
        for number in numbers:
            brick = self._here(work, number, workshop)
            workshop = brick.workshop
            yield number, brick
            del brick

    def _here(self, work: Work, number: int, workshop: Workshop) -> Brick:
        tracker = self._tracker(work.state.plan.stages)
        brick = work.do(number, replace(workshop, tracker=tracker))
        self._book(tracker)
        return brick

    def _expect(self, at: float, done: int, bricks: int) -> None:
        """Say what part of the run a brick is, after so many that were done before."""
        self._step = (1 - at) / bricks
        self._from = at + done * self._step
        self._to = self._from + self._step
        self._bricks_since = (awake_seconds(), self._from)

    def _take(self, number: int, core: Box, brick: Brick, stage: str) -> Piece:
        """Write a brick, and what is told of it; `stage` is what most time goes to."""
        self._target[core] = brick.voxels
        if not np.array_equal(self._target[core], brick.voxels):
            raise OSError("the result came out damaged, as on a full disk")
        self._journal.record(number, brick.piece)
        self._relay(Progress(stage, 1.0))
        self._from, self._to = self._to, self._to + self._step
        return brick.piece

    def _report(
        self, state: State, tried, figures: Figures, bricks: list[Box], elsewhere: int, workshop: Workshop
    ) -> dict:
        """Whether the whole was worth it, and the report."""
        plan, matched = state.plan, figures.matched
        state = replace(state, matched=matched, made_by=figures.made_by)
        warnings, measured = list(state.warnings), figures.unchanged()
        if figures.made_by:
            warnings += match_warnings(matched)
            gain = {**figures.totals.figures(tried.kept), **tried.figures()}
            state = replace(state, gain={**state.gain, **gain})
        if figures.made_by and not tried.helped:
            state = left_as_it_was(state)
            self._copy()
        elif figures.made_by:
            justified = figures.totals.spared.mean_strength if "spare" in figures.made_by else 1.0
            kept = justified * plan.settings.strength
            measured = figures.judge(1 - kept + kept * tried.kept.left)
            state = replace(state, justified=justified)
            warnings += figures.totals.warnings()
        alarms = [measured["alarm"]] if measured["alarm"] else []
        little = effect_warnings(measured, state.made_by) if plan.settings.strength == 1 else []
        warnings = (*alarms, *warnings, *little)
        tracker = Tracker()
        tracker.seconds.update(self._seconds)
        report = make_report(replace(state, figures=measured, warnings=warnings), replace(workshop, tracker=tracker))
        report["parts"] = {
            "count": len(bricks),
            "elsewhere": elsewhere,
            "sides": sides_of(bricks),
            "allowedMemoryMB": round(self._memory_mb),
        }
        if self._progress is not None:
            self._progress(Progress("report", 1.0))
        return report

    def _copy(self) -> None:
        for run in runs(self._source):
            box = (run, *(slice(0, side) for side in self._source.shape[1:]))
            self._target[box] = self._raw[box]

    def _train(self, state: State) -> tuple[TrainedNetwork | None, dict, list[str]]:
        """Train the plan's network on the part of the volume with the most tissue.

        Returns:
            The network, None where nothing matches in that part or it promises hardly more than the filters; what it
            promises at the volume's samples, as `State.gain`; warnings for the user.
        """
        look, plan = state.look, state.plan
        (region,) = sample_regions(state.slices.values, TISSUE * look.noise.level, plan.gap, 1, TRAINED_ON)
        state = take_samples(state).cut(region)
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
        if state.trained is None:
            return None, state.gain, [*warnings, *([] if state.losses else [NO_MATCH])]
        slices, rows, columns = state.slices.values.shape
        return state.trained, state.gain, [*warnings, LEARNED.format(slices, rows, columns)]

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
