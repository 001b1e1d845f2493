"""Denoised frames on their way into a sequence beside the input's, in the same browser."""

from collections.abc import Generator

import numpy as np
import slicer

from NSN2NDenoiseLib import engine

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
        self._proxyID: str | None = None

    @property
    def output(self):
        """The sequence of the results; None before its first frame, or when it is gone."""
        return slicer.mrmlScene.GetNodeByID(self._outputID) if self._outputID else None

    @property
    def frames(self) -> Frames:
        """The results in their browser."""
        return Frames(self.output, self._input.browser)

    def adding(self, value: str, before, after: np.ndarray, scalarType: int, report: dict) -> Generator:
        """Add the result of a frame: made piece by piece (see `Turns`), then added at once.

        Args:
            value: index value of the frame.
            before: its own volume node.
            after: (K, J, I).
            scalarType: VTK's, of the frame.
            report: of the engine.

        Returns:
            The volume that shows the results.
        """
        image = yield from volumes.copying(after, scalarType)
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(f"{before.GetName()} denoised")
        node.SetAndObserveImageData(image)
        node.CopyOrientation(before)
        volumes.unitsLike(node, before)
        results.describe(node, before, report, self._parameters)
        output = self.output or self._create(self._input.sequence)
        node.SetAttribute(results.FRAME, value)
        output.SetDataNodeAtValue(node, value)
        return self.showing(node)

    def showing(self, node=None):
        """The volume that shows the results; where there is none (any more), a new one, which shows `node` at first."""
        shown = self.frames
        if shown.proxy is None:
            self._show(shown, self._input, node or shown.nodes[-1])
        return shown.proxy

    def undo(self) -> None:
        """Take everything back, as far as it is still there."""
        if slicer.mrmlScene.IsClosing():
            return
        output, browser = self.output, self._input.browser
        proxy = slicer.mrmlScene.GetNodeByID(self._proxyID) if self._proxyID else None
        noise = proxy.GetNodeReference(results.NOISE_REFERENCE) if proxy is not None else None
        if output is not None and browser is not None:
            browser.RemoveSynchronizedSequenceNode(output.GetID())
        if output is not None:
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
        self._proxyID = proxy.GetID()
        proxy.CopyContent(node)  # the browser does it for the selected frame only
        browser.EndModify(modifying)
        volumes.displayLike(proxy, source.proxy)
        proxy.SetAndObserveTransformNodeID(source.proxy.GetTransformNodeID())
        proxy.SetNodeReferenceID(results.INPUT_REFERENCE, source.proxy.GetID())
        volumes.beside(proxy, source.proxy)
        volumes.exportLike(proxy, source.proxy, engine.describe_series(results.reportOf(node)))
