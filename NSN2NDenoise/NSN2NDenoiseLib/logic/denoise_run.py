"""One denoising run, from a checked request to the output volume or back to the scene as it was."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
import slicer

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol

from . import networks, sequences, volumes, written
from .child_job import ChildJob
from .delivery import Delivery
from .outcome import Outcome
from .turns import Turns


@dataclass(frozen=True)
class Request:
    """What to denoise and where to put it; checked beforehand.

    Attributes:
        inputVolume: node.
        outputVolume: node to overwrite, or None for a new one.
        noiseVolume: node for the removed noise, True for a new one, or None.
        preset: of the engine.
        settings: overrides of the preset, without strength.
        strength: part of the removed noise that stays removed, 0 to 1.
        wanted: (K, J, I) boolean, where to denoise; None: everywhere.
        where: what that is, JSON-serializable.
        network: file of the network to use, or None.
        saveNetwork: file for the network that is trained, or None.
    """

    inputVolume: object
    outputVolume: object
    noiseVolume: object
    preset: str
    settings: dict
    strength: float = 1.0
    wanted: np.ndarray | None = None
    where: dict = field(default_factory=dict)
    network: str | None = None
    saveNetwork: str | None = None


class DenoiseRun(ChildJob):
    """Denoises in a child process and puts the result in the scene, a first one while it goes on.

    The child makes results of full strength; the scene keeps what any other strength is mixed from.

    Args:
        request: what to do.
        onProgress: called with `engine.Progress`.
        onFirst: called with the output volume when it holds a first result.
        onLog: called with lines of the child's log.
        onFinished: called once with the `Outcome`.
    """

    CANCELED = "Canceled. The scene is as it was."
    FAILED = "The result could not be put in the scene"

    def __init__(
        self,
        request: Request,
        onProgress: Callable[[engine.Progress], None],
        onFirst: Callable[[object], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self._onProgress, self._onFirst, self.onFinished = onProgress, onFirst, onFinished
        inputVolume = request.inputVolume
        self._inputID, self._saveNetwork = inputVolume.GetID(), request.saveNetwork
        asked = {"preset": request.preset, **request.settings, "strength": request.strength, **request.where}
        self._delivery = Delivery(inputVolume, request.outputVolume, request.noiseVolume, asked, request.strength)
        job = {
            "task": protocol.DENOISE,
            "spacing": volumes.spacingOf(inputVolume),
            "preset": request.preset,
            "settings": request.settings,
            "within": request.wanted is not None,
            "network": request.network,
        }
        arrays = {} if request.wanted is None else {protocol.WITHIN_FILE: np.packbits(request.wanted)}
        watched = [(inputVolume, "input volume"), (request.outputVolume, "output volume")]
        if request.noiseVolume is not True:
            watched.append((request.noiseVolume, "volume for the removed noise"))
        super().__init__(job, inputVolume, [pair for pair in watched if pair[0] is not None], onLog, arrays)

    @property
    def processId(self) -> int:
        """The system's number of the child process; 0 when it doesn't run."""
        return self._child.processId

    @property
    def output(self):
        """The volume that takes the result; None while it is still to be created."""
        return self._delivery.output

    def keep(self) -> None:
        """End the run soon, with the best result so far, or the first one."""
        self._child.send("keep")

    def _onMessage(self, message: dict) -> None:
        if not self.running:
            return
        if message["type"] == "first":
            report = {**message["report"], "ended": "first"}
            self._turns = Turns(self._reading(protocol.FIRST_FILE, report), self._onFirstRead, self._onNoFirst)
            self._turns.start()
        elif message["type"] == "progress":
            self._onProgress(
                engine.Progress(message["stage"], message["fraction"], message.get("loss"), message.get("secondsLeft"))
            )

    def _onGone(self, what: str) -> None:
        self.cancel(f"{what} The run was stopped.")

    def _onEnd(self, outcome: Outcome) -> None:
        """The child has ended: take its result, then remove its files, whatever happened."""
        if outcome.status == "done" and self.running:
            self._turns.stop()  # a first result that is still on its way is not needed any more
            report = outcome.report
            report["ended"] = "kept" if report.get("stoppedEarly") else "whole"
            kept, lost = networks.keep(self._directory.path, self._saveNetwork)
            report["warnings"] = [*(report.get("warnings") or []), *lost]
            self._turns = Turns(
                self._reading(protocol.DENOISED_FILE, report),
                lambda node: self._onRead(outcome, node, kept),
                self._onError,
            )
            self._turns.start()
        else:
            self._directory.remove()
            self._conclude(outcome)

    def _reading(self, name: str, report: dict) -> Generator:
        """Read a result and put it in the scene, which stays as it is until all is read."""
        before = np.load(self._directory.file(protocol.VOLUME_FILE), mmap_mode="r")
        after = np.load(self._directory.file(name), mmap_mode="r")
        inputVolume = slicer.mrmlScene.GetNodeByID(self._inputID)
        shown = sequences.frameAt(inputVolume, self._delivery.frame)
        warnings = yield from self._input.checking(shown, before, inputVolume)
        written.rememberHash(shown, report.get("inputSHA256"))
        report["warnings"] = [*(report.get("warnings") or []), *warnings]
        return (yield from self._delivery.putting(before, after, self._input.scalarType, report))

    def _onFirstRead(self, node) -> None:
        self._watch.add(node, "output volume")
        self._onFirst(node)

    def _onNoFirst(self, error: Exception) -> None:
        self._child.cancel("An error in Slicer.")
        self._onError(error)

    def _onRead(self, outcome: Outcome, node, network: str | None) -> None:
        networks.give(network, [node])
        self._directory.remove()
        outcome.node = node
        self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        if self.running:
            self._watch.end()
            if outcome.status == "done":
                self._delivery.settle()
            else:
                self._delivery.undo()
        super()._conclude(outcome)
