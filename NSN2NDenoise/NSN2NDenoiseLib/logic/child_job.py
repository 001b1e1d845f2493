"""What denoising and the mask's computation have in common: a child process at work on a volume of the scene."""

from collections.abc import Callable

from . import volumes
from .child_process import ChildProcess, Outcome
from .job_directory import JobDirectory
from .scene_watch import SceneWatch


class ChildJob:
    """A child process that is started, waited for or canceled, and ends with one `Outcome`.

    A subclass takes the child's messages in `_onMessage`, and its end in `_onEnd`, which removes the files and calls
    `_conclude`.

    Args:
        job: what to do (see `protocol`).
        inputVolume: node whose voxels the child gets.
        watched: (node, what it is) of the nodes whose removal from the scene stops the job.
        onLog: called with lines of the child's log.

    Attributes:
        outcome: None until the end.
        onFinished: called once with the `Outcome`.
    """

    CANCELED = "Canceled."
    onFinished: Callable[[Outcome], None]

    def __init__(self, job: dict, inputVolume, watched: list[tuple], onLog: Callable[[str], None]) -> None:
        self.outcome: Outcome | None = None
        self._directory = JobDirectory(job, volumes.arrayOf(inputVolume))
        self._child = ChildProcess(self._directory.path, self._onMessage, onLog, self._onEnd)
        self._watch = SceneWatch(watched, self._onGone)

    def start(self) -> None:
        """Start the child process."""
        try:
            self._child.start()
        except RuntimeError as error:
            self._onEnd(Outcome("failed", str(error), "start"))

    @property
    def running(self) -> bool:
        """Whether the outcome is still to come."""
        return self.outcome is None

    @property
    def childRunning(self) -> bool:
        """Whether the child process still exists, also after `cancel`."""
        return self._child.running

    def cancel(self, reason: str = "") -> None:
        """Stop: over for the caller at once; the child is asked, then killed, in the background."""
        reason = reason or self.CANCELED
        self._child.cancel(reason)
        self._conclude(Outcome("cancelled", reason))

    def wait(self, milliseconds: int) -> None:
        """Block until something happens or the time is over."""
        self._child.wait(milliseconds)

    def stopNow(self) -> None:
        """Stop, and don't return before the process and its files are gone."""
        self._child.stopNow("The application was closed.")

    def _onMessage(self, message: dict) -> None:
        raise NotImplementedError

    def _onEnd(self, outcome: Outcome) -> None:
        raise NotImplementedError

    def _onGone(self, what: str) -> None:
        self.cancel(what)

    def _conclude(self, outcome: Outcome) -> None:
        if self.running:
            self._watch.end()
            self.outcome = outcome
            self.onFinished(outcome)
