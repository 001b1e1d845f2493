"""What a run will give that trains no network, for the slices that are looked at; a child process holds the volume."""

import json
import os
from collections.abc import Callable

import numpy as np

from NSN2NDenoiseLib.child import protocol

from . import volumes
from .child_job import ChildJob
from .outcome import Outcome
from .residual_job import keyOf

#: Slices, rows and columns of a box, from where to where, (K, J, I).
Box = tuple[slice, slice, slice]


class PreviewJob(ChildJob):
    """Answers one wish at a time; a newer one replaces it.

    Args:
        inputVolume: node.
        settings: of the engine, over preset "fast": axis, device, rician.
        withNetwork: how a run uses a network, as for `previewKey`; None: it uses none, and is one of preset "fast".
        onSketched: called soon with the box, and about what its voxels will be at full strength.
        onShown: called with the box, at least the one that was wished for, and its voxels at full strength.
        onNotShown: called with the reason.
        onFinished: called once with the `Outcome`.
    """

    PRESET = "fast"

    def __init__(
        self,
        inputVolume,
        settings: dict,
        withNetwork: dict | None,
        onSketched: Callable[[Box, np.ndarray], None],
        onShown: Callable[[Box, np.ndarray], None],
        onNotShown: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self.key = previewKey(inputVolume, settings, withNetwork)
        self._answers = {
            "sketched": (protocol.sketch_file, onSketched),
            "shown": (protocol.preview_file, onShown),
        }
        self._onNotShown, self.onFinished = onNotShown, onFinished
        self._number = 0
        quick = {"preset": self.PRESET, "settings": settings}
        job = {
            "task": protocol.SHOW,
            "spacing": volumes.spacingOf(inputVolume),
            "sketch": quick,
            **(withNetwork or quick),
        }
        super().__init__(job, inputVolume, [(inputVolume, "input volume")], _nothing)

    def show(self, box: Box, threshold: float | None, isLookedAt: bool = True) -> None:
        """Wish for the result in a box, with a threshold (normalized; None: automatic), and a sketch if looked at."""
        self._number += 1
        ends = " ".join(f"{side.start} {side.stop}" for side in box)
        how = f"{self._number} {'auto' if threshold is None else repr(float(threshold))} {ends}"
        self._child.send(f"{'show' if isLookedAt else 'ahead'} {how}")

    def _onMessage(self, message: dict) -> None:
        if not self.running:
            return
        isWanted = message.get("number") == self._number
        if message["type"] in ("sketched", "shown"):
            file, tell = self._answers[message["type"]]
            path = self._directory.file(file(message["number"]))
            found = np.load(path) if isWanted else None
            os.remove(path)
            if isWanted:
                ends = message["box"]
                tell(tuple(map(slice, ends[::2], ends[1::2])), found)
        elif message["type"] == "notShown" and isWanted:
            self._onNotShown(message["message"])

    def _onEnd(self, outcome: Outcome) -> None:
        self._directory.remove()
        self._conclude(outcome)


def previewKey(inputVolume, settings: dict, withNetwork: dict | None) -> tuple:
    """What a job depends on: another one is needed when this changes.

    Args:
        inputVolume, settings: of the job.
        withNetwork: "network" (its file), "preset" and "settings" of a run that uses it, JSON-serializable; or None.
    """
    how = json.dumps([settings, withNetwork], sort_keys=True)
    return (*keyOf(inputVolume, settings["axis"], PreviewJob.PRESET), how)


def _nothing(*args) -> None:
    pass
