"""Stand-ins for the ctk widgets that hold one number; see ctk_widgets for what they show and what not."""

import math

from PySide6.QtCore import Property, Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from .stand_ins import plainProperty, widgetStandIn

__all__ = ["ctkDoubleSlider", "ctkDoubleSpinBox", "ctkSliderWidget"]


class _DoubleValue(QWidget):
    """Value, range and steps shared by the widgets for one number; values are rounded to `_digits()` decimals."""

    def _start(self):
        self._minimum, self._maximum = 0.0, 99.99
        self._singleStep, self._pageStep = 1.0, 10.0
        self._value = 0.0

    def _digits(self):
        return None

    def _bounded(self, value):
        value = min(max(float(value), self._minimum), self._maximum)
        return value if self._digits() is None or not math.isfinite(value) else round(value, self._digits())

    def _setValueTo(self, value):
        value = self._bounded(value)
        changed = value != self._value
        self._value = value
        self._show()
        if changed:
            self.valueChanged.emit(value)

    def _setMinimum(self, value):
        self._minimum = float(value)
        self._maximum = max(self._maximum, self._minimum)
        self._setValueTo(self._value)

    def _setMaximum(self, value):
        self._maximum = float(value)
        self._minimum = min(self._minimum, self._maximum)
        self._setValueTo(self._value)

    def _setSingleStep(self, value):
        self._singleStep = float(value)
        self._show()

    def _setPageStep(self, value):
        self._pageStep = float(value)
        self._show()

    def _show(self):
        raise NotImplementedError


def _numberProperty(name):
    setter = getattr(_DoubleValue, f"_set{name[0].upper()}{name[1:]}")
    return Property(float, lambda self: getattr(self, "_" + name), setter)


class _SliderRow:
    """The QSlider inside: positions are steps of singleStep above the minimum."""

    def __init__(self, owner, orientation=Qt.Horizontal):
        self.slider = QSlider(orientation, owner)
        self._owner = owner
        self._showing = False
        self.slider.valueChanged.connect(self._onPosition)

    def show(self):
        owner = self._owner
        span = owner._maximum - owner._minimum
        steps = round(span / owner._singleStep) if math.isfinite(span) and owner._singleStep > 0 else 0
        self._showing = True
        self.slider.setRange(0, max(0, min(steps, 2**30)))
        self.slider.pageStep = max(1, round(owner._pageStep / owner._singleStep)) if owner._singleStep else 1
        if steps:
            self.slider.value = round((owner._value - owner._minimum) / owner._singleStep)
        self._showing = False

    def _onPosition(self, position):
        if not self._showing:
            self._owner._fromSlider(self._owner._minimum + position * self._owner._singleStep)


@widgetStandIn
class ctkDoubleSlider(_DoubleValue):
    valueChanged = Signal(float)
    sliderMoved = Signal(float)
    sliderPressed = Signal()
    sliderReleased = Signal()
    rangeChanged = Signal(float, float)

    value = Property(float, lambda self: self._value, _DoubleValue._setValueTo)
    sliderPosition = Property(float, lambda self: self._value, _DoubleValue._setValueTo)
    minimum = _numberProperty("minimum")
    maximum = _numberProperty("maximum")
    singleStep = _numberProperty("singleStep")
    pageStep = _numberProperty("pageStep")
    tickInterval = plainProperty(float, "tickInterval", 0.0)
    tickPosition = plainProperty(QSlider.TickPosition, "tickPosition", QSlider.NoTicks)
    tracking = plainProperty(bool, "tracking", True)
    handleToolTip = plainProperty(str, "handleToolTip", "")
    invertedAppearance = plainProperty(bool, "invertedAppearance", False)
    invertedControls = plainProperty(bool, "invertedControls", False)

    def __init__(self, orientation=None, parent=None):
        if orientation is not None and not isinstance(orientation, Qt.Orientation):
            orientation, parent = None, orientation
        super().__init__(parent)
        self._start()
        self._row = _SliderRow(self, orientation or Qt.Vertical)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._row.slider)
        self._show()

    def _orientation(self):
        return self._row.slider.orientation

    def _setOrientation(self, orientation):
        self._row.slider.orientation = orientation

    orientation = Property(Qt.Orientation, _orientation, _setOrientation)

    def _show(self):
        self._row.show()

    def _fromSlider(self, value):
        self.sliderMoved.emit(value)
        self._setValueTo(value)

    @Slot(float)
    def setValue(self, value):
        self._setValueTo(value)

    @Slot(Qt.Orientation)
    def setOrientation(self, orientation):
        self._setOrientation(orientation)


@widgetStandIn
class ctkDoubleSpinBox(_DoubleValue):
    valueChanged = Signal((float,), (str,))
    editingFinished = Signal()
    decimalsChanged = Signal(int)

    value = Property(float, lambda self: self._value, _DoubleValue._setValueTo)
    minimum = _numberProperty("minimum")
    maximum = _numberProperty("maximum")
    singleStep = _numberProperty("singleStep")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start()
        self._box = QDoubleSpinBox(self)
        self._showing = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._onBox)
        self._box.editingFinished.connect(self.editingFinished.emit)
        self._show()

    def _digits(self):
        return self._box.decimals

    def _onBox(self, value):
        if not self._showing:
            self._setValueTo(value)

    def _show(self):
        self._showing = True
        self._box.setRange(self._minimum, self._maximum)
        self._box.singleStep = self._singleStep
        self._box.value = self._value
        self._showing = False

    def _setDecimals(self, decimals):
        self._box.decimals = decimals
        self._show()
        self.decimalsChanged.emit(decimals)

    decimals = Property(int, _digits, _setDecimals)
    prefix = Property(str, lambda self: self._box.prefix, lambda self, text: self._box.setPrefix(text))
    suffix = Property(str, lambda self: self._box.suffix, lambda self, text: self._box.setSuffix(text))
    readOnly = Property(bool, lambda self: self._box.readOnly, lambda self, on: self._box.setReadOnly(on))
    frame = Property(bool, lambda self: self._box.frame, lambda self, on: self._box.setFrame(on))
    cleanText = Property(str, lambda self: self._box.cleanText)

    @Slot(float)
    def setValue(self, value):
        self._setValueTo(value)

    @Slot(int)
    def setDecimals(self, decimals):
        self._setDecimals(decimals)

    @Slot()
    def stepUp(self):
        self._setValueTo(self._value + self._singleStep)

    @Slot()
    def stepDown(self):
        self._setValueTo(self._value - self._singleStep)


@widgetStandIn
class ctkSliderWidget(_DoubleValue):
    """Slider and spin box in one row. With tracking off valueChanged comes at release, valueIsChanging while moving."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    decimalsChanged = Signal(int)

    value = Property(float, lambda self: self._value, _DoubleValue._setValueTo)
    minimum = _numberProperty("minimum")
    maximum = _numberProperty("maximum")
    singleStep = _numberProperty("singleStep")
    pageStep = _numberProperty("pageStep")
    tickInterval = plainProperty(float, "tickInterval", 0.0)
    tickPosition = plainProperty(QSlider.TickPosition, "tickPosition", QSlider.NoTicks)
    synchronizeSiblings = plainProperty(int, "synchronizeSiblings", 1)
    spinBoxAlignment = plainProperty(Qt.AlignmentFlag, "spinBoxAlignment", Qt.AlignRight)
    tracking = plainProperty(bool, "tracking", True)
    popupSlider = plainProperty(bool, "popupSlider", False)
    invertedAppearance = plainProperty(bool, "invertedAppearance", False)
    invertedControls = plainProperty(bool, "invertedControls", False)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start()
        self._row = _SliderRow(self)
        self._box = QDoubleSpinBox(self)
        self._showing = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._row.slider, 1)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._onBox)
        self._row.slider.sliderReleased.connect(self._onReleased)
        self._show()

    def _digits(self):
        return self._box.decimals

    def _show(self):
        self._showing = True
        self._row.show()
        self._box.setRange(self._minimum, self._maximum)
        self._box.singleStep = self._singleStep
        self._box.value = self._value
        self._showing = False

    def _onBox(self, value):
        if not self._showing:
            self._setValueTo(value)

    def _fromSlider(self, value):
        if self._row.slider.isSliderDown():
            self.valueIsChanging.emit(self._bounded(value))
        if self.tracking or not self._row.slider.isSliderDown():
            self._setValueTo(value)

    def _onReleased(self):
        self._setValueTo(self._minimum + self._row.slider.value * self._singleStep)

    def _setDecimals(self, decimals):
        self._box.decimals = decimals
        self._setValueTo(self._value)
        self.decimalsChanged.emit(decimals)

    decimals = Property(int, _digits, _setDecimals)
    prefix = Property(str, lambda self: self._box.prefix, lambda self, text: self._box.setPrefix(text))
    suffix = Property(str, lambda self: self._box.suffix, lambda self, text: self._box.setSuffix(text))

    def _setSpinBoxVisible(self, visible):
        self._box.setVisible(visible)

    spinBoxVisible = Property(bool, lambda self: not self._box.isHidden(), _setSpinBoxVisible)

    @Slot(float)
    def setValue(self, value):
        self._setValueTo(value)

    @Slot(int)
    def setDecimals(self, decimals):
        self._setDecimals(decimals)

    @Slot(bool)
    def setSpinBoxVisible(self, visible):
        self._setSpinBoxVisible(visible)

    @Slot()
    def reset(self):
        self._setValueTo(0.0)
