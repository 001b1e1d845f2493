"""The residual |LPF(x_i) - LPF(x_i+gap)| of one volume: computed once, in a child process, looked-at slices first."""

from collections.abc import Callable, Generator

import numpy as np

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol

from . import volumes
from .child_job import ChildJob
from .outcome import Outcome
from .turns import Turns

#: Slices that are copied between two calls of `onSlices`.
BATCH = 16


class ResidualJob(ChildJob):
    """Computes what the preview needs and keeps it.

    Args:
        inputVolume: node.
        sliceAxis: "auto", "k", "j" or "i".
        preset: "default" or "paper": it decides which slices are paired.

    Attributes:
        residual: (K, J, I) float32, normalized, 0 (matched by every threshold) where still to come, inf on padding;
            None before it is asked for.
        arrived: bool per slice; None before the first message.
        matching: axis, gap, slices, scale, warnings (see `protocol`); None before it is known.
        suggested: the automatic threshold, normalized; None before it is known.
        cost: how long a run will take (see `protocol`); None before it is known.
    """

    def __init__(self, inputVolume, sliceAxis: str, preset: str) -> None:
        self.volumeID = inputVolume.GetID()
        self.key = keyOf(inputVolume, sliceAxis, preset)
        self.residual: np.ndarray | None = None
        self.arrived: np.ndarray | None = None
        self.matching: dict | None = None
        self.suggested: float | None = None
        self.cost: dict | None = None
        self._wantsResidual = False
        self._waiting: list[int] = []
        self._ended: Outcome | None = None
        self.silence()
        self._shape = volumes.arrayOf(inputVolume).shape
        self._stack: np.ndarray | None = None
        self._file: np.ndarray | None = None
        job = {
            "task": protocol.MATCH,
            "spacing": volumes.spacingOf(inputVolume),
            "axis": sliceAxis,
            "preset": preset,
        }
        super().__init__(job, inputVolume, [(inputVolume, "input volume")], _nothing)

    @property
    def complete(self) -> bool:
        """Whether the whole residual is there."""
        return self.arrived is not None and bool(self.arrived.all())

    def silence(self) -> None:
        """Call nobody back any more; what is computed stays."""
        self.onMatching: Callable[[], None] = _nothing
        self.onSuggested: Callable[[], None] = _nothing
        self.onCost: Callable[[], None] = _nothing
        self.onSlices: Callable[[list[int]], None] = _nothing
        self.onFinished: Callable[[Outcome], None] = _nothing

    def computeResidual(self, focus: tuple[int, int, int]) -> None:
        """Compute the residual, too; the voxel (k, j, i) is looked at, so its slice comes first."""
        self._child.send("residual {} {} {}".format(*focus))
        self._wantsResidual = True
        self._makeRoom()

    def setFocus(self, focus: tuple[int, int, int]) -> None:
        """The user now looks at the voxel (k, j, i): its slice comes next."""
        self._child.send("focus {} {} {}".format(*focus))

    def _onMessage(self, message: dict) -> None:
        if not self.running:
            return
        if message["type"] == "matching":
            self.matching = message
            self._makeRoom()
            self.onMatching()
        elif message["type"] == "suggested":
            self.suggested = message["threshold"]
            self.onSuggested()
        elif message["type"] == "cost":
            self.cost = message
            self.onCost()
        elif message["type"] == "slices":
            self._waiting += message["indices"]
            if not self._turns.running:
                self._take()

    def _take(self) -> None:
        """Copy slices that the child has computed, in turns: many may have arrived while Slicer was busy."""
        self._turns = Turns(self._copying(), self._onCopiedBack, self._onError)
        self._turns.start()

    def _copying(self) -> Generator[None, None, list[int]]:
        if self._file is None:
            path = self._directory.file(protocol.RESIDUAL_FILE)
            self._file = np.memmap(path, np.float32, mode="r", shape=self._stack.shape)
        taken, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        for index in taken:
            self._stack[index] = self._file[index]
            self.arrived[index] = True
            yield
        return taken

    def _onCopiedBack(self, taken: list[int]) -> None:
        self.onSlices(taken)
        if self.running and self._waiting:
            self._take()
        elif self._ended is not None:
            self._onEnd(self._ended)

    def _makeRoom(self) -> None:
        """Make room for the residual, once its shape is known and it is asked for."""
        if not self._wantsResidual or self.matching is None or self.residual is not None or not self.running:
            return
        self.residual = np.zeros(self._shape, np.float32)
        self._stack = engine.slices_first(self.residual, self.matching["axis"])
        self.arrived = np.zeros(self.matching["slices"], bool)

    def _onEnd(self, outcome: Outcome) -> None:
        if self._turns.running:
            self._ended = outcome
            return
        self._file = None
        self._directory.remove()
        self._conclude(outcome)


def keyOf(inputVolume, sliceAxis: str, preset: str) -> tuple:
    """What the residual depends on: it is computed again only when this changes."""
    image = inputVolume.GetImageData()
    return (
        inputVolume.GetID(),
        image.GetMTime() if image is not None else 0,
        tuple(inputVolume.GetSpacing()),
        sliceAxis,
        preset,
    )


def isSameVolume(key: tuple, other: tuple) -> bool:
    """Whether two results of `keyOf` are of one volume, looked at in one way: its voxels or spacing differ at most."""
    return (key[0], *key[3:]) == (other[0], *other[3:])


def _nothing(*args) -> None:
    pass
