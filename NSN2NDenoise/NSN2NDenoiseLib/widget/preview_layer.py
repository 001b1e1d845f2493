"""A layer over the input in the slice views, with the result where it is known; the user's own comes back."""

from collections.abc import Callable, Generator

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from NSN2NDenoiseLib.logic import strength, volumes

from .hidden_node import hiddenNode
from .slice_views import compositeNodes


class PreviewLayer(VTKObservationMixin):
    """A hidden copy of the input in the foreground of all slice views, into which boxes of the result are written.

    What the user, or another part of the panel, puts in the foreground of a view meanwhile stays there. Its window and
    level are the input's, wherever they are set.

    Args:
        shareOf: tells how much of the result counts at each voxel of a box, 0 to 1; None: all of it.
    """

    def __init__(self, shareOf: Callable[[tuple], np.ndarray | None]) -> None:
        VTKObservationMixin.__init__(self)
        self._shareOf = shareOf
        self._input, self._node, self._display = None, None, None
        self._known: list[tuple] = []
        self._sketches: list[tuple] = []
        self._stale: list[tuple] = []
        self._replaced: dict[str, tuple[str | None, float]] = {}

    @property
    def node(self):
        """The hidden volume node; None while nothing is shown."""
        return self._node

    @property
    def visible(self) -> bool:
        """Whether a view shows the layer."""
        return self._node is not None and bool(self._ourComposites())

    def showing(self, inputVolume) -> Generator:
        """Begin, with nothing known: copied piece by piece (see `Turns`), then shown at once."""
        scalarType = inputVolume.GetImageData().GetScalarType()
        image = yield from volumes.copying(volumes.arrayOf(inputVolume), scalarType)
        self._input = inputVolume
        self._node = hiddenNode("vtkMRMLScalarVolumeNode", "NSN2N preview of the result")
        self._display = hiddenNode("vtkMRMLScalarVolumeDisplayNode", "NSN2N preview display")
        self._node.SetAndObserveDisplayNodeID(self._display.GetID())
        volumes.displayLike(self._node, inputVolume)
        self._node.SetAndObserveImageData(image)
        self.followVolume()
        for node, follow in ((inputVolume, self._onInputDisplay), (self._node, self._onOwnDisplay)):
            self.addObserver(node, slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent, follow)
        for composite in compositeNodes():
            self._replaced[composite.GetID()] = composite.GetForegroundVolumeID(), composite.GetForegroundOpacity()
            composite.SetForegroundVolumeID(self._node.GetID())
            composite.SetForegroundOpacity(1.0)

    def hide(self) -> None:
        """Take the layer out of the views and the scene."""
        self.removeObservers()
        replaced, self._replaced = self._replaced, {}
        if self._node is not None:
            for composite in self._ourComposites():
                volumeID, opacity = replaced.get(composite.GetID(), (None, 0.0))
                known = volumeID is not None and slicer.mrmlScene.GetNodeByID(volumeID) is not None
                composite.SetForegroundVolumeID(volumeID if known else None)
                composite.SetForegroundOpacity(opacity)
        for node in (self._node, self._display):
            if node is not None and slicer.mrmlScene.IsNodePresent(node):
                slicer.mrmlScene.RemoveNode(node)
        self._input, self._node, self._display = None, None, None
        self._known, self._sketches, self._stale = [], [], []

    def followVolume(self) -> None:
        """Take over the input's geometry and parent transform."""
        if self._node is not None:
            self._node.CopyOrientation(self._input)
            self._node.SetAndObserveTransformNodeID(self._input.GetTransformNodeID())

    def knows(self, box: tuple) -> bool:
        """Whether the result is known in a box."""
        return any(_holds(known, box) for known, _full in self._known)

    def changes(self, box: tuple) -> bool:
        """Whether the result that is known in a box, or around it, is another than the input there."""
        known, full = next((known, full) for known, full in self._known if _holds(known, box))
        inside = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, known, strict=True))
        return not np.array_equal(full[inside], volumes.arrayOf(self._input)[box])

    def forget(self) -> None:
        """The result will be another one; what was known of the last one stays until something new comes."""
        self._stale += [box for box, _full in (*self._known, *self._sketches)]
        self._known, self._sketches = [], []

    def sketch(self, box: tuple, full: np.ndarray, part: float) -> None:
        """Show in a box about what the result will be, but where that is known already; arguments as in `write`."""
        self._begin()
        self._sketches.append((box, full))
        self._mix(box, full, part)
        for known, result in self._known:
            if all(a.start < b.stop and b.start < a.stop for a, b in zip(known, box, strict=True)):
                self._mix(known, result, part)
        slicer.util.arrayFromVolumeModified(self._node)

    def write(self, box: tuple, full: np.ndarray, part: float) -> None:
        """Show the result in a box.

        Args:
            box: slices, (K, J, I).
            full: its voxels at full strength.
            part: strength, 0 to 1.
        """
        self._begin()
        self._sketches = [(other, _) for other, _ in self._sketches if not _holds(box, other)]
        self._known.append((box, full))
        self._mix(box, full, part)
        slicer.util.arrayFromVolumeModified(self._node)

    def mixAgain(self, part: float) -> None:
        """Show all that is known at another strength, or where other voxels are wanted."""
        for box, full in (*self._sketches, *self._known):
            self._mix(box, full, part)
        if self._known or self._sketches:
            slicer.util.arrayFromVolumeModified(self._node)

    def _begin(self) -> None:
        """What was shown before the last `forget` goes when something new comes."""
        if not self._known and not self._sketches:
            for box in self._stale:
                volumes.arrayOf(self._node)[box] = volumes.arrayOf(self._input)[box]
            self._stale = []

    def _onInputDisplay(self, caller, event) -> None:
        volumes.displayLike(self._node, self._input)

    def _onOwnDisplay(self, caller, event) -> None:
        """The mouse sets window and level of what lies on top."""
        source = self._input.GetDisplayNode()
        window = self._display.GetWindow(), self._display.GetLevel()
        if source is not None and window != (source.GetWindow(), source.GetLevel()):
            source.SetAutoWindowLevel(False)
            source.SetWindowLevel(*window)

    def _mix(self, box: tuple, full: np.ndarray, part: float) -> None:
        before = np.ascontiguousarray(volumes.arrayOf(self._input)[box])
        share = self._shareOf(box)
        if share is not None:
            full = _fadedIn(before, full, share)
        image = volumes.atOnce(strength.mixing(before, full, part, self._input.GetImageData().GetScalarType()))
        volumes.arrayOf(self._node)[box] = volumes.arrayOfImage(image)

    def _ourComposites(self) -> list:
        return [node for node in compositeNodes() if node.GetForegroundVolumeID() == self._node.GetID()]


def _fadedIn(before: np.ndarray, full: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The result where it counts, the input where it does not, of their type."""
    mixed = before + share * (full.astype(np.float64) - before)
    return (mixed if before.dtype.kind == "f" else np.rint(mixed)).astype(before.dtype)


def _holds(one: tuple, other: tuple) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(one, other, strict=True))
