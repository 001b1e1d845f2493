"""How a stand-in for a C++ widget class is written: its decorator and its simple properties."""

from PySide6.QtCore import Property

from .qt_classes import standIn
from .ui_loader import registerCustomWidget

__all__ = ["plainProperty", "widgetStandIn"]


def plainProperty(kind, name, default, changed=None):
    """A Q_PROPERTY that only keeps its value in `_name`; `changed` names the method called after a change."""

    def get(self):
        return self.__dict__.get("_" + name, default)

    def set_(self, value):
        self.__dict__["_" + name] = value
        if changed:
            getattr(self, changed)()

    return Property(kind, get, set_)


def widgetStandIn(cls):
    """Class decorator: a stand-in that .ui files may use."""
    return registerCustomWidget(standIn(cls))
