"""One run over all frames of a sequence: a child process for them all, each result in the scene as it is done."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol

from . import networks, volumes
from .child_job import ChildJob
from .input_state import InputChangedError, InputState
from .outcome import Outcome
from .sequence_delivery import SequenceDelivery
from .sequences import Frames
from .turns import Turns


@dataclass(frozen=True)
class SequenceRequest:
    """What to denoise; checked beforehand.

    Attributes:
        frames: the sequence.
        preset: of the engine.
        settings: overrides of the preset.
        wanted: (K, J, I) boolean, where to denoise every frame; None: everywhere.
        where: what that is, JSON-serializable.
        network: file of the network to use, or None.
        saveNetwork: file for the network of the first frame, or None.
    """

    frames: Frames
    preset: str
    settings: dict
    wanted: np.ndarray | None = None
    where: dict = field(default_factory=dict)
    network: str | None = None
    saveNetwork: str | None = None


class SequenceRun(ChildJob):
    """Denoises the frames of a sequence into a sequence beside it. What is done stays when a later frame fails.

    Args:
        request: what to do.
        onProgress: called with `engine.Progress`.
        onFrame: called with the volume that shows the results and the number of frames that are done, after each.
        onLog: called with lines of the child's log.
        onFinished: called once with the `Outcome`, whose node is the volume that shows the results.
    """

    CANCELED = "Canceled. The scene is as it was."
    FAILED = "The result could not be put in the scene"

    def __init__(
        self,
        request: SequenceRequest,
        onProgress: Callable[[engine.Progress], None],
        onFrame: Callable[[object, int], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self._request = request
        self._onProgress, self._onFrame, self.onFinished = onProgress, onFrame, onFinished
        self._inputs: list[InputState] = []
        self._arrived: list[dict] = []
        self._ended: Outcome | None = None
        self.done = 0
        frames = request.frames
        self._values = [frames.sequence.GetNthIndexValue(number) for number in range(len(frames))]
        self._delivery = SequenceDelivery(frames, {"preset": request.preset, **request.settings, **request.where})
        job = {
            "task": protocol.FRAMES,
            "frames": len(frames),
            "spacing": volumes.spacingOf(frames.nodes[0]),
            "preset": request.preset,
            "settings": request.settings,
            "within": request.wanted is not None,
            "network": request.network,
        }
        arrays = {} if request.wanted is None else {protocol.WITHIN_FILE: np.packbits(request.wanted)}
        watched = [(frames.sequence, "input sequence"), (frames.browser, "sequence browser")]
        super().__init__(job, frames.nodes[0], watched, onLog, arrays)

    @property
    def processId(self) -> int:
        """The system's number of the child process; 0 when it doesn't run."""
        return self._child.processId

    def keep(self) -> None:
        """End the run soon, with the frames that are done, or the first one."""
        self._child.send("keep")

    def _copyingInput(self, inputVolume) -> Generator:
        for number, node in enumerate(self._request.frames.nodes):
            self._inputs.append(InputState(node))
            writing = self._directory.writing(volumes.arrayOf(node), protocol.frame_file(number))
            yield from self._inputs[-1].copying(node, writing)

    def _onMessage(self, message: dict) -> None:
        if not self.running:
            return
        if message["type"] == "frame":
            self._arrived.append(message)
            if not self._turns.running:
                self._take()
        elif message["type"] == "progress":
            self._onProgress(
                engine.Progress(message["stage"], message["fraction"], message.get("loss"), message.get("secondsLeft"))
            )

    def _onGone(self, what: str) -> None:
        text = f"{what} The run was stopped."
        isKept = self.done and self._delivery.output is not None and not slicer.mrmlScene.IsClosing()
        self._stop(Outcome("failed", text, "input") if isKept else Outcome("cancelled", text))

    def _take(self) -> None:
        """Put the next frame that has arrived in the scene."""
        self._turns = Turns(self._reading(self._arrived.pop(0)), self._onTaken, self._onNotTaken)
        self._turns.start()

    def _reading(self, message: dict) -> Generator:
        number, report = message["number"], message["report"]
        before = np.load(self._directory.file(protocol.frame_file(number)), mmap_mode="r")
        after = np.load(self._directory.file(protocol.denoised_frame(number)), mmap_mode="r")
        sequence, value, state = self._request.frames.sequence, self._values[number], self._inputs[number]
        source = sequence.GetDataNodeAtValue(value)
        if source is None:
            text = _("Frame {number} of '{name}' was removed during the run, so its result has no place. Start again.")
            raise InputChangedError(text.format(number=number + 1, name=sequence.GetName()))
        warnings = yield from state.checking(source, before)
        report["warnings"] = [*(report.get("warnings") or []), *warnings]
        return (yield from self._delivery.adding(value, source, after, state.scalarType, report))

    def _onTaken(self, proxy) -> None:
        self.done += 1
        self._watch.add(self._delivery.output, "output sequence")
        self._onFrame(proxy, self.done)
        if self.running and self._arrived:
            self._take()
        elif self.running and self._ended is not None:
            self._onEnd(self._ended)

    def _onNotTaken(self, error: Exception) -> None:
        self._child.cancel("An error in Slicer.")
        self._onError(error)

    def _onEnd(self, outcome: Outcome) -> None:
        """The child has ended: once all its frames are taken, conclude."""
        if outcome.status == "done" and self.running:
            self._ended = outcome
            if self._turns.running:
                return
            outcome.node = self._delivery.showing()
            outcome.report["ended"] = "kept" if self.done < len(self._request.frames) else "whole"
            kept, lost = networks.keep(self._directory.path, self._request.saveNetwork)
            networks.give(kept, [*self._delivery.frames.nodes, outcome.node])
            outcome.report["warnings"] = [*(outcome.report.get("warnings") or []), *lost]
        self._directory.remove()
        self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        if self.running:
            self._watch.end()
        if self.running and outcome.status == "cancelled":
            self._delivery.undo()
        elif self.running and outcome.status == "failed" and self.done:
            outcome.message += f" The frames before it are in '{self._delivery.output.GetName()}'."
        super()._conclude(outcome)
