"""What denoising and the mask's computation have in common: a child process at work on a volume of the scene."""

import traceback
from collections.abc import Callable, Generator

from . import volumes
from .child_process import ChildProcess
from .input_state import InputChangedError, InputState
from .job_directory import REMEDY, JobDirectory
from .outcome import Outcome
from .scene_watch import SceneWatch
from .turns import Turns


class ChildJob:
    """A child process that is started, waited for or canceled, and ends with one `Outcome`.

    A subclass takes the child's messages in `_onMessage`, and its end in `_onEnd`, which removes the files and calls
    `_conclude`. An exception in either ends the job, too.

    Args:
        job: what to do (see `protocol`).
        inputVolume: node whose voxels the child gets; a subclass may copy more (`_copyingInput`).
        watched: (node, what it is) of the nodes whose removal from the scene stops the job.
        onLog: called with lines of the child's log.
        arrays: that the child gets, too, by their files' names.

    Attributes:
        outcome: None until the end.
        onFinished: called once with the `Outcome`.
        onChildEnded: called once with the job when its process is gone: before `onFinished`, or after a `cancel`.
    """

    CANCELED, FAILED = "Canceled.", "The answer of the process that denoises could not be used"
    onFinished: Callable[[Outcome], None]
    onChildEnded: Callable[["ChildJob"], None]

    def __init__(
        self, job: dict, inputVolume, watched: list[tuple], onLog: Callable[[str], None], arrays: dict | None = None
    ) -> None:
        self.outcome: Outcome | None = None
        self.onChildEnded = _nothing
        self._input = InputState(inputVolume)
        self._directory = JobDirectory(job, arrays)
        self._child = ChildProcess(self._directory.path, self._onLine, onLog, self._onChildEnd)
        self._watch = SceneWatch(watched, self._onGone)
        self._turns = Turns(self._copyingInput(inputVolume), self._onCopied, self._onNotCopied)

    def start(self) -> None:
        """Copy the voxels for the child process, then start it."""
        self._turns.start()

    @property
    def running(self) -> bool:
        """Whether the outcome is still to come."""
        return self.outcome is None

    @property
    def childRunning(self) -> bool:
        """Whether the child process still exists, also after `cancel`, or is still to be started."""
        return self._child.running

    def cancel(self, reason: str = "") -> None:
        """Stop: over for the caller at once; the child is asked, then killed, in the background."""
        self._stop(Outcome("cancelled", reason or self.CANCELED))

    def wait(self, milliseconds: int) -> None:
        """Block until something happens or the time is over."""
        if self._turns.running:
            self._turns.turn()
        else:
            self._child.wait(milliseconds)

    def stopNow(self) -> None:
        """Stop, and don't return before the process is gone."""
        self.cancel("The application was closed.")
        self._child.stopNow("The application was closed.")

    def _stop(self, outcome: Outcome) -> None:
        self._turns.stop()
        if not self._child.running:
            self._directory.remove()
        self._child.cancel(outcome.message)
        self._conclude(outcome)

    def _copyingInput(self, inputVolume) -> Generator:
        """Copy the voxels for the child process, piece by piece."""
        return self._input.copying(inputVolume, self._directory.writing(volumes.arrayOf(inputVolume)))

    def _onCopied(self, _result) -> None:
        self._child.start()

    def _onNotCopied(self, error: Exception) -> None:
        text = str(error)
        if isinstance(error, OSError):
            text = f"The volume could not be copied for the process that denoises: {error}. {REMEDY}"
        self._child.abandon(Outcome("failed", text, "start", repr(error)))

    def _onLine(self, message: dict) -> None:
        try:
            self._onMessage(message)
        except Exception as error:
            if not self.running:  # a callback that has stopped the job itself
                raise
            self._onError(error)

    def _onChildEnd(self, outcome: Outcome) -> None:
        self.onChildEnded(self)
        try:
            self._onEnd(outcome)
        except Exception as error:
            self._onError(error)

    def _onError(self, error: Exception) -> None:
        """Whatever went wrong on Slicer's side, the job ends; errors of callbacks after the end are not the job's."""
        if not self.running:
            raise error
        if self._child.running:
            self._child.cancel("An error in Slicer.")
        else:
            self._directory.remove()
        if isinstance(error, InputChangedError):
            self._conclude(Outcome("failed", str(error), "input"))
            return
        details = "".join(traceback.format_exception(error))
        self._conclude(Outcome("failed", f"{self.FAILED}: {str(error) or repr(error)}", "internal", details))

    def _onMessage(self, message: dict) -> None:
        raise NotImplementedError

    def _onEnd(self, outcome: Outcome) -> None:
        raise NotImplementedError

    def _onGone(self, what: str) -> None:
        self.cancel(what)

    def _conclude(self, outcome: Outcome) -> None:
        if self.running:
            self._watch.end()
            self._turns.stop()  # what is still read belongs to nobody, and its files go
            self.outcome = outcome
            self.onFinished(outcome)


def _nothing(*args) -> None:
    pass
