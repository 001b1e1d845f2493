"""The main window: the module panel on the left, the slice views on the right."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QMainWindow, QScrollArea, QSplitter, QVBoxLayout, QWidget

from .qt_classes import standIn

__all__ = ["qSlicerMainWindow", "qSlicerModuleSelectorToolBar"]


@standIn
class qSlicerModuleSelectorToolBar(QWidget):
    """What slicer.util.selectModule uses; it shows only the title of the module."""

    moduleSelected = Signal(str)

    def __init__(self, host, parent=None):
        super().__init__(parent)
        self._host = host
        self._selected = ""
        self._title = QLabel("Modules:", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(self._title)

    def selectedModule(self):
        return self._selected

    @Slot(str)
    def selectModule(self, name):
        self._host._showModule(name)

    def _setSelected(self, name, title):
        self._selected = name
        self._title.text = f"Modules:  <b>{title}</b>"
        self.moduleSelected.emit(name)


@standIn
class qSlicerMainWindow(QMainWindow):
    def __init__(self, host):
        super().__init__()
        self._host = host
        self.objectName = "qSlicerMainWindow"
        self.windowTitle = "3D Slicer (test host)"
        self._selector = qSlicerModuleSelectorToolBar(host)
        self._panel = QScrollArea()
        self._panel.setWidgetResizable(True)
        self._panel.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._panel.objectName = "ModulePanel"
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._selector)
        layout.addWidget(self._panel, 1)
        self._splitter = QSplitter(Qt.Horizontal)
        self._splitter.addWidget(left)
        self._splitter.addWidget(host.layoutManager.viewport())
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([460, 820])
        self.setCentralWidget(self._splitter)
        self.statusBar().setSizeGripEnabled(False)
        self.resize(1280, 800)

    def moduleSelector(self):
        return self._selector

    def pythonConsole(self):
        return None

    def _setPanel(self, widget):
        current = self._panel.takeWidget()
        if current is not None and current is not widget:
            current.hide()
        if widget is not None:
            self._panel.setWidget(widget)
            widget.show()
