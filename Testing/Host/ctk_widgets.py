"""Stand-ins for the ctk widgets: the properties, slots and signals of the real ones, and nothing else.

PythonQt sees only properties, slots and Q_INVOKABLE methods of a ctk class. What is not one of these starts with an
underscore here, so `slider.setRange()` fails as in Slicer. Looks differ from the real widgets.
"""

import sys
import types

from PySide6.QtCore import Property, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from .ctk_slider import ctkSliderWidget
from .qt_classes import standIn
from .stand_ins import plainProperty, widgetStandIn

__all__ = ["install"]


@widgetStandIn
class ctkCollapsibleButton(QAbstractButton):
    """A titled section; checked means expanded, as in ctk."""

    contentsCollapsed = Signal(bool)

    def __init__(self, text="", parent=None):
        if not isinstance(text, str):
            text, parent = "", text
        super().__init__(parent)
        self.text = text
        self._collapsed = False
        self.checkable = True
        self.checked = True
        self.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Preferred)
        self.toggled.connect(self._onToggled)
        self.setContentsMargins(0, self._titleHeight(), 0, 0)

    def _setCollapsed(self, collapsed):
        self.checked = not collapsed

    collapsed = Property(bool, lambda self: self._collapsed, _setCollapsed)

    def _onToggled(self, expanded):
        self._collapsed = not expanded
        self._showChildren(expanded)
        self.updateGeometry()
        self.update()
        self.contentsCollapsed.emit(self._collapsed)

    def childEvent(self, event):
        if self._collapsed and event.added() and event.child().isWidgetType():
            event.child().setVisible(False)

    def showEvent(self, event):
        if self._collapsed:
            self._showChildren(False)

    def _showChildren(self, visible):
        for child in self.children():
            if child.isWidgetType():
                child.setVisible(visible)

    def _titleHeight(self):
        return self.fontMetrics().height() + 8

    def sizeHint(self):
        title = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, self._titleHeight())
        layout = self.layout()
        if self._collapsed or layout is None:
            return title
        return layout.totalSizeHint().expandedTo(title)

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
class ctkPathLineEdit(QWidget):
    currentPathChanged = Signal(str)
    settingKey = plainProperty(str, "settingKey", "")
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


@standIn
class ctkMessageBox(QMessageBox):
    """What slicer.util.messageBox shows."""


def install():
    """Make the module `ctk`."""
    module = types.ModuleType("ctk", "Stand-in for the ctk widgets")
    for cls in (ctkCollapsibleButton, ctkMessageBox, ctkPathLineEdit, ctkSliderWidget):
        setattr(module, cls.__name__, cls)
    sys.modules["ctk"] = module
