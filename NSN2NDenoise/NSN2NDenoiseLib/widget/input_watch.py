"""Says when something about the input volume has changed, gathered."""

from collections.abc import Callable

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .timers import singleShot

#: Milliseconds in which changes are gathered into one call.
GATHER = 50


class InputWatch(VTKObservationMixin):
    """Follows a volume: voxels that come later, are replaced, edited in place or taken away, and its geometry.

    Args:
        onChanged: called after changes.
    """

    EVENTS = (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent)

    def __init__(self, onChanged: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._volume = None
        self._timer = singleShot(onChanged)

    def follow(self, volumeNode) -> None:
        """Follow this volume from now on, or none; harmless when it is followed already."""
        if volumeNode is self._volume:
            return
        self.removeObservers()
        self._timer.stop()
        self._volume = volumeNode
        if volumeNode is not None:
            for event in self.EVENTS:
                self.addObserver(volumeNode, event, self._onEvent)

    def cleanup(self) -> None:
        """Follow nothing, for good."""
        self.follow(None)
        self._timer.deleteLater()

    def _onEvent(self, caller, event) -> None:
        if not self._timer.isActive():
            self._timer.start(GATHER)
