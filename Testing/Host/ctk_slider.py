"""Stand-in for ctkSliderWidget; see ctk_widgets for what such a stand-in shows and what not."""

import math

from PySide6.QtCore import Property, Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from .stand_ins import plainProperty, widgetStandIn

__all__ = ["ctkSliderWidget"]


def _number(name):
    def set_(self, value):
        setattr(self, "_" + name, float(value))
        self._maximum = max(self._maximum, self._minimum) if name == "minimum" else self._maximum
        self._minimum = min(self._minimum, self._maximum)
        self._setValue(self._value)

    return Property(float, lambda self: getattr(self, "_" + name), set_)


@widgetStandIn
class ctkSliderWidget(QWidget):
    """Slider and spin box in one row. With tracking off valueChanged comes at release, valueIsChanging while moving.

    The slider's positions are steps of singleStep above the minimum; values are rounded to the decimals.
    """

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    decimalsChanged = Signal(int)

    minimum, maximum = _number("minimum"), _number("maximum")
    singleStep, pageStep = _number("singleStep"), _number("pageStep")
    tracking = plainProperty(bool, "tracking", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._minimum, self._maximum, self._value = 0.0, 99.99, 0.0
        self._singleStep, self._pageStep = 1.0, 10.0
        self._slider, self._box = QSlider(Qt.Horizontal, self), QDoubleSpinBox(self)
        self._showing = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._onBox)
        self._slider.valueChanged.connect(self._onSlider)
        self._slider.sliderReleased.connect(self._onReleased)
        self._show()

    def _bounded(self, value):
        value = min(max(float(value), self._minimum), self._maximum)
        return round(value, self._box.decimals) if math.isfinite(value) else value

    def _setValue(self, value):
        value, before = self._bounded(value), self._value
        self._value = value
        self._show()
        if value != before:
            self.valueChanged.emit(value)

    def _show(self):
        span = self._maximum - self._minimum
        steps = round(span / self._singleStep) if math.isfinite(span) and self._singleStep > 0 else 0
        self._showing = True
        self._slider.setRange(0, max(0, min(steps, 2**30)))
        self._slider.pageStep = max(1, round(self._pageStep / self._singleStep)) if self._singleStep else 1
        if steps:
            self._slider.value = round((self._value - self._minimum) / self._singleStep)
        self._box.setRange(self._minimum, self._maximum)
        self._box.singleStep = self._singleStep
        self._box.value = self._value
        self._showing = False

    def _onBox(self, value):
        if not self._showing:
            self._setValue(value)

    def _onSlider(self, position):
        if self._showing:
            return
        value, isDown = self._minimum + position * self._singleStep, self._slider.isSliderDown()
        if isDown:
            self.valueIsChanging.emit(self._bounded(value))
        if self.tracking or not isDown:
            self._setValue(value)

    def _onReleased(self):
        self._setValue(self._minimum + self._slider.value * self._singleStep)

    def _setDecimals(self, decimals):
        self._box.decimals = decimals
        self._setValue(self._value)
        self.decimalsChanged.emit(decimals)

    value = Property(float, lambda self: self._value, _setValue)
    decimals = Property(int, lambda self: self._box.decimals, _setDecimals)
    prefix = Property(str, lambda self: self._box.prefix, lambda self, text: self._box.setPrefix(text))
    suffix = Property(str, lambda self: self._box.suffix, lambda self, text: self._box.setSuffix(text))

    @Slot(float)
    def setValue(self, value):
        self._setValue(value)

    @Slot(int)
    def setDecimals(self, decimals):
        self._setDecimals(decimals)
