"""The child process under QProcess: start it, hear it, stop it; it always ends in one `Outcome`."""

import os
from collections import deque
from collections.abc import Callable

import qt

from NSN2NDenoiseLib.child import protocol

from .job_directory import REMEDY
from .outcome import Outcome
from .python_process import PythonProcess
from .python_program import findPython

#: Milliseconds between "cancel" and kill.
KILL_AFTER = 2500
#: Lines of stderr that are kept for an error's details.
LOG_TAIL = 60


class ChildProcess(PythonProcess):
    """Runs `worker.py` on a job directory.

    Args:
        directory: the job's directory.
        onMessage: called with every message (dict) of the child.
        onLog: called with every line that is not a message.
        onFinished: called once, with the `Outcome`, when the process has ended or could not start; the other two are
            not called any more.
    """

    def __init__(
        self,
        directory: str,
        onMessage: Callable[[dict], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        super().__init__(onMessage, onLog, onFinished)
        self._directory = directory
        self._output, self._errors = protocol.LineBuffer(), protocol.LineBuffer()
        self._tail: deque[str] = deque(maxlen=LOG_TAIL)
        self._done: dict | None = None
        self._error: dict | None = None
        self._cancelReason: str | None = None
        self._started = False
        self._unsent: list[str] = []
        self._process.connect("readyReadStandardOutput()", self._readOutput)
        self._process.connect("readyReadStandardError()", self._readErrors)

    def start(self) -> None:
        """Start the process. A failed start ends it at once, with an outcome like any other end."""
        try:
            program = findPython()
        except RuntimeError as error:
            self.abandon(Outcome("failed", str(error), "start"))
            return
        worker = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "child", "worker.py")
        self._started = True
        self._process.start(program, [worker, self._directory])
        unsent, self._unsent = self._unsent, []
        for command in unsent:
            self.send(command)

    def abandon(self, outcome: Outcome) -> None:
        """End with an outcome without having been started."""
        if self.running and not self._started:
            self._finish(outcome)

    @property
    def _alive(self) -> bool:
        """Whether there is a process; when there is none any more, its object may be deleted already."""
        return self._started and self.running

    @property
    def processId(self) -> int:
        """The system's number of the process; 0 when it doesn't run."""
        return int(self._process.processId()) if self._alive else 0

    def send(self, command: str) -> None:
        """Write one command to the child; one that is still to start gets it when it runs."""
        if self.running and not self._started:
            self._unsent.append(command)
        elif self._alive and self._process.state() != qt.QProcess.NotRunning:
            self._process.write((command + "\n").encode("ascii"))

    def cancel(self, reason: str) -> None:
        """Ask the child to stop, and kill it if it doesn't."""
        self.abandon(Outcome("cancelled", reason))
        if self.running and self._cancelReason is None:
            self._cancelReason = reason
            self.send("cancel")
            self._killTimer.start(KILL_AFTER)

    def wait(self, milliseconds: int) -> None:
        """Block until the child has said something, has ended, or the time is over."""
        if self._alive and not self._process.waitForReadyRead(milliseconds) and self._alive:
            self._process.waitForFinished(0)

    def stopNow(self, reason: str) -> None:
        """Cancel, and don't return before the process has ended (the application quits)."""
        self.cancel(reason)
        if self._alive and not self._process.waitForFinished(300):
            self.kill()
            if self._alive:
                self._process.waitForFinished(2000)
        self._end(0, crashed=True)

    def _readOutput(self) -> None:
        if not self._alive:
            return
        for line in self._output.feed(self._process.readAllStandardOutput().data()):
            self._take(line)

    def _readErrors(self) -> None:
        if not self._alive:
            return
        for line in self._errors.feed(self._process.readAllStandardError().data()):
            self._log(line)

    def _take(self, line: str) -> None:
        message = protocol.parse_line(line)
        if message is None:
            self._log(line)
        elif message["type"] == "done":
            self._done = message
        elif message["type"] == "error":
            self._error = message
        elif self._cancelReason is None:
            self._onMessage(message)

    def _log(self, line: str) -> None:
        if line.strip():
            self._tail.append(line)
            self._onLog(line)

    def _onExit(self, code, status) -> None:
        self._end(int(code), crashed=status != qt.QProcess.NormalExit)

    def _end(self, code: int, crashed: bool) -> None:
        if not self.running:
            return
        self._readOutput()
        self._readErrors()
        for line in self._output.flush():
            self._take(line)
        for line in self._errors.flush():
            self._log(line)
        log = "\n".join(self._tail)
        if self._cancelReason is not None:
            outcome = Outcome("cancelled", self._cancelReason)
        elif self._error is not None:
            details = "\n\n".join(part for part in (self._error.get("details"), log) if part)
            kind, message = self._error.get("kind", "internal"), self._error.get("message", "")
            outcome = Outcome("failed", f"{message} {REMEDY}" if kind == "files" else message, kind, details)
        elif not crashed and code == protocol.DONE and self._done is not None:
            outcome = Outcome("done", report=self._done.get("report") or {})
        else:
            how = "was ended by the system or crashed" if crashed else f"ended without a result (status {code})"
            outcome = Outcome(
                "failed",
                f"The process that denoises {how}. If the computer ran out of memory, close other programs or crop "
                "the volume, then try again.",
                "crash",
                log,
            )
        self._finish(outcome)
