"""slicer.app.layoutManager(): the slice views and which of them the layout shows. There are no 3D views."""

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QWidget

from .qt_classes import standIn
from .slice_views import qMRMLSliceWidget

__all__ = ["qSlicerLayoutManager"]


@standIn
class qSlicerLayoutManager(QObject):
    layoutChanged = Signal(int)

    def __init__(self, host):
        super().__init__()
        self._host = host
        self._viewport = QWidget()
        self._viewport.objectName = "CentralWidgetLayoutFrame"
        self._viewport.setStyleSheet("#CentralWidgetLayoutFrame { background: #3b3b3b; }")
        self._grid = QGridLayout(self._viewport)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self._pauses = 0
        slicer = host.slicer
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(host.scene)
        self._sliceWidgets = {name: qMRMLSliceWidget(logic) for name, logic in host.sliceLogics.items()}
        for widget in self._sliceWidgets.values():
            widget.setMRMLScene(host.scene)
            widget.objectName = "qMRMLSliceWidget" + widget.sliceViewName
        self._arrange()

    def sliceViewNames(self):
        return tuple(self._sliceWidgets)

    def sliceWidget(self, name):
        return self._sliceWidgets.get(name)

    def mrmlSliceLogics(self):
        return self._host.sliceLogicCollection

    def viewport(self):
        return self._viewport

    threeDViewCount = Property(int, lambda self: 0)
    layout = Property(
        int,
        lambda self: self._logic.GetLayoutNode().GetViewArrangement(),
        lambda self, number: self.setLayout(number),
    )

    @Slot(int)
    def setLayout(self, number):
        self._logic.GetLayoutNode().SetViewArrangement(int(number))
        self._arrange()
        self.layoutChanged.emit(int(number))

    @Slot()
    def resetSliceViews(self):
        for widget in self._sliceWidgets.values():
            widget.fitSliceToBackground()

    @Slot(bool)
    def setRenderPaused(self, pause):
        self._pauses = max(0, self._pauses + (1 if pause else -1))
        for widget in self._sliceWidgets.values():
            widget._view._pauses = self._pauses
            if not self._pauses:
                widget._view.update()

    def _arrange(self):
        """Show the slice views of the layout: one alone, or Red over Yellow and Green."""
        views = self._logic.GetViewNodes()
        names = [views.GetItemAsObject(i).GetLayoutName() for i in range(views.GetNumberOfItems())]
        shown = [name for name in self._sliceWidgets if name in names] or list(self._sliceWidgets)
        for widget in self._sliceWidgets.values():
            self._grid.removeWidget(widget)
            widget.setParent(self._viewport)
        for position, name in enumerate(shown):
            row, column, columns = (0, 0, 2) if position == 0 else (1, position - 1, 1)
            self._grid.addWidget(self._sliceWidgets[name], row, column, 1, columns)
        for name, widget in self._sliceWidgets.items():
            widget.setVisible(name in shown)
            self._host.sliceLogics[name].GetSliceNode().SetMappedInLayout(int(name in shown))
