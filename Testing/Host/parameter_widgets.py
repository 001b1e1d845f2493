"""Which widgets can be bound to which parameter types, and how (a part of slicer.parameterNodeWrapper)."""

import ctk
import qt
import slicer

from .parameter_types import Choice, WithinRange, splitAnnotations

__all__ = ["createGuiConnector"]


class _Connector:
    """Reads and writes one widget's value; `signal` is the widget's signal for a change."""

    signal = "valueChanged"

    def __init__(self, widget, kind, annotations):
        self._widget, self._kind = widget, kind
        self._callback = None

    @staticmethod
    def canRepresent(widget, kind):
        raise NotImplementedError

    def onChanged(self, callback):
        self._callback = callback
        bound = getattr(self._widget, self.signal)
        if callback is None:
            bound.disconnect(self.changed)
        else:
            bound.connect(self.changed)

    def changed(self):
        if self._callback:
            self._callback()

    def read(self):
        return self._widget.value

    def write(self, value):
        self._widget.value = value


def _find(annotations, kind):
    return next((item for item in annotations if isinstance(item, kind)), None)


class _Checkable(_Connector):
    """bool in a check box or a checkable button."""

    def __init__(self, widget, kind, annotations):
        super().__init__(widget, kind, annotations)
        self.signal = "stateChanged" if type(widget) is qt.QCheckBox else "toggled"
        if self.signal == "toggled":
            widget.checkable = True

    @staticmethod
    def canRepresent(widget, kind):
        return kind is bool and type(widget) in (qt.QCheckBox, qt.QPushButton)

    def read(self):
        return self._widget.checked

    def write(self, value):
        self._widget.checked = value


class _Number(_Connector):
    """int in a QSpinBox, float in a QDoubleSpinBox or ctkSliderWidget; the parameter's range replaces the widget's."""

    def __init__(self, widget, kind, annotations):
        super().__init__(widget, kind, annotations)
        within = _find(annotations, WithinRange)
        if type(widget) is ctk.ctkSliderWidget and within is None:
            raise RuntimeError("Cannot have a connection to ctkSliderWidget where the float types is unbounded.")
        most = 2**31 - 1 if kind is int else float("inf")
        widget.minimum = -most if within is None else within.minimum
        widget.maximum = most if within is None else within.maximum

    @staticmethod
    def canRepresent(widget, kind):
        widgets = {int: (qt.QSpinBox,), float: (qt.QDoubleSpinBox, ctk.ctkSliderWidget)}
        return type(widget) in widgets.get(kind, ())


class _Choice(_Connector):
    """A value with a Choice in a combo box that is filled with the choices."""

    signal = "currentIndexChanged"

    def __init__(self, widget, kind, annotations):
        super().__init__(widget, kind, annotations)
        choice = _find(annotations, Choice)
        if choice is None:
            raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
        self._values = list(choice.choices)
        widget.clear()
        widget.addItems([str(value) for value in self._values])

    @staticmethod
    def canRepresent(widget, kind):
        return type(widget) is qt.QComboBox and kind in (int, float, str, bool)

    def read(self):
        return self._values[self._widget.currentIndex]

    def write(self, value):
        if value not in self._values:
            raise ValueError(f"Unable to find value {value} in choices {self._values}")
        self._widget.currentIndex = self._values.index(value)


class _Node(_Connector):
    """MRML nodes in a qMRMLNodeComboBox, whose node types are set from the parameter's."""

    signal = "currentNodeChanged"

    def __init__(self, widget, kind, annotations):
        super().__init__(widget, kind, annotations)
        widget.nodeTypes = [kind().GetClassName()]

    @staticmethod
    def canRepresent(widget, kind):
        return type(widget) is slicer.qMRMLNodeComboBox and issubclass(kind, slicer.vtkMRMLNode)

    def read(self):
        return self._widget.currentNode()

    def write(self, value):
        self._widget.setCurrentNode(value)


def createGuiConnector(widget, datatype):
    """The connector for this widget and type; RuntimeError if the host has none."""
    kind, annotations = splitAnnotations(datatype)
    for connector in (_Checkable, _Number, _Choice, _Node):
        if connector.canRepresent(widget, kind):
            return connector(widget, kind, annotations)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{datatype}' to widget type '{type(widget)}'.")
