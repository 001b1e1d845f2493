"""Progress of a run: which stage, how far, how much longer; and the place where a stop request is noticed."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Cancelled, Enough
from .clock import awake_seconds

#: The parts of a run, each with its usual weight in the whole time.
WEIGHTS = {
    "look": 1,
    "match": 2,
    "pair": 2,
    "first": 4,
    "similar": 16,
    "learn": 85,
    "refine": 16,
    "limit": 1,
    "spare": 1,
    "judge": 1,
    "unbias": 1,
    "strength": 1,
    "within": 1,
    "report": 1,
}


@dataclass(frozen=True)
class Progress:
    """A snapshot of a run.

    Attributes:
        stage: "look", a stage of the plan, or "report".
        fraction: of the whole run, 0 to 1, never falling.
        loss: training loss (Eq. 7), smoothed; None outside "learn".
        seconds_left: estimate for the whole run; None while nothing is known.
    """

    stage: str
    fraction: float
    loss: float | None = None
    seconds_left: float | None = None


class Tracker:
    """Turns a stage's own fraction into `Progress`, measures the stages and ends them on request.

    Attributes:
        stopped_early: whether a stage was left out, or its training cut short, because the caller had enough.
    """

    def __init__(
        self,
        progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        should_keep: Callable[[], bool] | None = None,
    ) -> None:
        self._progress = progress
        self._should_stop = should_stop
        self._should_keep = should_keep
        self._can_end = False
        self.stopped_early = False
        self._start = awake_seconds()
        self._stage: str | None = None
        self._stage_start = self._start
        self.seconds: dict[str, float] = {}
        self._shares: dict[str, float] = {}
        self._done = 0.0
        self.expect(("learn",))

    def expect(self, stages: tuple[str, ...]) -> None:
        """Say which stages will run between "look" and "report"."""
        weights = {name: WEIGHTS[name] for name in ("look", *stages, "report")}
        self._shares = {name: weight / sum(weights.values()) for name, weight in weights.items()}

    def begin(self, stage: str, can_end: bool = False) -> None:
        """End the running stage and start the next one.

        Args:
            stage: its name.
            can_end: there is a result already, so that `update` may end this stage by `Enough`.
        """
        self.end()
        self._can_end = can_end
        self._stage = stage
        self._stage_start = awake_seconds()
        self.update(0.0)

    def end(self) -> None:
        """Book the running stage's seconds."""
        if self._stage is not None:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + awake_seconds() - self._stage_start
            self._stage = None

    def update(self, stage_fraction: float, loss: float | None = None) -> None:
        """Report that `stage_fraction` (0 to 1) of the running stage is done.

        Raises:
            Cancelled: the caller wants to stop.
            Enough: the caller wants to keep what there is.
        """
        if self._can_end and self.enough():
            self.stopped_early = True
            raise Enough("stopped on request; the result so far is kept")
        if self._should_stop is not None and self._should_stop():
            raise Cancelled("stopped on request; nothing was written")
        if self._progress is None:
            return
        done = 0.0
        for stage, share in self._shares.items():
            if stage == self._stage:
                done += share * min(max(stage_fraction, 0.0), 1.0)
                break
            done += share
        self._done = max(self._done, done)  # a stage that begins anew is no step back
        self._progress(Progress(self._stage or "look", self._done, loss, self._seconds_left(done, stage_fraction)))

    def aside(self) -> "Tracker":
        """One for work between two stages, which is no progress of the run: it only notices a stop request."""
        self.end()
        tracker = self.silent()
        tracker.seconds = dict(self.seconds)
        return tracker

    def silent(self) -> "Tracker":
        """One for work within a stage that is no progress of it: it only notices a stop request."""
        return Tracker(should_stop=self._should_stop)

    def enough(self) -> bool:
        """Whether the caller wants no more work, and the best result so far."""
        return self._should_keep is not None and self._should_keep()

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return awake_seconds() - self._start

    def finish(self) -> None:
        """Report the end of the run."""
        self.end()
        if self._progress is not None:
            self._progress(Progress("report", 1.0, None, 0.0))

    def _seconds_left(self, done: float, stage_fraction: float) -> float | None:
        """Within a long stage its own speed tells most; elsewhere the whole run's."""
        now = awake_seconds()
        if self._stage == "learn" and stage_fraction > 0.01:
            stage_seconds = (now - self._stage_start) / stage_fraction
            names = list(self._shares)
            after = sum(self._shares[name] for name in names[names.index("learn") + 1 :])
            return stage_seconds * (1.0 - stage_fraction + after / self._shares["learn"])
        if self._stage not in ("look", "match", "learn") and done > 0:
            return (now - self._start) * (1.0 - done) / done
        return None
