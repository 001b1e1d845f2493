"""Stand-ins for the ctk widgets: the properties, slots and signals of the real ones, and nothing else.

PythonQt sees only properties, slots and Q_INVOKABLE methods of a ctk class. What is not one of these starts with an
underscore here, so `slider.setRange()` fails as in Slicer. Looks differ from the real widgets.
"""

import math
import sys
import types

from PySide6.QtCore import Property, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from .qt_as_pythonqt import standIn
from .ui_loader import registerCustomWidget

__all__ = ["install"]


def plainProperty(kind, name, default, changed=None):
    """A Q_PROPERTY that only keeps its value in `_name`; `changed` names the method called after a change."""

    def get(self):
        return self.__dict__.get("_" + name, default)

    def set_(self, value):
        self.__dict__["_" + name] = value
        if changed:
            getattr(self, changed)()

    return Property(kind, get, set_)


def _widget(cls):
    return registerCustomWidget(standIn(cls))


@_widget
class ctkCollapsibleButton(QAbstractButton):
    """A titled section; checked means expanded, as in ctk."""

    contentsCollapsed = Signal(bool)
    flat = plainProperty(bool, "flat", False)
    collapsedHeight = plainProperty(int, "collapsedHeight", 14)
    contentsFrameShape = plainProperty(QFrame.Shape, "contentsFrameShape", QFrame.NoFrame)
    contentsFrameShadow = plainProperty(QFrame.Shadow, "contentsFrameShadow", QFrame.Plain)
    contentsLineWidth = plainProperty(int, "contentsLineWidth", 1)

    def __init__(self, text="", parent=None):
        if not isinstance(text, str):
            text, parent = "", text
        super().__init__(parent)
        self.text = text
        self._collapsed = False
        self._hiddenByCollapse = []
        self.checkable = True
        self.checked = True
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Preferred)
        self.toggled.connect(self._onToggled)
        self.setContentsMargins(0, self._titleHeight(), 0, 0)

    def _isCollapsed(self):
        return self._collapsed

    def _setCollapsed(self, collapsed):
        self.checked = not collapsed

    collapsed = Property(bool, _isCollapsed, _setCollapsed)

    def _onToggled(self, expanded):
        self._collapsed = not expanded
        for child in self.children():
            if child.isWidgetType():
                child.setVisible(expanded)
        self.updateGeometry()
        self.update()
        self.contentsCollapsed.emit(self._collapsed)

    def childEvent(self, event):
        if self._collapsed and event.added() and event.child().isWidgetType():
            event.child().setVisible(False)

    def showEvent(self, event):
        if self._collapsed:
            self._hideChildren()

    def _hideChildren(self):
        for child in self.children():
            if child.isWidgetType():
                child.setVisible(False)

    def _titleHeight(self):
        return self.fontMetrics().height() + 8

    def sizeHint(self):
        size = super().sizeHint()
        title = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, self._titleHeight())
        layout = self.layout()
        if self._collapsed or layout is None:
            return title
        return layout.totalSizeHint().expandedTo(title) if layout else size.expandedTo(title)

    def minimumSizeHint(self):
        layout = self.layout()
        title = QSize(60, self._titleHeight())
        return title if self._collapsed or layout is None else layout.totalMinimumSize().expandedTo(title)

    def heightForWidth(self, width):
        layout = self.layout()
        if self._collapsed or layout is None or not layout.hasHeightForWidth():
            return self.sizeHint().height()
        return layout.totalHeightForWidth(width)

    def hitButton(self, position):
        return position.y() < self._titleHeight()

    def paintEvent(self, event):
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = self.rect
        option.rect.setHeight(self._titleHeight())
        painter.fillRect(option.rect, self.palette.color(self.palette.ColorRole.Button))
        arrow = QStyle.PE_IndicatorArrowRight if self._collapsed else QStyle.PE_IndicatorArrowDown
        text = option.rect.adjusted(self._titleHeight(), 0, 0, 0)
        option.rect.setWidth(self._titleHeight())
        option.rect.adjust(5, 5, -5, -5)
        painter.drawPrimitive(arrow, option)
        painter.drawText(text, Qt.AlignLeft | Qt.AlignVCenter, self.text)
        if self.underMouse():
            painter.drawRect(self.rect.adjusted(0, 0, -1, -1))


class _DoubleValue(QWidget):
    """Value, range and steps shared by the widgets for one number; values are rounded to `_digits()` decimals."""

    _defaults = dict(minimum=0.0, maximum=99.99, singleStep=1.0, pageStep=10.0)

    def _start(self):
        for name, value in self._defaults.items():
            self.__dict__["_" + name] = value
        self.__dict__["_value"] = max(0.0, self._minimum)

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


@_widget
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


@_widget
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


@_widget
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


@_widget
class ctkCheckBox(QCheckBox):
    indicatorIcon = plainProperty(QIcon, "indicatorIcon", QIcon())
    indicatorIconSize = plainProperty(QSize, "indicatorIconSize", QSize(16, 16))


@_widget
class ctkComboBox(QComboBox):
    defaultText = plainProperty(str, "defaultText", "")
    forceDefault = plainProperty(bool, "forceDefault", False)
    elideMode = plainProperty(Qt.TextElideMode, "elideMode", Qt.ElideNone)


@_widget
class ctkPushButton(QPushButton):
    buttonTextAlignment = plainProperty(Qt.AlignmentFlag, "buttonTextAlignment", Qt.AlignCenter)
    iconAlignment = plainProperty(Qt.AlignmentFlag, "iconAlignment", Qt.AlignCenter)
    elideMode = plainProperty(Qt.TextElideMode, "elideMode", Qt.ElideNone)


@_widget
class ctkExpandButton(QToolButton):
    mirrorOnExpand = plainProperty(bool, "mirrorOnExpand", False)


@_widget
class ctkFittedTextBrowser(QTextBrowser):
    disableMouseScroll = plainProperty(bool, "disableMouseScroll", False)
    collapsed = plainProperty(bool, "collapsed", True)


@_widget
class ctkColorPickerButton(QPushButton):
    colorChanged = Signal(QColor)

    def _color(self):
        return self.__dict__.get("_currentColor", QColor("black"))

    def _setColor(self, color):
        if color != self._color():
            self._currentColor = QColor(color)
            self.setStyleSheet(f"background: {self._currentColor.name()}")
            self.colorChanged.emit(self._currentColor)

    color = Property(QColor, _color, _setColor)

    @Slot(QColor)
    def setColor(self, color):
        self._setColor(color)


@_widget
class ctkPathLineEdit(QWidget):
    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    label = plainProperty(str, "label", "")
    settingKey = plainProperty(str, "settingKey", "")
    showBrowseButton = plainProperty(bool, "showBrowseButton", True)
    showHistoryButton = plainProperty(bool, "showHistoryButton", True)
    nameFilters = plainProperty("QStringList", "nameFilters", ())
    filters = plainProperty(int, "filters", 7)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._line = QLineEdit(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        self._line.textChanged.connect(self.currentPathChanged.emit)

    def _setPath(self, path):
        self._line.text = path

    currentPath = Property(str, lambda self: self._line.text, _setPath)

    @Slot(str)
    def setCurrentPath(self, path):
        self._setPath(path)

    @Slot()
    def addCurrentPathToHistory(self):
        pass


@standIn
class ctkMessageBox(QMessageBox):
    dontShowAgain = plainProperty(bool, "dontShowAgain", False)
    dontShowAgainSettingsKey = plainProperty(str, "dontShowAgainSettingsKey", "")
    dontShowAgainVisible = plainProperty(bool, "dontShowAgainVisible", False)


def install():
    """Make the module `ctk`."""
    module = types.ModuleType("ctk", "Stand-in for the ctk widgets")
    for name, value in globals().items():
        if name.startswith("ctk"):
            setattr(module, name, value)
    sys.modules["ctk"] = module
    return module
