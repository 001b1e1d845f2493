"""Builds the module `qt`: the names of QtCore, QtGui, QtWidgets and QUiLoader in one namespace."""

import sys
import types

from PySide6 import QtCore, QtGui, QtWidgets

from . import qt_as_pythonqt, qt_dialogs, qt_signals
from .ui_loader import StrictUiLoader

__all__ = ["install"]

# Python helpers of PySide6 that PythonQt does not have under these names.
PYSIDE_ONLY = {"QEnum", "QFlag", "QtMsgType", "Qt", "QIOPipe", "QGenericArgument", "QGenericReturnArgument"}

STRING_LISTS = {
    QtCore.QProcess: ("arguments",),
    QtCore.QProcessEnvironment: ("keys", "toStringList"),
    QtCore.QDir: ("entryList", "nameFilters"),
    QtCore.QSettings: ("allKeys", "childKeys", "childGroups"),
    QtWidgets.QFileDialog: ("selectedFiles", "nameFilters"),
}


class _SingleShot:
    """QTimer.singleShot: reading gives the static slot; assigning to it on an instance sets the property."""

    def __get__(self, instance, owner=None):
        return _singleShot


def _singleShot(milliseconds, callable_):
    # a timer of its own: PySide6's static method connects by signal objects, which the patched connect refuses
    timer = QtCore.QTimer(QtCore.QCoreApplication.instance())
    timer.setSingleShot(True)
    call = qt_signals.guarded(callable_, "QTimer.singleShot", 0)
    qt_signals.connect(timer, "timeout()", lambda: (timer.deleteLater(), call()))
    timer.start(int(milliseconds))


def _patchTimer():
    QtCore.QTimer.singleShot = _SingleShot()


def _patchDevices():
    write = QtCore.QIODevice.write

    def writeText(device, data, *args):
        return write(device, data.encode() if isinstance(data, str) else data, *args)

    QtCore.QIODevice.write = writeText


def _patchStringLists():
    def returningTuple(method):
        return lambda self, *args: tuple(method(self, *args))

    for cls, names in STRING_LISTS.items():
        for name in names:
            setattr(cls, name, returningTuple(getattr(cls, name)))


def install():
    """Patch PySide6 and put the module `qt` (and nothing named PySide6) before the extension's code."""
    qt_as_pythonqt.install()
    qt_dialogs.install()
    _patchTimer()
    _patchDevices()
    _patchStringLists()
    module = types.ModuleType("qt", "Stand-in for PythonQt's qt module")
    for source in (QtCore, QtGui, QtWidgets):
        for name in dir(source):  # not vars(): PySide6 makes its classes when they are first asked for
            value = getattr(source, name)
            if name.startswith("Q") and name not in PYSIDE_ONLY and isinstance(value, type):
                setattr(module, name, value)
    module.Qt = QtCore.Qt
    module.QUiLoader = StrictUiLoader
    sys.modules["qt"] = module
    return module
