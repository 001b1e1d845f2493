"""One denoising run, from a checked request to the output volume or back to the scene as it was."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import slicer

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol

from . import results, volumes
from .child_job import ChildJob
from .child_process import Outcome
from .turns import Turns


@dataclass(frozen=True)
class Request:
    """What to denoise and where to put it; checked beforehand.

    Attributes:
        inputVolume: node.
        outputVolume: node to overwrite, or None for a new one.
        noiseVolume: node for the removed noise, True for a new one, or None.
        preset: of the engine.
        settings: overrides of the preset.
    """

    inputVolume: object
    outputVolume: object
    noiseVolume: object
    preset: str
    settings: dict


class DenoiseRun(ChildJob):
    """Trains in a child process and puts the result in the scene.

    Args:
        request: what to do.
        onProgress: called with `engine.Progress`.
        onLog: called with lines of the child's log.
        onFinished: called once with the `Outcome`.
    """

    CANCELED = "Canceled. The scene is as it was."
    FAILED = "The result could not be put in the scene"

    def __init__(
        self,
        request: Request,
        onProgress: Callable[[engine.Progress], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self._request = request
        self._onProgress, self.onFinished = onProgress, onFinished
        inputVolume = request.inputVolume
        self._inputID, self._outputID = inputVolume.GetID(), _idOf(request.outputVolume)
        self._noiseID = True if request.noiseVolume is True else _idOf(request.noiseVolume)
        job = {
            "task": protocol.DENOISE,
            "spacing": volumes.spacingOf(inputVolume),
            "preset": request.preset,
            "settings": request.settings,
        }
        watched = [(inputVolume, "input volume"), (request.outputVolume, "output volume")]
        if request.noiseVolume is not True:
            watched.append((request.noiseVolume, "volume for the removed noise"))
        super().__init__(job, inputVolume, [pair for pair in watched if pair[0] is not None], onLog)

    @property
    def processId(self) -> int:
        """The system's number of the child process; 0 when it doesn't run."""
        return self._child.processId

    def _onMessage(self, message: dict) -> None:
        if message["type"] == "progress" and self.running:
            self._onProgress(
                engine.Progress(message["stage"], message["fraction"], message.get("loss"), message.get("secondsLeft"))
            )

    def _onGone(self, what: str) -> None:
        self.cancel(f"{what} The run was stopped.")

    def _onEnd(self, outcome: Outcome) -> None:
        """The child has ended: take its result, then remove its files, whatever happened."""
        if outcome.status == "done" and self.running:
            self._turns = Turns(self._reading(outcome), self._onRead, self._onError)
            self._turns.start()
        else:
            self._directory.remove()
            self._conclude(outcome)

    def _reading(self, outcome: Outcome) -> Generator[None, None, tuple]:
        """Read the result, with the scene still as it was."""
        before = np.load(self._directory.file(protocol.VOLUME_FILE), mmap_mode="r")
        after = np.load(self._directory.file(protocol.DENOISED_FILE), mmap_mode="r")
        inputVolume = slicer.mrmlScene.GetNodeByID(self._inputID)
        warnings = yield from self._input.checking(inputVolume, before)
        outcome.report["warnings"] = [*(outcome.report.get("warnings") or []), *warnings]
        image = yield from volumes.copying(after, self._input.scalarType)
        noise = None
        if self._noiseID is not None:
            noise = yield from volumes.removing(before, after)
        return outcome, image, noise

    def _onRead(self, read: tuple) -> None:
        """Put the result in the scene, at once."""
        outcome, image, noise = read
        scene, request = slicer.mrmlScene, self._request
        self._watch.end()
        self._directory.remove()
        outcome.node = results.writeResults(
            scene.GetNodeByID(self._inputID),
            scene.GetNodeByID(self._outputID) if self._outputID else None,
            self._noiseID if self._noiseID in (None, True) else scene.GetNodeByID(self._noiseID),
            image,
            noise,
            outcome.report,
            {"preset": request.preset, **request.settings},
        )
        self._conclude(outcome)


def _idOf(node) -> str | None:
    return None if node is None or node is True else node.GetID()
