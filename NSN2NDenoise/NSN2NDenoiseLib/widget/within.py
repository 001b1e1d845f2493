"""The section Only within: a ROI and a segment that limit a run."""

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from NSN2NDenoiseLib.logic.within import segmentsOf


class WithinSection(VTKObservationMixin):
    """Offers the segments of the segmentation that is chosen.

    Args:
        ui: the panel's widgets by name.
    """

    def __init__(self, ui) -> None:
        VTKObservationMixin.__init__(self)
        self._choice = ui.segmentComboBox
        self._parameterNode = None
        self._segmentation = None
        self._offered: list[tuple[str, str]] | None = None
        self._choice.connect("activated(int)", self._onChosen)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        self._parameterNode = parameterNode
        self.update()

    def update(self) -> None:
        """Follow the choice of the segmentation, and its segments."""
        segmentation = self._parameterNode.segmentation if self._parameterNode is not None else None
        if segmentation is not self._segmentation:
            self.removeObservers()
            self._segmentation = segmentation
            if segmentation is not None:
                content = segmentation.GetSegmentation()
                for event in (content.SegmentAdded, content.SegmentRemoved, content.SegmentModified):
                    self.addObserver(content, event, self._onSegments)
        self._offer()

    def _offer(self) -> None:
        segments = [] if self._segmentation is None else segmentsOf(self._segmentation)
        if segments != self._offered:
            self._offered = segments
            self._choice.clear()
            for name in (_("any segment"), *(name for _id, name in segments)):
                self._choice.addItem(name)
        self._choice.enabled = bool(segments)
        ids = ["", *(segmentID for segmentID, _name in segments)]
        wanted = self._parameterNode.segment if self._parameterNode is not None else ""
        self._choice.currentIndex = ids.index(wanted) if wanted in ids else 0
        if segments and wanted not in ids and not slicer.mrmlScene.IsBatchProcessing():
            self._parameterNode.segment = ""  # it is of another segmentation, or was removed

    def _onSegments(self, caller, event) -> None:
        self._offer()

    def _onChosen(self, index: int) -> None:
        if self._parameterNode is not None:
            self._parameterNode.segment = self._offered[index - 1][0] if index > 0 else ""
