"""Records everything that a real Slicer would have shown as an error, so that a test can fail on it.

PythonQt and VTK print most errors and go on. Here each of them becomes a `Problem`; the pytest fixtures
fail the test that left one behind.
"""

import atexit
import re
import shutil
import sys
import tempfile
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import vtk
from PySide6 import QtCore

__all__ = ["Problem", "Problems", "problems"]

# Messages of Qt that say something about this machine or the offscreen platform, and nothing about the module.
HARMLESS_QT_MESSAGES = re.compile(
    r"propagateSizeHints|does not support raise|Populating font family aliases|Cannot find font directory"
    r"|XDG_RUNTIME_DIR|qt\.qpa\.|Session DBus|QFont::setPointSize"
)


@dataclass(frozen=True)
class Problem:
    """One recorded error. kind: "slot", "signal", "vtk", "qt", "dialog", "python" or "install"."""

    kind: str
    text: str

    def __str__(self):
        return f"[{self.kind}] {self.text}"


class Problems:
    """The recorder; `problems` is its only instance."""

    def __init__(self):
        self._list = []
        self._lock = threading.Lock()
        folder = tempfile.mkdtemp(prefix="slicer-host-log-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._vtkLog = Path(folder) / "vtk.log"
        self._vtkSeen = 0
        self._outputWindow = None

    def record(self, kind, text):
        """Keep one problem and print it, as Slicer would."""
        print(f"[host:{kind}] {text}", file=sys.stderr)
        with self._lock:
            self._list.append(Problem(kind, text.strip()))

    def recordException(self, kind, where, error):
        """Keep an exception that Qt or VTK would have swallowed."""
        self.record(kind, f"{where}\n" + "".join(traceback.format_exception(error)))

    def take(self):
        """Return what was recorded since the last call, and forget it."""
        self._readVtkLog()
        with self._lock:
            taken, self._list = self._list, []
        return taken

    @contextmanager
    def expected(self, kind, pattern="", count=None):
        """Within this block, problems of `kind` whose text has `pattern` are expected; AssertionError if none comes.

        Yields the list of the problems found (filled when the block ends). `count`: the exact number expected.
        """
        before = self.take()
        found = []
        try:
            yield found
        finally:
            after = self.take()
            found += [problem for problem in after if problem.kind == kind and re.search(pattern, problem.text)]
            with self._lock:
                self._list = before + [problem for problem in after if problem not in found] + self._list
        if not found or (count is not None and len(found) != count):
            wanted = "at least one" if count is None else count
            raise AssertionError(f"Expected {wanted} problem(s) of kind {kind} matching {pattern!r}, got {len(found)}")

    def install(self):
        """Redirect VTK's and Qt's messages and the unhandled Python exceptions to this recorder."""
        self._outputWindow = vtk.vtkFileOutputWindow()
        self._outputWindow.SetFileName(str(self._vtkLog))
        self._outputWindow.SetFlush(True)
        self._outputWindow.SetAppend(True)
        vtk.vtkOutputWindow.SetInstance(self._outputWindow)
        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
        QtCore.qInstallMessageHandler(self._onQtMessage)
        self.installHooks()

    def installHooks(self):
        """Take Python's exception hooks (pytest takes them too, so the fixtures call this for each test)."""
        sys.excepthook = lambda kind, error, trace: self.recordException("python", "Unhandled exception", error)
        sys.unraisablehook = lambda info: self.recordException(
            "python", f"{info.err_msg or 'Exception ignored in'} {info.object!r}", info.exc_value
        )
        threading.excepthook = lambda info: self.recordException("python", "Exception in a thread", info.exc_value)

    def _onQtMessage(self, kind, context, text):
        if kind in (QtCore.QtMsgType.QtDebugMsg, QtCore.QtMsgType.QtInfoMsg):
            return
        category = getattr(context, "category", None) or ""
        if not HARMLESS_QT_MESSAGES.search(f"{category} {text}"):
            self.record("qt", text)

    def _readVtkLog(self):
        if not self._vtkLog.exists():
            return
        with self._vtkLog.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._vtkSeen)
            text = log.read()
            self._vtkSeen = log.tell()
        for message in re.split(r"(?=^(?:ERROR|Warning|Generic Warning|Debug): )", text, flags=re.MULTILINE):
            if message.startswith("ERROR"):
                self.record("vtk", message)
            elif message.strip():
                print(message.strip(), file=sys.stderr)


problems = Problems()
