"""The residual |LPF(x_i) - LPF(x_i+gap)| of one volume: computed once, in a child process, looked-at slices first."""

from collections.abc import Callable

import numpy as np

from NSN2NDenoiseLib import protocol
from NSN2NDenoiseLib.engine.axes import slices_first

from . import volumes
from .child_process import ChildProcess, Outcome
from .job_directory import JobDirectory
from .scene_watch import SceneWatch

#: Residual of slices that are not computed yet: below every threshold, so that they show nothing.
UNKNOWN = np.float32(-1)


class ResidualJob:
    """Computes what the preview needs and keeps it.

    Args:
        inputVolume: node.
        sliceAxis: "auto", "k", "j" or "i".
        wantResidual: False only for the suggested threshold and the inspection.
        suggested: the automatic threshold if it is known already, else None.
        focus: (k, j, i) of the voxel that is looked at.

    Attributes:
        residual: (K, J, I) float32, normalized, `UNKNOWN` where still to come, inf on padding; None without.
        arrived: bool per slice; None before the first message.
        matching: axis, gap, slices, scale, suggested (see `protocol`); None before it is known.
        inspection: what the engine says about the volume; None before it is known.
    """

    def __init__(self, inputVolume, sliceAxis: str, wantResidual: bool, suggested, focus) -> None:
        self.volumeID = inputVolume.GetID()
        self.key = keyOf(inputVolume, sliceAxis)
        self.residual: np.ndarray | None = None
        self.arrived: np.ndarray | None = None
        self.matching: dict | None = None
        self.inspection: dict | None = None
        self.outcome: Outcome | None = None
        self.wantsResidual = wantResidual
        self.onMatching: Callable[[], None] = _nothing
        self.onSlices: Callable[[list[int]], None] = _nothing
        self.onInspected: Callable[[], None] = _nothing
        self.onFinished: Callable[[Outcome], None] = _nothing
        self._shape = volumes.arrayOf(inputVolume).shape
        self._stack: np.ndarray | None = None
        self._file: np.ndarray | None = None
        job = {
            "task": protocol.MATCH,
            "spacing": volumes.spacingOf(inputVolume),
            "axis": sliceAxis,
            "residual": wantResidual,
            "inspect": True,
            "suggested": suggested,
            "focus": list(focus),
        }
        self._directory = JobDirectory(job, volumes.arrayOf(inputVolume))
        self._child = ChildProcess(self._directory.path, self._onMessage, _nothing, self._onEnd)
        self._watch = SceneWatch([(inputVolume, "input volume")], self.cancel)

    def start(self) -> None:
        """Start the child process."""
        try:
            self._child.start()
        except RuntimeError as error:
            self._onEnd(Outcome("failed", str(error), "start"))

    @property
    def running(self) -> bool:
        """Whether something is still to come."""
        return self.outcome is None

    @property
    def complete(self) -> bool:
        """Whether the whole residual is there."""
        return self.arrived is not None and bool(self.arrived.all())

    @property
    def childRunning(self) -> bool:
        """Whether the child process still exists, also after `cancel`."""
        return self._child.running

    def setFocus(self, focus) -> None:
        """The user now looks at the voxel (k, j, i): its slice comes next."""
        if self.running and self.matching is not None and not self.complete:
            self._child.send(f"focus {int(focus['kji'.index(self.matching['axis'])])}")

    def cancel(self, reason: str = "Canceled.") -> None:
        """Stop computing; what has arrived stays."""
        self._child.cancel(reason)
        self._conclude(Outcome("cancelled", reason))

    def wait(self, milliseconds: int) -> None:
        """Block until something happens or the time is over."""
        self._child.wait(milliseconds)

    def stopNow(self) -> None:
        """Stop, and don't return before the process and its files are gone."""
        self._child.stopNow("The application was closed.")

    def _onMessage(self, message: dict) -> None:
        if not self.running:
            return
        if message["type"] == "matching":
            self.matching = message
            if self.wantsResidual:
                self._map()
            self.onMatching()
        elif message["type"] == "slices":
            for index in message["indices"]:
                self._stack[index] = self._file[index]
                self.arrived[index] = True
            self.onSlices(message["indices"])
        elif message["type"] == "inspected":
            self.inspection = message["inspection"]
            self.onInspected()

    def _map(self) -> None:
        """Make room for the residual, and look into the child's file."""
        self.residual = np.full(self._shape, UNKNOWN, np.float32)
        self._stack = slices_first(self.residual, self.matching["axis"])
        self.arrived = np.zeros(self.matching["slices"], bool)
        self._file = np.memmap(
            self._directory.file(protocol.RESIDUAL_FILE), np.float32, mode="r", shape=self._stack.shape
        )

    def _onEnd(self, outcome: Outcome) -> None:
        self._file = None
        self._directory.remove()
        self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        if self.running:
            self._watch.end()
            self.outcome = outcome
            self.onFinished(outcome)


def keyOf(inputVolume, sliceAxis: str) -> tuple:
    """What the residual depends on: it is computed again only when this changes."""
    image = inputVolume.GetImageData()
    return (
        inputVolume.GetID(),
        image.GetMTime() if image is not None else 0,
        tuple(inputVolume.GetSpacing()),
        sliceAxis,
    )


def _nothing(*args) -> None:
    pass
