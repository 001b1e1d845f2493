"""Modal dialogs: each must be expected by the test, with an answer; any other is a recorded problem.

`dialogs.expect(...)` is the test's side. A dialog that nobody expects is answered with Cancel at once, so that a
headless run never hangs.
"""

import inspect
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

from PySide6 import QtCore, QtWidgets

from .strict import problems

__all__ = ["Dialogs", "ShownDialog", "dialogs", "install"]

LOOP_LIMIT_MS = 120_000

_messageBoxStatics = ("question", "information", "warning", "critical", "about")


@dataclass
class ShownDialog:
    """What a modal dialog showed. `answer` is what the test gave to it."""

    title: str
    text: str
    detailedText: str = ""
    answer: object = None
    widget: object = field(default=None, repr=False)


@dataclass
class _Expectation:
    pattern: str
    answer: object


class Dialogs:
    """The expected dialogs, in order, and those that were shown."""

    def __init__(self):
        self.shown = []
        self._expectations = []

    @contextmanager
    def expect(self, pattern="", answer="ok"):
        """In this block one modal dialog must appear whose title, text or details match `pattern`.

        answer: the name of a button ("ok", "yes", "no", "cancel", "retry", "close"), the value to return (file names,
        input), or a function that gets the dialog's widget, may use it, and returns the result code.
        Yields a list that holds the `ShownDialog` once it was shown. AssertionError if none was.
        """
        expectation = _Expectation(pattern, answer)
        self._expectations.append(expectation)
        first = len(self.shown)
        matched = []
        try:
            yield matched
        finally:
            matched += self.shown[first:]
            unmet = expectation in self._expectations
            if unmet:
                self._expectations.remove(expectation)
        if unmet:
            raise AssertionError(f"No dialog matching {pattern!r} was shown")

    def reset(self):
        self.shown.clear()
        self._expectations.clear()

    def answer(self, dialog):
        """The answer of the first matching expectation; None (and a problem) if nobody expects this dialog."""
        text = f"{dialog.title}\n{dialog.text}\n{dialog.detailedText}"
        for expectation in self._expectations:
            if re.search(expectation.pattern, text, re.IGNORECASE):
                self._expectations.remove(expectation)
                dialog.answer = expectation.answer
                self.shown.append(dialog)
                return expectation.answer
        problems.record("dialog", f"A modal dialog that no test expects: {text.strip()}")
        return None


dialogs = Dialogs()


def _describe(widget):
    text, details = "", ""
    if widget.inherits("QMessageBox"):
        text = "\n".join(part for part in (widget.text, widget.informativeText) if part)
        details = widget.detailedText
    else:
        text = "\n".join(label.text for label in widget.findChildren(QtWidgets.QLabel) if label.text)
    return ShownDialog(widget.windowTitle, text, details, widget=widget)


def _buttonCode(widget, answer):
    name = answer.capitalize()
    if widget.inherits("QMessageBox"):
        code = getattr(QtWidgets.QMessageBox, name, None)
        if code is None or widget.button(code) is None:
            problems.record("dialog", f"The dialog '{widget.windowTitle}' has no button {name!r}")
            return QtWidgets.QMessageBox.Cancel
        return code
    accepted = name in ("Ok", "Yes", "Open", "Save", "Retry")
    return QtWidgets.QDialog.Accepted if accepted else QtWidgets.QDialog.Rejected


def _isDelayDisplay():
    """slicer.util.delayDisplay shows a popup that closes by itself: nothing to answer."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "delayDisplay" and frame.f_code.co_filename.replace("\\", "/").endswith("util.py"):
            return True
        frame = frame.f_back
    return False


def _exec(widget, *args):
    widget.show()
    QtWidgets.QApplication.processEvents()
    if _isDelayDisplay():
        widget.close()
        return QtWidgets.QDialog.Accepted
    dialog = _describe(widget)
    answer = dialogs.answer(dialog)
    if callable(answer):
        result = answer(widget)
    elif isinstance(answer, str):
        result = _buttonCode(widget, answer)
    elif answer is None:
        result = QtWidgets.QMessageBox.Cancel if widget.inherits("QMessageBox") else QtWidgets.QDialog.Rejected
    else:
        result = answer
    widget.done(int(result))
    return result


def _static(kind):
    def show(parent, title, text, *args, **kwargs):
        answer = dialogs.answer(ShownDialog(title, text))
        if isinstance(answer, str):
            return getattr(QtWidgets.QMessageBox, answer.capitalize())
        return QtWidgets.QMessageBox.Cancel if answer is None else answer

    show.__name__ = kind
    return staticmethod(show)


def _valueDialog(className, nothing):
    def ask(parent=None, title="", *args, **kwargs):
        answer = dialogs.answer(ShownDialog(title, className))
        return nothing if answer is None else answer

    return staticmethod(ask)


_loopExec = QtCore.QEventLoop.exec


def _execLoop(loop, *args):
    """A nested event loop may run, but not for ever."""

    def stop():
        problems.record("dialog", f"A nested event loop ran for more than {LOOP_LIMIT_MS // 1000} s")
        loop.quit()

    watchdog = QtCore.QTimer()
    watchdog.setSingleShot(True)
    watchdog.connect("timeout()", stop)
    watchdog.start(LOOP_LIMIT_MS)
    try:
        return _loopExec(loop, *args)
    finally:
        watchdog.stop()


def install():
    """Replace every way to show a modal dialog from Python."""
    for cls in (QtWidgets.QDialog, QtWidgets.QMessageBox):
        cls.exec = cls.exec_ = _exec
    QtWidgets.QMenu.exec = QtWidgets.QMenu.exec_ = lambda menu, *_: dialogs.answer(ShownDialog("menu", menu.title))
    QtCore.QEventLoop.exec = _execLoop
    for kind in _messageBoxStatics:
        setattr(QtWidgets.QMessageBox, kind, _static(kind))
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"):
        setattr(QtWidgets.QFileDialog, name, _valueDialog("QFileDialog", ""))
    for name in ("getText", "getItem", "getInt", "getDouble", "getMultiLineText"):
        setattr(QtWidgets.QInputDialog, name, _valueDialog("QInputDialog", None))
