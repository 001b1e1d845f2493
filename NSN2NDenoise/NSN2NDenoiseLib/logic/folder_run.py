"""All volumes of a folder: the command ``nsn2n batch`` in a process of its own."""

import os
import re
import signal
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from NSN2NDenoiseLib.child import protocol

from .child_process import LOG_TAIL
from .outcome import Outcome
from .python_process import PythonProcess
from .python_program import findPython

#: The page that a batch writes into its folder.
PAGE = "nsn2n-batch.html"
#: What the command says of its progress.
PROGRESS = re.compile(r"\] (\d+) of (\d+)(.*)")
#: What it ends with: all done, some volumes without result.
DONE, SOME_FAILED = 0, 1
#: Milliseconds between asking it to stop and ending it; finished volumes stay in any case.
KILL_AFTER = 10_000


class FolderRun(PythonProcess):
    """Runs ``nsn2n batch``; `outcome.message` is the command's own sentence when it fails.

    Args:
        inputFolder, outputFolder: paths.
        options: of the command, by name; None takes its default, True is a switch that is on, False one that is off.
        onProgress: called with (volumes ended, all volumes, rest of the line: rate and time left).
        onLog: called with every line that the command prints.
        onFinished: called once with the `Outcome`.

    Raises:
        ValueError: there is no such input folder.
    """

    def __init__(
        self,
        inputFolder: str,
        outputFolder: str,
        options: dict,
        onProgress: Callable[[int, int, str], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        if not os.path.isdir(inputFolder):
            raise ValueError(_("The folder {path} does not exist.").format(path=inputFolder))
        super().__init__(onProgress, onLog, onFinished)
        folders = [os.path.abspath(folder) for folder in (inputFolder, outputFolder)]
        self.page = os.path.join(folders[1], PAGE)
        self._arguments = ["-m", "NSN2NDenoiseLib.cli", "batch", *folders, *_words(options)]
        self._lines, self._said = protocol.LineBuffer(), []
        self._cancelled = False
        self._process.setProcessChannelMode(qt.QProcess.MergedChannels)
        self._process.connect("readyReadStandardOutput()", self._read)

    def start(self) -> None:
        """Start the process. A failed start ends it at once, with an outcome like any other end."""
        try:
            program = findPython()
        except RuntimeError as error:
            self._finish(Outcome("failed", str(error), "start"))
            return
        self._process.start(program, self._arguments)

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
            self.kill()
            self._process.waitForFinished(2000)

    def wait(self, milliseconds: int) -> None:
        """Block until something happens or the time is over."""
        self._process.waitForFinished(milliseconds)

    def _read(self) -> None:
        if self.running:
            self._hear(self._lines.feed(self._process.readAllStandardOutput().data()))

    def _hear(self, lines: list[str]) -> None:
        for line in filter(None, map(str.strip, lines)):
            self._said = [*self._said, line][-LOG_TAIL:]
            self._onLog(line)
            told = PROGRESS.search(line)
            if told:
                self._onMessage(int(told[1]), int(told[2]), told[3].strip(" ,"))

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


def _words(options: dict) -> list[str]:
    """Options as the command line has them."""
    words = []
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def _interrupt(process) -> None:
    """Ctrl-C, where there is such a thing."""
    number = int(process.processId())
    if number <= 0:  # it has not begun or has ended; 0 would be Slicer itself, and all that it has started
        return
    if os.name == "posix":
        os.kill(number, signal.SIGINT)
    else:
        process.kill()
