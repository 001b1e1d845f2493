"""Which widgets can be bound to which parameter types, and how (a part of slicer.parameterNodeWrapper)."""

import enum
import pathlib
import types
import typing
from dataclasses import dataclass

import ctk
import qt
import slicer

from .parameter_types import Choice, Maximum, Minimum, WithinRange, splitAnnotations

__all__ = ["Decimals", "GuiConnector", "SingleStep", "createGuiConnector", "parameterNodeGuiConnector"]


@dataclass
class Decimals:
    """Annotation: decimals shown by the bound widget."""

    value: int


@dataclass
class SingleStep:
    """Annotation: step of the bound widget."""

    value: float


class GuiConnector:
    """Reads and writes one widget's value; `signal` is the widget's signal for a change ("" if it has none)."""

    signal = ""

    def __init__(self, widget, kind=None, annotations=()):
        self._widget, self._kind = widget, kind
        self._callback = None

    @staticmethod
    def canRepresent(widget, datatype):
        raise NotImplementedError

    @classmethod
    def create(cls, widget, datatype):
        return cls(widget, *splitAnnotations(datatype))

    def widget(self):
        return self._widget

    def onChanged(self, callback):
        self._callback = callback
        if self.signal:
            bound = getattr(self._widget, self.signal)
            if callback is None:
                bound.disconnect(self.changed)
            else:
                bound.connect(self.changed)

    def changed(self):
        if self._callback:
            self._callback()

    def read(self):
        raise NotImplementedError

    def write(self, value):
        raise NotImplementedError


_connectors = []


def parameterNodeGuiConnector(cls=None):
    """Class decorator: register a connector."""
    if cls is None:
        return parameterNodeGuiConnector
    _connectors.append(cls)
    return cls


def createGuiConnector(widget, datatype):
    """The connector for this widget and type; RuntimeError if Slicer has none."""
    if isinstance(datatype, types.UnionType):
        datatype = typing.Union[typing.get_args(datatype)]  # noqa: UP007
    for connector in _connectors:
        if connector.canRepresent(widget, datatype):
            return connector.create(widget, datatype)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{datatype}' to widget type '{type(widget)}'.")


def _first(annotations, kind):
    return next((item for item in annotations if isinstance(item, kind)), None)


def _bounds(annotations):
    within = _first(annotations, WithinRange)
    if within is not None:
        return within.minimum, within.maximum
    low, high = _first(annotations, Minimum), _first(annotations, Maximum)
    return low and low.minimum, high and high.maximum


def _base(datatype):
    return splitAnnotations(datatype)[0]


@parameterNodeGuiConnector
class CheckableConnector(GuiConnector):
    """bool in a check box or a checkable button."""

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        self.signal = "stateChanged" if widget.className() in ("QCheckBox", "ctkCheckBox") else "toggled"
        if self.signal == "toggled":
            widget.checkable = True

    @staticmethod
    def canRepresent(widget, datatype):
        return _base(datatype) is bool and type(widget) in (qt.QCheckBox, ctk.ctkCheckBox, qt.QPushButton)

    def read(self):
        return self._widget.checked

    def write(self, value):
        self._widget.checked = value


@parameterNodeGuiConnector
class IntegerConnector(GuiConnector):
    """int in a QSlider or a QSpinBox; the range of the parameter replaces that of the widget."""

    signal = "valueChanged"

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        step = _first(annotations, SingleStep)
        if step is not None:
            widget.singleStep = step.value
        low, high = _bounds(annotations)
        if type(widget) is qt.QSlider and (low is None or high is None):
            raise RuntimeError("Cannot have a connection to QSlider where the int type is unbounded.")
        widget.setMinimum(-(2**31) if low is None else low)
        widget.setMaximum(2**31 - 1 if high is None else high)

    @staticmethod
    def canRepresent(widget, datatype):
        return _base(datatype) is int and type(widget) in (qt.QSlider, qt.QSpinBox)

    def read(self):
        return self._widget.value

    def write(self, value):
        self._widget.value = value


@parameterNodeGuiConnector
class RealConnector(GuiConnector):
    """float or int in a spin box or ctk slider; the range of the parameter replaces that of the widget."""

    signal = "valueChanged"

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        decimals, step = _first(annotations, Decimals), _first(annotations, SingleStep)
        if type(widget) is not ctk.ctkDoubleSlider:
            if kind is int:
                widget.decimals = 0
            elif decimals is not None:
                widget.decimals = decimals.value
        if step is not None:
            widget.singleStep = step.value
        low, high = _bounds(annotations)
        bounded = low is not None and high is not None
        if type(widget) in (ctk.ctkSliderWidget, slicer.qMRMLSliderWidget) and not bounded:
            raise RuntimeError("Cannot have a connection to ctkSliderWidget where the float types is unbounded.")
        widget.minimum = float("-inf") if low is None else low
        widget.maximum = float("inf") if high is None else high

    @staticmethod
    def canRepresent(widget, datatype):
        return _base(datatype) in (float, int) and type(widget) in (
            qt.QDoubleSpinBox,
            ctk.ctkSliderWidget,
            ctk.ctkDoubleSlider,
            ctk.ctkDoubleSpinBox,
            slicer.qMRMLSliderWidget,
            slicer.qMRMLSpinBox,
        )

    def read(self):
        return int(self._widget.value) if self._kind is int else self._widget.value

    def write(self, value):
        self._widget.value = int(value) if self._kind is int else value


class _ComboConnector(GuiConnector):
    signal = "currentIndexChanged"

    def _fill(self, labels):
        self._widget.clear()
        for label in labels:
            self._widget.addItem(label)

    def read(self):
        return self._values[self._widget.currentIndex]

    def write(self, value):
        if value not in self._values:
            raise ValueError(f"Unable to find value {value} in choices {self._values}")
        self._widget.currentIndex = self._values.index(value)


@parameterNodeGuiConnector
class ChoiceConnector(_ComboConnector):
    """int, float, str or bool with a Choice, in a combo box that is filled with the choices."""

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        choice = _first(annotations, Choice)
        if choice is None:
            raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
        self._values = list(choice.choices)
        self._fill([str(value) for value in self._values])

    @staticmethod
    def canRepresent(widget, datatype):
        return type(widget) in (qt.QComboBox, ctk.ctkComboBox) and _base(datatype) in (int, float, str, bool)


@parameterNodeGuiConnector
class EnumConnector(_ComboConnector):
    """Enum in a combo box that is filled with the labels (method `label`) or names."""

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        self._values = list(kind)
        label = getattr(kind, "label", lambda value: value.name)
        self._fill([label(value) for value in self._values])

    @staticmethod
    def canRepresent(widget, datatype):
        base = _base(datatype)
        return (
            type(widget) in (qt.QComboBox, ctk.ctkComboBox) and isinstance(base, type) and issubclass(base, enum.Enum)
        )


@parameterNodeGuiConnector
class LineConnector(GuiConnector):
    """str in a QLineEdit."""

    signal = "textChanged"

    @staticmethod
    def canRepresent(widget, datatype):
        return type(widget) is qt.QLineEdit and _base(datatype) is str

    def read(self):
        return self._widget.text

    def write(self, value):
        if value != self._widget.text:
            self._widget.text = value


@parameterNodeGuiConnector
class LabelConnector(GuiConnector):
    """str in a QLabel; shown only."""

    @staticmethod
    def canRepresent(widget, datatype):
        return type(widget) is qt.QLabel and _base(datatype) is str

    def read(self):
        return self._widget.text

    def write(self, value):
        self._widget.text = value


@parameterNodeGuiConnector
class TextConnector(GuiConnector):
    """str in a QTextEdit, as plain text."""

    signal = "textChanged"

    @staticmethod
    def canRepresent(widget, datatype):
        return type(widget) is qt.QTextEdit and _base(datatype) is str

    def read(self):
        return self._widget.toPlainText()

    def write(self, value):
        self._widget.setPlainText(value)


@parameterNodeGuiConnector
class PathConnector(GuiConnector):
    """pathlib.Path in a ctkPathLineEdit."""

    signal = "currentPathChanged"

    @staticmethod
    def canRepresent(widget, datatype):
        base = _base(datatype)
        isPath = isinstance(base, type) and issubclass(base, pathlib.PurePath)
        return type(widget) is ctk.ctkPathLineEdit and isPath

    def read(self):
        return self._kind(self._widget.currentPath)

    def write(self, value):
        self._widget.currentPath = str(value)


def _nodeClasses(datatype):
    base = _base(datatype)
    kinds = [_base(item) for item in typing.get_args(base)] if typing.get_origin(base) is typing.Union else [base]
    if all(isinstance(kind, type) and issubclass(kind, (slicer.vtkMRMLNode, type(None))) for kind in kinds):
        return [kind for kind in kinds if kind is not type(None)]
    return []


@parameterNodeGuiConnector
class NodeConnector(GuiConnector):
    """MRML nodes in a qMRMLNodeComboBox, whose node types are set from the parameter's."""

    signal = "currentNodeChanged"

    def __init__(self, widget, kind=None, annotations=()):
        super().__init__(widget, kind)
        widget.nodeTypes = [cls().GetClassName() for cls in _nodeClasses(kind)]

    @staticmethod
    def canRepresent(widget, datatype):
        return type(widget) is slicer.qMRMLNodeComboBox and bool(_nodeClasses(datatype))

    def read(self):
        return self._widget.currentNode()

    def write(self, value):
        self._widget.setCurrentNode(value)
