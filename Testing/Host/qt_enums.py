"""Makes Qt's enums behave as in PythonQt, where each value is an int."""

import enum

from PySide6 import QtCore, QtGui, QtWidgets

__all__ = ["makeEnumsNumeric"]


def _number(value):
    return value.value if isinstance(value, enum.Enum) else value


def _equal(self, other):
    return self is other or self.value == _number(other)


def _patch(enumClass):
    if issubclass(enumClass, int):
        return
    enumClass.__eq__ = _equal
    enumClass.__ne__ = lambda self, other: not _equal(self, other)
    enumClass.__hash__ = lambda self: hash(self.value)
    enumClass.__int__ = lambda self: int(self.value)
    enumClass.__index__ = lambda self: int(self.value)
    enumClass.__bool__ = lambda self: bool(self.value)
    enumClass.__lt__ = lambda self, other: self.value < _number(other)
    enumClass.__le__ = lambda self, other: self.value <= _number(other)
    enumClass.__gt__ = lambda self, other: self.value > _number(other)
    enumClass.__ge__ = lambda self, other: self.value >= _number(other)


def makeEnumsNumeric():
    """Let every enum of QtCore, QtGui and QtWidgets compare with ints (`process.state() == 0`)."""
    for module in (QtCore, QtGui, QtWidgets):
        # not vars(module): PySide6 makes its classes when they are first asked for
        classes = [value for value in (getattr(module, name) for name in dir(module)) if isinstance(value, type)]
        for owner in classes:
            for value in [owner, *vars(owner).values()]:
                if isinstance(value, type) and issubclass(value, enum.Enum):
                    _patch(value)
