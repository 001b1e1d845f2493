"""Denoised frames on their way into a sequence beside the input's, in the same browser."""

from collections.abc import Generator

import numpy as np
import slicer

from . import results, volumes
from .sequences import Frames


class SequenceDelivery:
    """Makes the sequence of the results and takes it back.

    The sequence joins the browser with its first frame: an empty one can't be browsed. Where a frame is still to come,
    or was left out, the volume that shows the results goes on showing the one before, under its name.

    Args:
        frames: that are denoised.
        parameters: what was asked for, JSON-serializable.
    """

    def __init__(self, frames: Frames, parameters: dict) -> None:
        self._sequenceID, self._browserID = frames.sequence.GetID(), frames.browser.GetID()
        self._parameters = parameters
        self._outputID: str | None = None

    @property
    def output(self):
        """The sequence of the results; None before its first frame, or when it is gone."""
        return slicer.mrmlScene.GetNodeByID(self._outputID) if self._outputID else None

    def adding(self, number: int, after: np.ndarray, scalarType: int, report: dict) -> Generator:
        """Add the result of a frame: made piece by piece (see `Turns`), then added at once.

        Args:
            number: of the frame, from 0.
            after: (K, J, I).
            scalarType: VTK's, of the frame.
            report: of the engine.

        Returns:
            The volume that shows the results.
        """
        image = yield from volumes.copying(after, scalarType)
        source = self._input
        before = source.sequence.GetNthDataNode(number)
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(f"{before.GetName()} denoised")
        node.SetAndObserveImageData(image)
        node.CopyOrientation(before)
        volumes.unitsLike(node, before)
        results.describe(node, before, report, self._parameters)
        output = self.output or self._create(source.sequence)
        value = source.sequence.GetNthIndexValue(number)
        node.SetAttribute(results.FRAME, value)
        output.SetDataNodeAtValue(node, value)
        shown = Frames(output, source.browser)
        if shown.proxy is None:
            self._show(shown, source, node)
        return shown.proxy

    def undo(self) -> None:
        """Take everything back."""
        output = self.output
        if output is None or slicer.mrmlScene.IsClosing():
            return
        browser = self._input.browser
        proxy = noise = None
        if browser is not None:
            proxy = browser.GetProxyNode(output)
            noise = None if proxy is None else proxy.GetNodeReference(results.NOISE_REFERENCE)
            browser.RemoveSynchronizedSequenceNode(output.GetID())
        slicer.mrmlScene.RemoveNode(output)
        for node in (proxy, noise):
            if node is not None and node.GetScene() is not None:
                volumes.remove(node)

    @property
    def _input(self) -> Frames:
        return Frames(*map(slicer.mrmlScene.GetNodeByID, (self._sequenceID, self._browserID)))

    def _create(self, sequence):
        name = slicer.mrmlScene.GetUniqueNameByString(f"{sequence.GetName()} denoised")
        output = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
        output.SetIndexName(sequence.GetIndexName())
        output.SetIndexUnit(sequence.GetIndexUnit())
        output.SetIndexType(sequence.GetIndexType())
        output.SetNumericIndexValueTolerance(sequence.GetNumericIndexValueTolerance())
        self._outputID = output.GetID()
        return output

    def _show(self, shown: Frames, source: Frames, node) -> None:
        """Let the browser show the results like the input, `node` at first."""
        browser = shown.browser
        modifying = browser.StartModify()
        browser.AddSynchronizedSequenceNode(shown.sequence)
        browser.SetMissingItemMode(shown.sequence, browser.MissingItemIgnore)
        browser.SetOverwriteProxyName(shown.sequence, True)
        proxy = browser.AddProxyNode(node, shown.sequence)
        proxy.CopyContent(node)  # the browser does it for the selected frame only
        browser.EndModify(modifying)
        volumes.displayLike(proxy, source.proxy)
        proxy.SetAndObserveTransformNodeID(source.proxy.GetTransformNodeID())
        proxy.SetNodeReferenceID(results.INPUT_REFERENCE, source.proxy.GetID())
        volumes.beside(proxy, source.proxy)
