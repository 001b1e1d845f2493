"""A run's results on their way into the scene: the first one, the last one in its place, or none and all as before."""

from collections.abc import Generator

import numpy as np
import slicer
from slicer.i18n import tr as _

from . import results, volumes, written
from .sequences import frameShown
from .snapshot import Snapshot
from .strength import FULL_REFERENCE, changing, discard, strengthOf

#: Warns of a volume that is not overwritten.
SPARED = _("'{name}' was changed during the run: it stays as it is, and a new volume took its place.")

#: Warns of a result that could not be mixed.
SCROLLED = _(
    "The input volume shows another frame now, so the result has full strength. Select the frame that was denoised, "
    "and set the strength."
)


class Delivery:
    """Puts results in the scene; remembers what was there until the run has ended.

    Args:
        inputVolume: the volume that is denoised.
        outputVolume: the volume to overwrite, or None for a new one.
        noiseVolume: the volume that takes the removed noise, True for a new one, or None.
        parameters: what was asked for, JSON-serializable.
        strength: of the first result, 0 to 1; the next one takes the strength that this one has by then.

    Attributes:
        frame: index value of the frame that is denoised; None: the volume shows no sequence.
    """

    def __init__(self, inputVolume, outputVolume, noiseVolume, parameters: dict, strength: float) -> None:
        self._inputID, self._outputID = inputVolume.GetID(), _idOf(outputVolume)
        self.frame = frameShown(inputVolume)
        self._noiseID, self._wantsNewNoise = _idOf(noiseVolume), noiseVolume is True
        self._parameters, self._strength = parameters, strength
        self._began = self._isUnmixed = False
        self._createdIDs: list[str] = []
        self._snapshots: dict[str, Snapshot] = {}
        self._keptIDs: set[str] = set()
        self._oldFullID: str | None = None
        chosen = [node for node in (outputVolume, noiseVolume) if node not in (None, True)]
        self._allowed = {node.GetID(): written.timeOf(node) for node in results.withNoise(chosen)}

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
            report: of the engine; gets a warning where a new volume takes the place of one that was changed meanwhile.

        Returns:
            The output volume's node.
        """
        image = yield from volumes.copying(full, scalarType)
        noise = None
        while noise is None and self._noiseTarget() is not None:
            noise = yield from volumes.removing(before, full)
        strength = self._strengthNow(report)
        self._spareChanged(report)
        output, target, isAgain = self.output, self._noiseTarget(), self._began and self.output is not None
        self._begin(output, target)
        if output is not None:
            self._clearAway(output, FULL_REFERENCE)
        output = results.writeResults(
            _nodeOf(self._inputID), output, target, image, noise, report, self._parameters, self.frame, isAgain
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
            discard(old)
        if self.output is not None:
            results.takeFromOthers(self.output)

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
        for snapshot in self._snapshots.values():
            snapshot.restore()

    def _noiseTarget(self):
        """Where the removed noise goes: the volume that was asked for, True for a new one, the output's, or None."""
        if self._noiseID is not None:
            return _nodeOf(self._noiseID) or True
        beside = self.output.GetNodeReference(results.NOISE_REFERENCE) if self.output is not None else None
        return True if self._wantsNewNoise and (beside is None or not self._began) else beside

    def _strengthNow(self, report: dict) -> float:
        """The strength of the next result: as asked for, or as the first one has it now; with a warning 1, if need be.

        A result can be mixed only with the frame that it is of.
        """
        strength = self._strength
        if self._began and not (self._isUnmixed and strengthOf(self.output) == 1):
            strength = strengthOf(self.output)
        self._isUnmixed = strength < 1 and frameShown(_nodeOf(self._inputID)) != self.frame
        if self._isUnmixed:
            report["warnings"] = [*(report.get("warnings") or []), SCROLLED]
        return 1.0 if self._isUnmixed else strength

    def _spareChanged(self, report: dict) -> None:
        """Leave to the user what somebody else has written into since the start; new volumes take its place."""
        for node in (self.output, self._noiseTarget()):
            if node in (None, True) or self._mayWrite(node):
                continue
            report["warnings"] = [*(report.get("warnings") or []), SPARED.format(name=node.GetName())]
            self._snapshots.pop(node.GetID(), None)
            self._createdIDs = [other for other in self._createdIDs if other != node.GetID()]
            if node is self.output:
                self._outputID = None
            else:
                self._noiseID, self._wantsNewNoise = None, True
                if self.output is not None:
                    self.output.SetNodeReferenceID(results.NOISE_REFERENCE, None)

    def _mayWrite(self, node) -> bool:
        """Whether a volume is empty, holds what NSN2N wrote, or what the user gave up at the start."""
        time = written.timeOf(node)
        return time is None or written.isUntouched(node) or self._allowed.get(node.GetID()) == time

    def _begin(self, output, noise) -> None:
        """Remember the scene, the first time that something is written."""
        if self._began:
            return
        self._began = True
        chosen = [node for node in (output, noise) if node not in (None, True)]
        nodes = {node.GetID(): node for node in results.withNoise(chosen)}
        self._snapshots = {nodeID: Snapshot(node) for nodeID, node in nodes.items()}
        self._oldFullID = _idOf(output.GetNodeReference(FULL_REFERENCE)) if output is not None else None
        self._keptIDs = {*nodes, self._oldFullID}

    def _clearAway(self, output, reference: str) -> None:
        """Drop what stands beside the output; if it came there since the run began, from the scene, too."""
        node = output.GetNodeReference(reference)
        output.SetNodeReferenceID(reference, None)
        if node is not None and node.GetID() not in self._keptIDs:
            discard(node) if reference == FULL_REFERENCE else volumes.remove(node)


def _idOf(node) -> str | None:
    return None if node is None or node is True else node.GetID()


def _nodeOf(nodeID: str | None):
    return slicer.mrmlScene.GetNodeByID(nodeID) if nodeID else None
