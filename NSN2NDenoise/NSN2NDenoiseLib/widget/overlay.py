"""The overlay on the slice views: where neighbors do not match (W_i = 0, Eq. 3)."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import slicer
import vtk

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.logic import volumes

from .hidden_node import MARK, hiddenNode
from .slice_views import compositeNodes

#: Values of the overlay's label map.
MATCHED, UNMATCHED, EXCLUDED = 0, 1, 2
#: Their colors (red, green, blue, opacity); padding is shown faintly, as W_i is 0 there but nothing can match.
COLORS = ((0, 0, 0, 0), (1.0, 0.35, 0.1, 1.0), (0.35, 0.45, 0.6, 0.3))
#: Voxels that are compared at a time: few enough to stay in a processor's cache.
PIECE = 1_000_000


class MatchingOverlay:
    """A hidden label map in the label layer of all slice views; the user's own layer is put back by `hide`."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
        self._nodes: list = []
        self._labelMap = None
        self._labels: np.ndarray | None = None
        self._excluded: np.ndarray | None = None
        self._residual: np.ndarray | None = None
        self._replaced: dict[str, tuple[str | None, float]] = {}
        self._viewTags: list[tuple] = []
        self._sceneTag: int | None = None
        self._opacity = 0.5
        self._known = 0
        self.matchedFraction: float | None = None

    @property
    def visible(self) -> bool:
        """Whether the overlay is in the slice views."""
        return self._labelMap is not None

    @property
    def labelMap(self):
        """The hidden label map node; None while hidden."""
        return self._labelMap

    def show(self, volumeNode, residual: np.ndarray, opacity: float) -> None:
        """Put an overlay for a volume in the slice views.

        Args:
            volumeNode: the volume that the residual belongs to.
            residual: (K, J, I) float32 as in `ResidualJob.residual`; it may still be filling up.
            opacity: 0 to 1.
        """
        self.hide()
        self._residual, self._opacity = residual, opacity
        self._excluded, self._known = None, 0
        image = volumes.imageOf(np.zeros(residual.shape, np.uint8), vtk.VTK_UNSIGNED_CHAR)
        self._labelMap = hiddenNode("vtkMRMLLabelMapVolumeNode", "NSN2N matching overlay")
        display = hiddenNode("vtkMRMLLabelMapVolumeDisplayNode", "NSN2N matching overlay display")
        colors = hiddenNode("vtkMRMLColorTableNode", "NSN2N matching overlay colors", _fillColors)
        self._nodes = [self._labelMap, display, colors]
        display.SetAndObserveColorNodeID(colors.GetID())
        self._labelMap.SetAndObserveImageData(image)
        self._labelMap.SetAndObserveDisplayNodeID(display.GetID())
        self.followVolume(volumeNode)
        self._labels = slicer.util.arrayFromVolume(self._labelMap)
        self._enterViews()
        self._sceneTag = slicer.mrmlScene.AddObserver(slicer.mrmlScene.NodeAddedEvent, self._onNodeAdded)

    def cleanup(self) -> None:
        """Hide, for good."""
        self.hide()
        self._pool.shutdown(wait=False)

    def hide(self) -> None:
        """Take the overlay out of the views and the scene, and put the user's label layers back."""
        if self._sceneTag is not None:
            slicer.mrmlScene.RemoveObserver(self._sceneTag)
            self._sceneTag = None
        self._leaveViews()
        for node in self._nodes:
            if slicer.mrmlScene.IsNodePresent(node):
                slicer.mrmlScene.RemoveNode(node)
        self._nodes, self._labelMap, self._labels, self._residual = [], None, None, None
        self._excluded, self.matchedFraction = None, None

    def followVolume(self, volumeNode) -> None:
        """Take over the volume's geometry and parent transform."""
        if self._labelMap is not None:
            self._labelMap.CopyOrientation(volumeNode)
            self._labelMap.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())

    def setOpacity(self, opacity: float) -> None:
        """Set the opacity, 0 to 1, in all views."""
        self._opacity = opacity
        if self._labelMap is not None:
            for composite in self._ourComposites():
                composite.SetLabelOpacity(opacity)

    def slicesArrived(self, axis: str, indices: list[int]) -> None:
        """Take note of slices of the residual that are known now; `update` shows them."""
        residual = np.moveaxis(self._residual, "kji".index(axis), 0)
        for index in indices:
            excluded = np.isinf(residual[index])
            count = np.count_nonzero(excluded)
            self._known += excluded.size - count
            if count:
                if self._excluded is None:
                    self._excluded = np.zeros(self._residual.shape, np.uint8)
                np.moveaxis(self._excluded, "kji".index(axis), 0)[index] = excluded

    def update(self, threshold: float) -> None:
        """Show W_i = 0 for a threshold (normalized), and count the matched voxels."""
        if self._labels is None:
            return
        self._enterViews()
        step = max(1, PIECE // self._labels[0].size)
        spans = [slice(start, start + step) for start in range(0, len(self._labels), step)]
        unmatched = sum(self._pool.map(lambda span: self._updatePart(span, threshold), spans))
        self.matchedFraction = 1 - unmatched / self._known if self._known else None
        slicer.util.arrayFromVolumeModified(self._labelMap)

    def _updatePart(self, span: slice, threshold: float) -> int:
        """Update some k slices; returns how many of their voxels are unmatched (padding not counted)."""
        labels = self._labels[span]
        np.subtract(1, engine.weight_matrix(self._residual[span], threshold), out=labels)
        unmatched = np.count_nonzero(labels)
        if self._excluded is not None:
            excluded = self._excluded[span]
            unmatched -= np.count_nonzero(excluded)
            labels += excluded
        return unmatched

    def _ourComposites(self) -> list:
        return [c for c in compositeNodes() if c.GetLabelVolumeID() == self._labelMap.GetID()]

    def _enterViews(self) -> None:
        """Put the overlay in every view whose label layer is not an overlay already; remember what was there."""
        for composite in compositeNodes():
            known = self._replaced.get(composite.GetID())
            if known is None:
                event = vtk.vtkCommand.ModifiedEvent
                self._viewTags.append((composite, composite.AddObserver(event, self._onViewModified)))
            self._enterView(composite, known)

    def _enterView(self, composite, known: tuple[str | None, float] | None) -> None:
        if self._labelMap is None or composite.GetLabelVolumeID() == self._labelMap.GetID():
            return
        if not slicer.mrmlScene.IsNodePresent(self._labelMap):
            return
        current = slicer.mrmlScene.GetNodeByID(composite.GetLabelVolumeID() or "")
        own = current is None or current.GetAttribute(MARK) is None
        if known is not None and not own:
            return  # another panel's overlay: neither may throw the other out for ever
        opacity = composite.GetLabelOpacity() if known is None else known[1]
        self._replaced[composite.GetID()] = (current.GetID() if own and current is not None else None, opacity)
        composite.SetLabelVolumeID(self._labelMap.GetID())
        composite.SetLabelOpacity(self._opacity)

    def _leaveViews(self) -> None:
        replaced, self._replaced = self._replaced, {}
        tags, self._viewTags = self._viewTags, []
        for composite, tag in tags:
            composite.RemoveObserver(tag)
        if self._labelMap is None:
            return
        for composite in self._ourComposites():
            labelID, opacity = replaced.get(composite.GetID(), (None, 1.0))
            known = labelID is not None and slicer.mrmlScene.GetNodeByID(labelID) is not None
            composite.SetLabelVolumeID(labelID if known else None)
            composite.SetLabelOpacity(opacity)

    def _onViewModified(self, composite, event) -> None:
        """Loading any volume resets the label layer of all views: come back."""
        self._enterView(composite, self._replaced.get(composite.GetID()))

    def _onNodeAdded(self, caller, event) -> None:
        if len(compositeNodes()) > len(self._replaced):
            self._enterViews()


def _fillColors(colors) -> None:
    colors.SetTypeToUser()
    colors.SetNumberOfColors(len(COLORS))
    names = ("matched", "not matched", "padding")
    for value, (name, color) in enumerate(zip(names, COLORS, strict=True)):
        colors.SetColor(value, name, *color)
