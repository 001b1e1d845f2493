"""Slice views drawn on the CPU: MRML's own slice logic blends the layers, the image is shown by Qt.

Window and level, color tables, opacities, the label layer and its outline are the real MRML code. Segmentations,
markups, the crosshair and everything else that displayable managers draw is missing.
"""

import numpy as np
import vtk
from PySide6.QtCore import Property, QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget
from vtk.util.numpy_support import vtk_to_numpy

from .qmrml_widgets import qMRMLNodeComboBox, qMRMLWidget, widgetClasses
from .qt_classes import standIn

__all__ = ["qMRMLSliceView", "qMRMLSliceWidget", "sliceImage"]


def sliceImage(sliceLogic):
    """The blended image of a slice logic: (rows, columns, 4) uint8 RGBA, first row at the top; None if it is empty."""
    connection = sliceLogic.GetImageDataConnection()
    if connection is None:
        return None
    producer = connection.GetProducer()
    producer.Update()
    image = producer.GetOutputDataObject(connection.GetIndex())
    scalars = image.GetPointData().GetScalars()
    if scalars is None:
        return None
    columns, rows, _ = image.GetDimensions()
    pixels = vtk_to_numpy(scalars).reshape(rows, columns, -1)[::-1]
    if pixels.shape[2] == 3:
        pixels = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 255, pixels.dtype)], axis=2)
    return np.ascontiguousarray(pixels.astype(np.uint8, copy=False))


@standIn
class qMRMLSliceView(QWidget):
    """The drawing area of one slice view."""

    def __init__(self, sliceLogic, parent=None):
        super().__init__(parent)
        self._logic = sliceLogic
        self._pauses = 0
        self._renders = 0
        self.setMinimumSize(80, 80)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    @Slot()
    def scheduleRender(self):
        if not self._pauses:
            self.update()

    def resizeEvent(self, event):
        self._logic.ResizeSliceNode(max(1, self.width), max(1, self.height))

    def wheelEvent(self, event):
        node = self._logic.GetSliceNode()
        spacing = self._logic.GetLowestVolumeSliceSpacing()
        step = spacing[2] if self._logic.GetBackgroundLayer() else 1.0
        self._logic.StartSliceOffsetInteraction()
        self._logic.SetSliceOffset(node.GetSliceOffset() + (step if event.angleDelta().y() > 0 else -step))
        self._logic.EndSliceOffsetInteraction()

    def paintEvent(self, event):
        self._renders += 1
        painter = QPainter(self)
        painter.fillRect(self.rect, QColor("black"))
        pixels = sliceImage(self._logic)
        if pixels is not None:
            rows, columns = pixels.shape[:2]
            painter.drawImage(0, 0, QImage(pixels.data, columns, rows, 4 * columns, QImage.Format_RGBA8888))
        self._drawAnnotation(painter)

    def _drawAnnotation(self, painter):
        composite = self._logic.GetSliceCompositeNode()
        scene = self._logic.GetMRMLScene()
        lines = []
        for letter, nodeID in (
            ("L", composite.GetLabelVolumeID()),
            ("F", composite.GetForegroundVolumeID()),
            ("B", composite.GetBackgroundVolumeID()),
        ):
            node = scene.GetNodeByID(nodeID) if nodeID else None
            if node is not None:
                lines.append(f"{letter}: {node.GetName()}")
        painter.setPen(QColor("#dddddd"))
        painter.drawText(self.rect.adjusted(6, 4, -6, -5), Qt.AlignLeft | Qt.AlignBottom, "\n".join(lines))


@standIn
class qMRMLSliceControllerWidget(QWidget):
    """The colored bar above a slice view, with the offset slider."""

    def __init__(self, sliceLogic, parent=None):
        super().__init__(parent)
        self._logic = sliceLogic
        self._updating = False
        self._shown = self._color = None
        self._slider = QSlider(Qt.Horizontal, self)
        self._label = QLabel(self)
        self._offset = QLabel(self)
        self._label.setAlignment(Qt.AlignCenter)
        self._label.setFixedWidth(22)
        self._offset.setMinimumWidth(70)
        self._offset.setAlignment(Qt.AlignRight | Qt.AlignVCenter)
        self.setStyleSheet("QLabel { color: #eeeeee; }")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(4)
        layout.addWidget(self._label)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._offset)
        self._slider.valueChanged.connect(self._onSlider)

    @Slot(float)
    def setSliceOffsetValue(self, offset):
        self._logic.StartSliceOffsetInteraction()
        self._logic.SetSliceOffset(offset)
        self._logic.EndSliceOffsetInteraction()

    def _range(self):
        bounds, resolution = [0.0, 0.0], vtk.reference(1.0)
        self._logic.GetSliceOffsetRangeResolution(bounds, resolution)
        step = abs(float(resolution)) or 1.0
        return bounds[0], bounds[1], step

    def _refresh(self):
        node, offset = self._logic.GetSliceNode(), self._logic.GetSliceOffset()
        label = node.GetLayoutLabel() or node.GetLayoutName()[:1]
        self._show(*self._range(), offset, label, node.GetLayoutColor(), node.GetOrientation())

    def _show(self, low, high, step, offset, label, color, orientation):
        if self._shown == (shown := (low, high, step, offset, label, color, orientation)):
            return
        self._shown, self._updating = shown, True
        self._slider.setRange(0, max(0, min(round((high - low) / step), 100000)))
        self._slider.value = round((offset - low) / step)
        self._updating = False
        self._label.text = label
        if self._color != color:  # a style is slow to set
            self._color = color
            red, green, blue = (int(255 * part) for part in color)
            self._label.setStyleSheet(f"background: rgb({red},{green},{blue}); color: black; font-weight: bold;")
        axis = {"Axial": "S: ", "Sagittal": "R: ", "Coronal": "A: "}.get(orientation, "")
        self._offset.text = f"{axis}{offset:.2f}mm"

    def _onSlider(self, position):
        if not self._updating:
            self._shown = None
            low, _, step = self._range()
            self.setSliceOffsetValue(low + position * step)


@standIn
class qMRMLSliceWidget(qMRMLWidget):
    """One slice view with its controller; follows its slice logic."""

    def __init__(self, sliceLogic, parent=None):
        super().__init__(parent)
        self._logic = sliceLogic
        self._controller = qMRMLSliceControllerWidget(sliceLogic, self)
        self._view = qMRMLSliceView(sliceLogic, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._controller)
        layout.addWidget(self._view, 1)
        self._selectors = {layer: self._layerSelector(layer) for layer in ("Background", "Foreground")}
        for observed in (sliceLogic, sliceLogic.GetSliceNode(), sliceLogic.GetSliceCompositeNode()):
            observed.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onModified)
        self.mrmlSceneChanged.connect(self._onScene)
        self._controller._refresh()

    def _layerSelector(self, layer):
        """The controller's selector of a layer: when its volume leaves the scene, the one before it is taken."""
        selector = qMRMLNodeComboBox(self)
        selector.hide()
        selector.nodeTypes = ["vtkMRMLVolumeNode"]
        selector.noneEnabled = True
        choose = getattr(self.mrmlSliceCompositeNode(), f"Set{layer}VolumeID")
        selector.currentNodeIDChanged.connect(lambda nodeID: choose(nodeID or None))
        return selector

    def _onScene(self, scene):
        for selector in self._selectors.values():
            selector.setMRMLScene(scene)

    def sliceLogic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def sliceView(self):
        return self._view

    def sliceController(self):
        return self._controller

    sliceViewName = Property(str, lambda self: self._logic.GetSliceNode().GetLayoutName())
    sliceViewLabel = Property(str, lambda self: self._logic.GetSliceNode().GetLayoutLabel())
    sliceOrientation = Property(
        str,
        lambda self: self._logic.GetSliceNode().GetOrientation(),
        lambda self, name: self._logic.GetSliceNode().SetOrientation(name),
    )

    @Slot(str)
    def setSliceOrientation(self, orientation):
        self._logic.GetSliceNode().SetOrientation(orientation)

    @Slot()
    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()

    def sizeHint(self):
        return QSize(360, 360)

    def _onModified(self, caller, event):
        composite = self.mrmlSliceCompositeNode()
        for layer, selector in self._selectors.items():
            shown = getattr(composite, f"Get{layer}VolumeID")() or ""
            if shown != selector.currentNodeID:
                blocker = QSignalBlocker(selector)  # a layer that no selector lists, a hidden one, stays
                selector.setCurrentNodeID(shown)
                blocker.unblock()
        self._controller._refresh()
        self._view.scheduleRender()


for _class in (qMRMLSliceView, qMRMLSliceControllerWidget, qMRMLSliceWidget):
    widgetClasses[_class.__name__] = _class
