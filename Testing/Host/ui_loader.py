"""Loads .ui files strictly: every class must exist in Slicer's plugins, every property in its class.

Qt's own loader makes an empty widget of a class that it does not know, and drops an unknown property silently.
"""

import functools
import xml.etree.ElementTree as ET

from PySide6 import QtCore, QtUiTools, QtWidgets

from . import qt_as_pythonqt
from .qt_classes import cppInfo, standIn
from .qt_signals import hostSignature
from .strict import problems

__all__ = ["StrictUiLoader", "registerCustomWidget"]

_customWidgets = {}


def registerCustomWidget(cls):
    """Make a stand-in class known to the loader (usable as a class decorator)."""
    _customWidgets[cls.__name__] = cls
    return cls


class UiFileError(RuntimeError):
    """The .ui file would not load properly in Slicer."""


def _widgetClass(name):
    if name in _customWidgets:
        return _customWidgets[name]
    if name == "Line":
        return QtWidgets.QFrame
    return getattr(QtWidgets, name, None) if name.startswith("Q") else None


def _check(root):
    classes = {}
    errors = []
    declared = {element.findtext("class") for element in root.iter("customwidget")}
    names = [e.get("name") for tag in ("widget", "layout", "action") for e in root.iter(tag) if e.get("name")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        errors.append(f"the object name '{name}' is used more than once")
    for element in root.iter("widget"):
        className, name = element.get("class"), element.get("name")
        cls = _widgetClass(className)
        if cls is None:
            errors.append(f"'{name}': no widget class '{className}' is known")
            continue
        if className in _customWidgets and className not in declared:
            errors.append(f"'{name}': '{className}' is missing in <customwidgets>")
        classes[name] = cls
        for item in element.findall("property"):
            known = item.get("name") in cppInfo(cls).properties or item.get("stdset") == "0"
            if not known and (className, item.get("name")) != ("Line", "orientation"):
                errors.append(f"'{name}': {className} has no property '{item.get('name')}'")
    for connection in root.iter("connection"):
        sender, signal = connection.findtext("sender"), connection.findtext("signal")
        receiver, slot = connection.findtext("receiver"), connection.findtext("slot")
        for name, member, kind in ((sender, signal, "signal"), (receiver, slot, "slot")):
            if name not in classes:
                errors.append(f"a connection names an object '{name}' that does not exist")
            elif not _hasMember(classes[name], kind, member):
                errors.append(f"'{name}': {classes[name].__name__} has no {kind} '{member}'")
    return errors


def _hasMember(cls, kind, signature):
    cpp, host = cppInfo(cls), hostSignature(signature)
    declared = "PyObject" not in host or cpp.declares({"signal": "cppSignals", "slot": "cppSlots"}[kind], signature)
    return declared and host in cpp.methods


@functools.cache
def _prepared(text):
    """What is wrong with a file's text, and the text with the signatures that Qt has here."""
    root = ET.fromstring(text)
    errors = _check(root)
    for element in [e for tag in ("signal", "slot") for e in root.iter(tag)]:
        element.text = hostSignature(element.text)
    return errors, ET.tostring(root)


@standIn
class StrictUiLoader(QtUiTools.QUiLoader):
    """qt.QUiLoader: raises UiFileError for what would be wrong in Slicer."""

    def load(self, device, parent=None):
        fileName = device.fileName() if hasattr(device, "fileName") else "the .ui file"
        errors, text = _prepared(device.readAll().data())
        if errors:
            raise UiFileError(f"{fileName}:\n  " + "\n  ".join(errors))
        for cls in _customWidgets.values():
            self.registerCustomWidget(cls)
        buffer = QtCore.QBuffer()
        buffer.setData(text)
        buffer.open(QtCore.QIODevice.ReadOnly)
        with qt_as_pythonqt.loadingUi():
            widget = super().load(buffer, parent)
        if widget is None:
            problems.record("qt", f"QUiLoader could not load {fileName}: {self.errorString()}")
        return widget
