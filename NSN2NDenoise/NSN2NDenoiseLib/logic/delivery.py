"""A run's results on their way into the scene: the first one, the last one in its place, or none and all as before."""

from collections.abc import Generator

import numpy as np
import slicer

from . import results, volumes
from .snapshot import Snapshot
from .strength import FULL_REFERENCE, changing, strengthOf


class Delivery:
    """Puts results in the scene; remembers what was there until the run has ended.

    Args:
        inputVolume: the volume that is denoised.
        outputVolume: the volume to overwrite, or None for a new one.
        noiseVolume: the volume that takes the removed noise, True for a new one, or None.
        parameters: what was asked for, JSON-serializable.
        strength: of the first result, 0 to 1; the next one takes the strength that this one has by then.
    """

    def __init__(self, inputVolume, outputVolume, noiseVolume, parameters: dict, strength: float) -> None:
        self._inputID, self._outputID = inputVolume.GetID(), _idOf(outputVolume)
        self._noiseID, self._wantsNewNoise = _idOf(noiseVolume), noiseVolume is True
        self._parameters, self._strength = parameters, strength
        self._began = False
        self._createdIDs: list[str] = []
        self._snapshots: list[Snapshot] = []
        self._keptIDs: set[str] = set()
        self._oldFullID: str | None = None

    @property
    def output(self):
        """The output volume; None while it is still to be created, or when it is gone."""
        return _nodeOf(self._outputID)

    def putting(self, before: np.ndarray, full: np.ndarray, scalarType: int, report: dict) -> Generator:
        """Put a result in the scene: made piece by piece (see `Turns`), then written at once.

        Args:
            before: (K, J, I) voxels of the input volume, as the run got them.
            full: the result of full strength, of the same shape and type.
            scalarType: VTK's, of both.
            report: of the engine.

        Returns:
            The output volume's node.
        """
        image = yield from volumes.copying(full, scalarType)
        noise = None
        while noise is None and self._noiseTarget() is not None:
            noise = yield from volumes.removing(before, full)
        output, target, isAgain = self.output, self._noiseTarget(), self._began
        strength = strengthOf(output) if isAgain else self._strength
        self._begin(output, target)
        if output is not None:
            self._clearAway(output, FULL_REFERENCE)
        output = results.writeResults(
            _nodeOf(self._inputID), output, target, image, noise, report, self._parameters, keepDisplay=isAgain
        )
        if self._outputID is None:
            self._outputID = output.GetID()
            self._createdIDs.append(self._outputID)
        if target is True:
            self._createdIDs.append(output.GetNodeReferenceID(results.NOISE_REFERENCE))
        yield from changing(output, strength)
        return output

    def settle(self) -> None:
        """The run has ended well: what is in the scene stays."""
        old = _nodeOf(self._oldFullID)
        if old is not None:
            volumes.remove(old)

    def undo(self) -> None:
        """Take everything back: the scene is as it was."""
        if not self._began or slicer.mrmlScene.IsClosing():
            return
        if self.output is not None:
            for reference in (FULL_REFERENCE, results.NOISE_REFERENCE):
                self._clearAway(self.output, reference)
        for node in map(_nodeOf, self._createdIDs):
            if node is not None:
                volumes.remove(node)
        for snapshot in self._snapshots:
            snapshot.restore()

    def _noiseTarget(self):
        """Where the removed noise goes: the volume that was asked for, True for a new one, the output's, or None."""
        if self._noiseID is not None or (self._wantsNewNoise and not self._began):
            return _nodeOf(self._noiseID) or True
        return self.output.GetNodeReference(results.NOISE_REFERENCE) if self.output is not None else None

    def _begin(self, output, noise) -> None:
        """Remember the scene, the first time that something is written."""
        if self._began:
            return
        self._began = True
        beside = [] if output is None else [output.GetNodeReference(results.NOISE_REFERENCE)]
        nodes = {node.GetID(): node for node in (output, noise, *beside) if node not in (None, True)}
        self._snapshots = [Snapshot(node) for node in nodes.values()]
        self._oldFullID = _idOf(output.GetNodeReference(FULL_REFERENCE)) if output is not None else None
        self._keptIDs = {*nodes, self._oldFullID}

    def _clearAway(self, output, reference: str) -> None:
        """Drop what stands beside the output; if it came there since the run began, from the scene, too."""
        node = output.GetNodeReference(reference)
        output.SetNodeReferenceID(reference, None)
        if node is not None and node.GetID() not in self._keptIDs:
            volumes.remove(node)


def _idOf(node) -> str | None:
    return None if node is None or node is True else node.GetID()


def _nodeOf(nodeID: str | None):
    return slicer.mrmlScene.GetNodeByID(nodeID) if nodeID else None
