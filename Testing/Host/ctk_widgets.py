"""Stand-ins for the ctk widgets: the properties, slots and signals of the real ones, and nothing else.

PythonQt sees only properties, slots and Q_INVOKABLE methods of a ctk class. What is not one of these starts with an
underscore here, so `slider.setRange()` fails as in Slicer. Looks differ from the real widgets.
"""

import sys
import types

from PySide6.QtCore import Property, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from . import ctk_numbers
from .qt_classes import standIn
from .stand_ins import plainProperty, widgetStandIn

__all__ = ["install"]


@widgetStandIn
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
        painter.fillRect(option.rect, self.palette.color(self.palette.ColorRole.Window).darker(107))
        arrow = QStyle.PE_IndicatorArrowRight if self._collapsed else QStyle.PE_IndicatorArrowDown
        text = option.rect.adjusted(self._titleHeight(), 0, 0, 0)
        option.rect.setWidth(self._titleHeight())
        option.rect.adjust(5, 5, -5, -5)
        painter.drawPrimitive(arrow, option)
        painter.drawText(text, Qt.AlignLeft | Qt.AlignVCenter, self.text)
        if self.underMouse():
            painter.drawRect(self.rect.adjusted(0, 0, -1, -1))


@widgetStandIn
class ctkCheckBox(QCheckBox):
    indicatorIcon = plainProperty(QIcon, "indicatorIcon", QIcon())
    indicatorIconSize = plainProperty(QSize, "indicatorIconSize", QSize(16, 16))


@widgetStandIn
class ctkComboBox(QComboBox):
    defaultText = plainProperty(str, "defaultText", "")
    forceDefault = plainProperty(bool, "forceDefault", False)
    elideMode = plainProperty(Qt.TextElideMode, "elideMode", Qt.ElideNone)


@widgetStandIn
class ctkPushButton(QPushButton):
    buttonTextAlignment = plainProperty(Qt.AlignmentFlag, "buttonTextAlignment", Qt.AlignCenter)
    iconAlignment = plainProperty(Qt.AlignmentFlag, "iconAlignment", Qt.AlignCenter)
    elideMode = plainProperty(Qt.TextElideMode, "elideMode", Qt.ElideNone)


@widgetStandIn
class ctkExpandButton(QToolButton):
    mirrorOnExpand = plainProperty(bool, "mirrorOnExpand", False)


@widgetStandIn
class ctkFittedTextBrowser(QTextBrowser):
    disableMouseScroll = plainProperty(bool, "disableMouseScroll", False)
    collapsed = plainProperty(bool, "collapsed", True)
    showDetailsText = plainProperty(str, "showDetailsText", "")
    hideDetailsText = plainProperty(str, "hideDetailsText", "")


@widgetStandIn
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


@widgetStandIn
class ctkPathLineEdit(QWidget):
    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    label = plainProperty(str, "label", "")
    settingKey = plainProperty(str, "settingKey", "")
    showBrowseButton = plainProperty(bool, "showBrowseButton", True)
    showHistoryButton = plainProperty(bool, "showHistoryButton", True)
    nameFilters = plainProperty("QStringList", "nameFilters", ())
    Dirs = 1
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
    for name, value in {**vars(ctk_numbers), **globals()}.items():
        if name.startswith("ctk") and isinstance(value, type):
            setattr(module, name, value)
    sys.modules["ctk"] = module
    return module
