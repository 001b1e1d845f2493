"""Patches PySide6 in place so that QObjects behave in Python as PythonQt's wrappers do.

Properties are values (`button.text`), `connect` takes signature strings, new attributes on C++ objects are refused,
`isinstance` does not know the C++ base classes. What only PySide6 has (`button.text()`) fails, as it does in Slicer.
"""

import enum
import functools
from contextlib import contextmanager

import shiboken6
from PySide6 import QtCore

from . import qt_signals
from .qt_classes import QT_CLASSES, classInfo, cppInfo, standIn
from .qt_enums import makeEnumsNumeric

__all__ = ["install", "loadingUi", "standIn"]

_QObject, _SignalInstance = QtCore.QObject, QtCore.SignalInstance
_property = _QObject.property
_setProperty = _QObject.setProperty
_originalGet = {}
_loading = []
_reading = set()

# Members of Qt 6 that the Qt 5.15 builds of Slicer lack.
TOO_NEW = {"checkStateChanged", "textHighlighted", "idClicked"}

# Properties that PythonQt hides behind a static method of the same name when they are read.
STATIC_OVER_PROPERTY = {"singleShot"}


@contextmanager
def loadingUi():
    """In this block new attributes are dropped: PySide6's QUiLoader sets one for each child widget."""
    _loading.append(True)
    try:
        yield
    finally:
        _loading.pop()


@functools.cache
def _originalGetOf(cls):
    return next(_originalGet[base] for base in cls.__mro__ if base in _originalGet)


def _plainGet(self, name):
    """The attribute as PySide6 gives it."""
    return _originalGetOf(type(self))(self, name)


def _plainSet(self, name, value):
    """What object.__setattr__ does (Python refuses to call that one for these types)."""
    for cls in type(self).__mro__:
        if name in vars(cls):
            if hasattr(type(vars(cls)[name]), "__set__"):
                vars(cls)[name].__set__(self, value)
                return
            break
    _plainGet(self, "__dict__")[name] = value


def _isDynamicProperty(self, name):
    return name.encode() in [bytes(key) for key in _plainGet(self, "dynamicPropertyNames")()]


def _get(self, name):
    cls = type(self)
    if name[:2] == "__":
        return _originalGetOf(cls)(self, name)
    info = classInfo(cls)
    if name not in info.pythonNames:
        if name[0] != "_" and not shiboken6.isValid(self):
            raise ValueError(f"Trying to use '{name}' of a destroyed {info.name} object")
        if name in _SPECIAL:
            return _SPECIAL[name].__get__(self)
        if name in info.accessible and name not in STATIC_OVER_PROPERTY:
            return _getProperty(self, info.qtName(name))
        if name in TOO_NEW:
            raise AttributeError(f"{info.name} has no attribute named '{name}' in Qt 5.15")
    try:
        value = _originalGetOf(cls)(self, name)
    except AttributeError:
        return _getMissing(self, info, name)
    if type(value) is _SignalInstance:
        return qt_signals.BoundSignal(self, name, value)
    return value


def _getProperty(self, name):
    # A virtual getter makes PySide6 look for an override in Python under the same name: it must find its own method.
    key = (shiboken6.getCppPointer(self)[0], name)
    if key in _reading:
        return _plainGet(self, name)
    _reading.add(key)
    try:
        value = _property(self, name)
    finally:
        _reading.discard(key)
    return tuple(value) if isinstance(value, list) else value


def _getMissing(self, info, name):
    if name.endswith("_") and not name.endswith("__"):
        try:
            return _plainGet(self, name[:-1])  # exec_ is how PythonQt spells exec
        except AttributeError:
            pass
    if shiboken6.isValid(self):
        if _isDynamicProperty(self, name):
            return _property(self, name)
        for child in _plainGet(self, "children")():
            if _property(child, "objectName") == name:
                return child
    raise AttributeError(f"{info.name} has no attribute named '{name}'")


def _set(self, name, value):
    info = classInfo(type(self))
    if isinstance(value, QtCore.SignalInstance):
        _plainSet(self, name, value)  # PySide6 itself keeps a bound signal so
    elif name in info.pythonNames and name not in info.accessible:
        _plainSet(self, name, value)
    elif name in info.accessible:
        _setQtProperty(self, info, name, value)
    elif info.cpp.isStandIn and name.startswith("_"):
        _plainSet(self, name, value)
    elif hasattr(info.cpp.cls, name):
        raise AttributeError(f"'{name}' can not be overwritten on {info.name} object")
    elif _isDynamicProperty(self, name):
        _setProperty(self, name, value)
    elif info.isDerived:
        _plainSet(self, name, value)
    elif not _loading:
        raise AttributeError(
            f"'{name}' does not exist on {info.name} and creating new attributes on C++ objects is not allowed"
        )


def _setQtProperty(self, info, name, value):
    writable, typeName = info.accessible[name]
    if not writable:
        raise AttributeError(f"Property '{name}' of {info.name} object is not writable")
    if isinstance(value, tuple):
        value = list(value)
    name = info.qtName(name)
    accepted = value is not None or typeName == "PyObject"
    if accepted and isinstance(value, enum.Enum):
        accepted = _setProperty(self, name, value) or _setProperty(self, name, value.value)
    elif accepted:
        accepted = _setProperty(self, name, value)
    if not accepted:
        raise AttributeError(
            f"Property '{name}' of type '{typeName}' does not accept an object of type {type(value).__name__}"
            f" ({value!r})"
        )


def _className(self):
    return classInfo(type(self)).name


_SPECIAL = {
    "connect": qt_signals.connect,
    "disconnect": qt_signals.disconnect,
    "className": _className,
    "delete": lambda self: shiboken6.delete(self),
}


def _isCpp(cls):
    return cls.__module__.startswith("PySide6") or (issubclass(cls, _QObject) and _isStandIn(cls))


def _isStandIn(cls):
    try:
        return cppInfo(cls).isStandIn
    except KeyError:
        return False


def _instancecheck(cls, obj):
    """PythonQt's wrapped classes do not inherit in Python: only the object's own class and Python subclasses match."""
    if cls.__module__ == "Shiboken" or not type.__instancecheck__(cls, obj):
        return type.__instancecheck__(cls, obj)
    for ancestor in type(obj).__mro__:
        if ancestor is cls or _isCpp(ancestor):
            return ancestor is cls
    return False


def install():
    """Patch PySide6; once for the process."""
    makeEnumsNumeric()
    # Classes have slots of their own (QFile finds its static and its other `exists` there), so each is patched.
    _originalGet.update({cls: cls.__getattribute__ for cls in QT_CLASSES})
    for cls in QT_CLASSES:
        cls.__getattribute__ = _get
        cls.__setattr__ = _set
    type(_QObject).__instancecheck__ = _instancecheck
