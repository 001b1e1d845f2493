"""What Qt's meta-objects tell of each class: its properties, signals and slots, read once at the start.

PySide6 drops the Python object of a meta-object together with the widget that it was asked from, so nothing here asks
for one later.
"""

import functools
import inspect

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

__all__ = ["QT_CLASSES", "ClassInfo", "classInfo", "standIn"]

_modules = (QtCore, QtGui, QtWidgets, QtUiTools)
_all = {getattr(module, name) for module in _modules for name in dir(module) if name.startswith("Q")}
QT_CLASSES = [cls for cls in _all if isinstance(cls, type) and issubclass(cls, QtCore.QObject)]

_cppInfos = {}


class CppClassInfo:
    """One C++ class, or the Python class that stands for one.

    properties: name -> (writable, type name); methods: all signatures; signals: name -> first signature.
    """

    def __init__(self, cls, isStandIn):
        self.cls, self.isStandIn = cls, isStandIn
        metaObject = cls.staticMetaObject
        self.properties, self.methods, self.signals = {}, set(), {}
        for index in range(metaObject.propertyCount()):
            item = metaObject.property(index)
            if item.isReadable():
                self.properties[item.name()] = (item.isWritable(), item.typeName())
        for index in range(metaObject.methodCount()):
            method = metaObject.method(index)
            signature = bytes(method.methodSignature()).decode()
            self.methods.add(signature)
            if method.methodType() == QtCore.QMetaMethod.Signal:
                self.signals.setdefault(signature.partition("(")[0], []).append(signature)

    def declares(self, kind, signature):
        """Whether `signature`, which has a VTK type, is among the class's cppSignals or cppSlots (`kind`)."""
        return any(signature in vars(cls).get(kind, ()) for cls in self.cls.__mro__)


class ClassInfo:
    """A Python type of Qt objects: the C++ class behind it, and what Python subclasses add.

    accessible: the properties that PythonQt shows as values, less those whose virtual getter a Python class overrides;
    pythonNames: attributes of the Python subclasses.
    """

    def __init__(self, cls):
        mro = cls.__mro__
        position = next(index for index, ancestor in enumerate(mro) if ancestor in _cppInfos)
        self.cpp = _cppInfos[mro[position]]
        self.name = self.cpp.cls.__name__
        self.isDerived = position > 0
        self.pythonNames = {name for ancestor in mro[:position] for name in vars(ancestor)}
        overrides = {name for ancestor in mro for name, value in vars(ancestor).items() if inspect.isfunction(value)}
        self.accessible = {name: item for name, item in self.cpp.properties.items() if name not in overrides}
        self.accessible.setdefault("name", self.accessible["objectName"])

    def qtName(self, name):
        """PythonQt's `name` is `objectName`, unless the class has a property of its own with that name."""
        return "objectName" if name == "name" and "name" not in self.cpp.properties else name


@functools.cache
def classInfo(cls):
    return ClassInfo(cls)


def standIn(cls):
    """Class decorator: this Python class stands for a C++ class; its attributes are closed as those of C++ objects."""
    _cppInfos[cls] = CppClassInfo(cls, True)
    return cls


def cppInfo(cls):
    """The CppClassInfo of a Qt class or of a stand-in."""
    return _cppInfos[cls]


for _cls in QT_CLASSES:
    _cppInfos[_cls] = CppClassInfo(_cls, False)
