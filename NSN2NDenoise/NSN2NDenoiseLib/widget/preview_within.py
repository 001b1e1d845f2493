"""Where a run would denoise, as the preview of its result follows it: inside the ROI and the segment of Only within."""

from collections.abc import Callable

import numpy as np
import slicer
import vtk
from slicer.util import VTKObservationMixin

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.volume.axes import slices_back
from NSN2NDenoiseLib.engine.volume.part import Box, bounding_box, placed, shifted, widened
from NSN2NDenoiseLib.engine.volume.seam import SEAM, seam
from NSN2NDenoiseLib.logic import volumes
from NSN2NDenoiseLib.logic.within import wantedInBox


class PreviewWithin(VTKObservationMixin):
    """The ROI and the segment, and what they are of a volume's boxes.

    Args:
        onChanged: called when others are chosen, or these are changed or moved.

    Attributes:
        problem: why no run is possible with what is chosen; "": it is.
    """

    def __init__(self, onChanged: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._onChanged = onChanged
        self._parameterNode = None
        self._chosen: tuple = ()
        self._shares: dict[tuple, np.ndarray | None] = {}
        self.problem = ""

    def follow(self, parameterNode) -> None:
        """Follow the choice of a parameter node; None: no longer."""
        self._parameterNode = parameterNode
        chosen = ()
        if parameterNode is not None:
            volume, roi, segmentation = parameterNode.inputVolume, parameterNode.roi, parameterNode.segmentation
            chosen = (volume, roi, segmentation, parameterNode.segment)
        if chosen == self._chosen:
            return
        self.removeObservers()
        self._chosen = chosen
        self._forget()
        if parameterNode is None:
            return
        for node in (volume, roi, segmentation):
            if node is not None:
                self.addObserver(node, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self._onModified)
        if roi is not None:
            self.addObserver(roi, vtk.vtkCommand.ModifiedEvent, self._onModified)
        if segmentation is not None:
            content = segmentation.GetSegmentation()
            for event in (content.SegmentAdded, content.SegmentRemoved, content.SegmentModified):
                self.addObserver(content, event, self._onModified)
            for event in (content.SourceRepresentationModified, content.RepresentationModified):
                self.addObserver(content, event, self._onModified)
        self._onChanged()

    def partOf(self, box: Box) -> Box | None:
        """The smallest box around what is wanted in a box of the volume; None: nothing is."""
        wanted = self._wanted(box)
        if wanted is None:
            return box
        return placed(bounding_box(wanted), box) if wanted.any() else None

    def shareOf(self, box: Box) -> np.ndarray | None:
        """How much of the result counts at each voxel of a box, float32; None: all of it."""
        key = tuple(end for side in box for end in (side.start, side.stop))
        if key not in self._shares:
            self._shares[key] = self._findShare(box)
        return self._shares[key]

    def _findShare(self, box: Box) -> np.ndarray | None:
        node = self._parameterNode
        shape = volumes.arrayOf(node.inputVolume).shape
        wider = widened(box, (SEAM,) * 3, shape, grid=(1, 1, 1))
        wanted = self._wanted(wider)
        if wanted is None:
            return None
        axis = engine.resolve_axis(node.sliceAxis, volumes.spacingOf(node.inputVolume))
        return slices_back(seam(engine.slices_first(wanted, axis)), axis)[shifted(box, wider)]

    def _wanted(self, box: Box) -> np.ndarray | None:
        node = self._parameterNode
        try:
            return wantedInBox(node.inputVolume, box, node.roi, node.segmentation, node.segment)
        except ValueError as error:
            self.problem = str(error)
            return np.zeros([side.stop - side.start for side in box], bool)

    def _forget(self) -> None:
        self._shares, self.problem = {}, ""

    def _onModified(self, caller, event) -> None:
        self._forget()
        self._onChanged()
