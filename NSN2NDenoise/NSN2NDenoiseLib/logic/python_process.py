"""A process that runs Slicer's Python, under QProcess; what every such process has in common."""

import os
from collections.abc import Callable

import qt

from .outcome import Outcome


class PythonProcess:
    """A process that is started, heard and stopped by a subclass, and always ends in one `Outcome`.

    PythonQt keeps what is connected to process and timer alive as long as these live, where Python's gc can't see it;
    so both are deleted at the end, but by `deleteLater`: the end comes in a signal of the process, and an error dialog
    runs an event loop of its own in there.

    Args:
        onMessage: called with what the process tells.
        onLog: called with lines of its log.
        onFinished: called once, with the `Outcome`, when the process has ended or could not start; the other two are
            not called any more.
    """

    def __init__(
        self, onMessage: Callable[..., None], onLog: Callable[[str], None], onFinished: Callable[[Outcome], None]
    ) -> None:
        self._onMessage, self._onLog, self._onFinished = onMessage, onLog, onFinished
        self.outcome: Outcome | None = None
        self._killTimer = qt.QTimer()
        self._killTimer.setSingleShot(True)
        self._killTimer.connect("timeout()", self.kill)
        self._process = qt.QProcess()
        self._process.setProcessEnvironment(_environment())
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._onError)
        self._process.connect("finished(int,QProcess::ExitStatus)", self._onExit)

    @property
    def running(self) -> bool:
        """Whether the outcome is still to come; when it has, the process' object may be deleted already."""
        return self.outcome is None

    def kill(self) -> None:
        """End the process without asking."""
        if self.running and self._process.state() != qt.QProcess.NotRunning:
            self._process.kill()

    def _onError(self, error) -> None:
        if error == qt.QProcess.FailedToStart and self.running:
            text = f"The process that denoises could not be started: {self._process.errorString()}."
            self._finish(Outcome("failed", text, "start", str(self._process.program())))

    def _onExit(self, code, status) -> None:
        """The process has ended; a subclass says how, by `_finish`."""
        raise NotImplementedError

    def _finish(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._killTimer.stop()
        self._process.deleteLater()
        self._killTimer.deleteLater()
        finished = self._onFinished
        del self._onMessage, self._onLog, self._onFinished
        finished(outcome)


def _environment():
    """The environment of Slicer, in which the package is found, with text in UTF-8 and nothing buffered."""
    environment = qt.QProcessEnvironment.systemEnvironment()
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    before = environment.value("PYTHONPATH")
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, (package, before))))
    environment.insert("PYTHONUNBUFFERED", "1")
    environment.insert("PYTHONIOENCODING", "utf-8")
    return environment
