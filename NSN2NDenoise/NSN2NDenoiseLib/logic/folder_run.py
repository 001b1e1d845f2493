"""All volumes of a folder: the command ``nsn2n batch`` in a process of its own."""

import os
import re
import signal
from collections.abc import Callable

import qt

from NSN2NDenoiseLib.child import protocol

from .child_process import LOG_TAIL, Outcome
from .python_program import findPython

#: The page that a batch writes into its folder.
PAGE = "nsn2n-batch.html"
#: What the command says of its progress.
PROGRESS = re.compile(r"\] (\d+) of (\d+)(.*)")
#: What it ends with: all done, some volumes without result.
DONE, SOME_FAILED = 0, 1
#: Milliseconds between asking it to stop and ending it; finished volumes stay in any case.
KILL_AFTER = 10_000


class FolderRun:
    """Runs ``nsn2n batch``; `outcome.message` is the command's own sentence when it fails.

    Args:
        inputFolder, outputFolder: paths.
        options: of the command.
        onProgress: called with (volumes ended, all volumes, rest of the line: rate and time left).
        onLog: called with every line that the command prints.
        onFinished: called once with the `Outcome`.
    """

    def __init__(
        self,
        inputFolder: str,
        outputFolder: str,
        options: list[str],
        onProgress: Callable[[int, int, str], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self.outcome: Outcome | None = None
        self.page = os.path.join(outputFolder, PAGE)
        self._arguments = ["-m", "NSN2NDenoiseLib.cli", "batch", inputFolder, outputFolder, *options]
        self._onProgress, self._onLog, self._onFinished = onProgress, onLog, onFinished
        self._lines, self._said = protocol.LineBuffer(), []
        self._cancelled = False
        self._killTimer = qt.QTimer()
        self._killTimer.setSingleShot(True)
        self._killTimer.connect("timeout()", self._kill)
        self._process = qt.QProcess()
        self._process.setProcessEnvironment(_environment())
        self._process.setProcessChannelMode(qt.QProcess.MergedChannels)
        self._process.connect("readyReadStandardOutput()", self._read)
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._onError)
        self._process.connect("finished(int,QProcess::ExitStatus)", self._onExit)

    @property
    def running(self) -> bool:
        """Whether the outcome is still to come."""
        return self.outcome is None

    def start(self) -> None:
        """Start the process; RuntimeError without a Python for it."""
        self._process.start(findPython(), self._arguments)

    def cancel(self) -> None:
        """Stop: what is finished stays, and the same call goes on there."""
        if self.running and not self._cancelled:
            self._cancelled = True
            _interrupt(self._process)
            self._killTimer.start(KILL_AFTER)

    def stopNow(self) -> None:
        """Stop, and don't return before the process is gone."""
        self.cancel()
        if self.running and not self._process.waitForFinished(2000):
            self._kill()
            self._process.waitForFinished(2000)

    def wait(self, milliseconds: int) -> None:
        """Block until something happens or the time is over."""
        self._process.waitForFinished(milliseconds)

    def _kill(self) -> None:
        if self.running:
            self._process.kill()

    def _read(self) -> None:
        if self.running:
            self._hear(self._lines.feed(self._process.readAllStandardOutput().data()))

    def _hear(self, lines: list[str]) -> None:
        for line in filter(None, map(str.strip, lines)):
            self._said = [*self._said, line][-LOG_TAIL:]
            self._onLog(line)
            told = PROGRESS.search(line)
            if told:
                self._onProgress(int(told[1]), int(told[2]), told[3].strip(" ,"))

    def _onError(self, error) -> None:
        if error == qt.QProcess.FailedToStart and self.running:
            text = f"The process that denoises could not be started: {self._process.errorString()}."
            self._finish(Outcome("failed", text, "start"))

    def _onExit(self, code, status) -> None:
        if not self.running:
            return
        self._read()
        self._hear(self._lines.flush())
        said = next((line.removeprefix("nsn2n: ") for line in reversed(self._said) if line.startswith("nsn2n: ")), "")
        if self._cancelled:
            outcome = Outcome("cancelled", "Stopped. Finished volumes stay, and the same folders go on from there.")
        elif int(code) == DONE and status == qt.QProcess.NormalExit:
            outcome = Outcome("done")
        else:
            kind = "some" if int(code) == SOME_FAILED and os.path.exists(self.page) else "run"
            text = said or "The process that denoises the folder was ended by the system or crashed."
            outcome = Outcome("failed", text[0].upper() + text[1:], kind, "\n".join(self._said))
        self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._killTimer.stop()
        self._process.deleteLater()
        self._killTimer.deleteLater()
        finished = self._onFinished
        del self._onProgress, self._onLog, self._onFinished
        finished(outcome)


def _interrupt(process) -> None:
    """Ctrl-C, where there is such a thing."""
    if os.name == "posix":
        os.kill(int(process.processId()), signal.SIGINT)
    else:
        process.kill()


def _environment():
    """The environment of Slicer, in which the package is found."""
    environment = qt.QProcessEnvironment.systemEnvironment()
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    before = environment.value("PYTHONPATH")
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, (package, before))))
    environment.insert("PYTHONUNBUFFERED", "1")
    environment.insert("PYTHONIOENCODING", "utf-8")
    return environment
