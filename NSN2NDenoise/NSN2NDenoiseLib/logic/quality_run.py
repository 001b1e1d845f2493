"""The quality report of a result in the scene: a page to sign, made by a child process, with no name in it."""

import os
from collections.abc import Callable, Generator

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol
from NSN2NDenoiseLib.report.runs import is_run

from . import results, volumes
from .child_job import ChildJob
from .input_state import InputState
from .outcome import Outcome
from .strength import strengthOf
from .whole_copy import copyWhole

#: Ending of a page.
SUFFIX = ".html"


class QualityRun(ChildJob):
    """Measures a result, and writes the page at the end, as a whole or not at all.

    Args:
        output: node of a result; checked.
        path: of the page; checked.
        lesions: insert lesions and run the same stages again.
        onProgress: called with `engine.Progress` of that run.
        onLog: called with lines of the child's log.
        onFinished: called once with the `Outcome`.
    """

    CANCELED = "The quality report was canceled."
    FAILED = "The quality report could not be written"

    def __init__(
        self,
        output,
        path: str,
        lesions: bool,
        onProgress: Callable[[engine.Progress], None],
        onLog: Callable[[str], None],
        onFinished: Callable[[Outcome], None],
    ) -> None:
        self._output, self._path = output, path
        self._onProgress, self.onFinished = onProgress, onFinished
        inputVolume = results.inputOf(output)
        job = {
            "task": protocol.QUALITY,
            "run": _runOf(output),
            "spacing": volumes.spacingOf(inputVolume),
            "directions": _directionsOf(inputVolume),
            "modality": _modalityOf(inputVolume),
            "lesions": lesions,
        }
        super().__init__(job, inputVolume, [(inputVolume, "input volume"), (output, "result")], onLog)

    def _copyingInput(self, inputVolume) -> Generator:
        yield from super()._copyingInput(inputVolume)
        output, self._output = self._output, None
        writing = self._directory.writing(volumes.arrayOf(output), protocol.RESULT_FILE)
        yield from InputState(output).copying(output, writing)

    def _onMessage(self, message: dict) -> None:
        if self.running and message["type"] == "progress":
            self._onProgress(
                engine.Progress(message["stage"], message["fraction"], message.get("loss"), message.get("secondsLeft"))
            )

    def _onEnd(self, outcome: Outcome) -> None:
        if outcome.status == "done" and self.running:
            copyWhole(self._directory.file(protocol.PAGE_FILE), self._path)
        self._directory.remove()
        self._conclude(outcome)


def checkQuality(output, lesions: bool = False) -> None:
    """Check that a quality report of a volume can be made.

    Raises:
        ValueError: it is no result, its input is gone or has another size or type, or lesions can't be inserted.
    """
    report = results.reportOf(output)
    name = output.GetName()
    if not report:
        raise ValueError(_("'{name}' is no result of NSN2N, so there is nothing to report.").format(name=name))
    if not is_run(report):
        raise ValueError(_("Another version of NSN2N has made '{name}': denoise it anew.").format(name=name))
    inputVolume = results.inputOf(output)
    if inputVolume is None and output.GetNodeReference(results.INPUT_REFERENCE) is not None:
        raise ValueError(
            _("The input volume of '{name}' shows another frame now. Select the one that was denoised.").format(
                name=name
            )
        )
    if inputVolume is None:
        raise ValueError(
            _("The input volume of '{name}' is not in the scene any more: the report compares with it.").format(
                name=name
            )
        )
    before, after = volumes.arrayOf(inputVolume), volumes.arrayOf(output)
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ValueError(
            _("The input volume of '{name}' has another size or pixel type now: denoise it anew.").format(name=name)
        )
    if lesions:
        from NSN2NDenoiseLib.engine.judge.contrast import settings_of

        settings_of(report)


def checkPage(path, overwrite: bool) -> str:
    """The absolute path of a page that is to be written.

    Raises:
        ValueError: no such folder, another ending, or a file is there that may not be replaced.
    """
    path = os.path.abspath(os.fspath(path))
    if not path.lower().endswith(SUFFIX) or not os.access(os.path.dirname(path), os.W_OK):
        raise ValueError(
            _(
                "The report can't be saved as {path}: its folder must exist and be writable, its name end in {suffix}."
            ).format(path=path, suffix=SUFFIX)
        )
    if os.path.exists(path) and not overwrite:
        raise ValueError(_("{path} exists already; say overwrite=True to replace it.").format(path=path))
    return path


def _runOf(output) -> dict:
    """The report of a result; its hash is that of the result of full strength, which others can't be compared with."""
    report = results.reportOf(output)
    if strengthOf(output) < 1:
        report.pop("resultSHA256", None)
    return report


def _directionsOf(volumeNode) -> list[list[float]]:
    """(3, 3), columns i, j, k; rows left, posterior, superior."""
    directions = [[0.0] * 3 for _row in range(3)]
    volumeNode.GetIJKToRASDirections(directions)
    return [[sign * value for value in row] for sign, row in zip((-1, -1, 1), directions, strict=True)]


def _modalityOf(volumeNode) -> str | None:
    """The DICOM modality that the subject hierarchy knows, or None."""
    hierarchy, item = volumes.hierarchyItem(volumeNode)
    return (hierarchy.GetItemAttribute(item, volumes.MODALITY) or None) if item else None
