"""Patches PySide6 in place so that QObjects behave in Python as PythonQt's wrappers do.

Properties are values (`button.text`), `connect` takes signature strings, new attributes on C++ objects are refused,
`isinstance` does not know the C++ base classes. What only PySide6 has (`button.text()`) fails, as it does in Slicer.
"""

from contextlib import contextmanager

import shiboken6
from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets

from . import qt_signals
from .qt_enums import makeEnumsNumeric

__all__ = ["install", "standIn", "isA"]

_QObject = QtCore.QObject
_getattribute = _QObject.__getattribute__
_property = _QObject.property
_setProperty = _QObject.setProperty

# Virtual methods that are properties too: PySide6 looks them up from C++ to find overrides in Python.
VIRTUAL_GETTERS = {"sizeHint", "minimumSizeHint"}

# Members of Qt 6 that the Qt 5.15 builds of Slicer lack.
TOO_NEW = {"checkStateChanged", "textHighlighted", "idClicked"}

_standIns = set()
_loading = []
_originalGet = {}
_classInfos = {}


def standIn(cls):
    """Class decorator: this Python class stands for a C++ class (its attributes are closed, see `install`)."""
    _standIns.add(cls)
    return cls


@contextmanager
def loadingUi():
    """In this block new attributes are dropped: PySide6's QUiLoader sets one for each child widget."""
    _loading.append(True)
    try:
        yield
    finally:
        _loading.pop()


def isA(obj, cls):
    """isinstance as Python sees it, for the host's own use."""
    return type.__instancecheck__(cls, obj)


class _ClassInfo:
    def __init__(self, cls):
        mro = cls.__mro__
        position = next(i for i, c in enumerate(mro) if c in _standIns or c.__module__.startswith("PySide6"))
        self.cppClass = mro[position]
        self.originalGet = next(_originalGet[c] for c in mro if c in _originalGet)
        self.isStandIn = self.cppClass in _standIns
        self.isDerived = position > 0
        self.pythonNames = {name for c in mro[:position] for name in vars(c)}
        metaObject = self.cppClass.staticMetaObject
        self.properties = {}
        for index in range(metaObject.propertyCount()):
            metaProperty = metaObject.property(index)
            if metaProperty.name() not in VIRTUAL_GETTERS and metaProperty.isReadable():
                self.properties[metaProperty.name()] = (metaProperty.isWritable(), metaProperty.typeName())
        if "name" not in self.properties:
            self.properties["name"] = self.properties["objectName"]
        self.staticNames = vars(self.cppClass).get("staticOverProperty", ())


def _info(cls):
    info = _classInfos.get(cls)
    if info is None:
        info = _classInfos[cls] = _ClassInfo(cls)
    return info


def _setPlain(self, name, value):
    """What object.__setattr__ does (Python refuses to call that one for these types)."""
    for cls in type(self).__mro__:
        if name in vars(cls):
            if hasattr(type(vars(cls)[name]), "__set__"):
                vars(cls)[name].__set__(self, value)
                return
            break
    _getattribute(self, "__dict__")[name] = value


def _get(self, name):
    if name[:2] == "__":
        return _getattribute(self, name)
    info = _info(type(self))
    if name not in info.pythonNames:
        special = _SPECIAL.get(name)
        if special is not None:
            return special.__get__(self)
        if name in info.properties and name not in info.staticNames:
            if not shiboken6.isValid(self):
                raise ValueError(f"Trying to read property '{name}' from a destroyed {info.cppClass.__name__} object")
            value = _property(self, _propertyName(info, name))
            return tuple(value) if isinstance(value, list) else value
        if name in TOO_NEW:
            raise AttributeError(f"{info.cppClass.__name__} has no attribute named '{name}' in Qt 5.15")
    try:
        value = info.originalGet(self, name)
    except AttributeError:
        return _getMissing(self, info, name)
    if isinstance(value, QtCore.SignalInstance):
        return qt_signals.BoundSignal(self, name, value)
    return value


def _propertyName(info, name):
    if name == "name" and info.cppClass.staticMetaObject.indexOfProperty("name") < 0:
        return "objectName"
    return name


def _getMissing(self, info, name):
    if name.endswith("_") and not name.endswith("__"):
        try:
            return info.originalGet(self, name[:-1])  # exec_ is how PythonQt spells exec
        except AttributeError:
            pass
    if shiboken6.isValid(self):
        if name.encode() in [bytes(key) for key in _getattribute(self, "dynamicPropertyNames")()]:
            return _property(self, name)
        for child in _getattribute(self, "children")():
            if _property(child, "objectName") == name:
                return child
    raise AttributeError(f"{info.cppClass.__name__} has no attribute named '{name}'")


def _set(self, name, value):
    info = _info(type(self))
    cppName = info.cppClass.__name__
    if name in info.pythonNames and name not in info.properties:
        _setPlain(self, name, value)
    elif name in info.properties:
        writable, typeName = info.properties[name]
        if not writable:
            raise AttributeError(f"Property '{name}' of {cppName} object is not writable")
        if isinstance(value, tuple):
            value = list(value)
        if (value is None and typeName != "PyObject") or not _setProperty(self, _propertyName(info, name), value):
            raise AttributeError(
                f"Property '{name}' of type '{typeName}' does not accept an object of type {type(value).__name__}"
                f" ({value!r})"
            )
    elif info.isStandIn and name.startswith("_"):
        _setPlain(self, name, value)
    elif hasattr(info.cppClass, name):
        raise AttributeError(f"'{name}' can not be overwritten on {cppName} object")
    elif name.encode() in [bytes(key) for key in _getattribute(self, "dynamicPropertyNames")()]:
        _setProperty(self, name, value)
    elif info.isDerived:
        _setPlain(self, name, value)
    elif not _loading:
        raise AttributeError(
            f"'{name}' does not exist on {cppName} and creating new attributes on C++ objects is not allowed"
        )


def _className(self):
    return _info(type(self)).cppClass.__name__


def _delete(self):
    shiboken6.delete(self)


_SPECIAL = {
    "connect": qt_signals.connect,
    "disconnect": qt_signals.disconnect,
    "className": _className,
    "delete": _delete,
}


def _instancecheck(cls, obj):
    """PythonQt's wrapped classes do not inherit in Python: only the object's own class and Python subclasses match."""
    kind = type(obj)
    if not type.__instancecheck__(cls, obj) or cls.__module__ == "Shiboken":
        return type.__instancecheck__(cls, obj)
    for ancestor in kind.__mro__:
        if ancestor is cls:
            return True
        if ancestor in _standIns or ancestor.__module__.startswith("PySide6"):
            return False
    return False


def install():
    """Patch PySide6; once for the process."""
    makeEnumsNumeric()
    modules = (QtCore, QtGui, QtNetwork, QtWidgets, QtUiTools)
    classes = {getattr(module, name) for module in modules for name in dir(module) if name.startswith("Q")}
    classes = [cls for cls in classes if isinstance(cls, type) and issubclass(cls, _QObject)]
    # Classes have slots of their own (QFile finds its static and its other `exists` there), so each is patched.
    _originalGet.update({cls: cls.__getattribute__ for cls in classes})
    for cls in classes:
        cls.__getattribute__ = _get
        cls.__setattr__ = _set
    type(_QObject).__instancecheck__ = _instancecheck
