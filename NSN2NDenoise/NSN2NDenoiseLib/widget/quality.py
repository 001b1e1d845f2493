"""The button Quality report: a page to sign, made beside everything else and opened in the browser."""

import os

import qt
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.logic import results
from NSN2NDenoiseLib.logic.dependencies import DependencyError
from NSN2NDenoiseLib.logic.quality_run import SUFFIX, checkQuality

from .compare import CompareControl
from .messages import Messages, durationText, stageText


class QualityControl:
    """Asks where the page goes, follows its making, and opens it.

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        compare: knows the result.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, logic, compare: CompareControl, messages: Messages) -> None:
        self._ui, self._logic, self._compare, self._messages = ui, logic, compare, messages
        self._path = ""
        ui.qualityButton.connect("clicked(bool)", self._onClicked)
        self._say("")

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        self.update()

    def update(self) -> None:
        """Make the button say what it would do now, and why it can't, and the check box what it costs."""
        button, box = self._ui.qualityButton, self._ui.lesionsCheckBox
        box.enabled = not self._logic.isReporting()
        if self._logic.isReporting():
            button.text, button.enabled = _("Cancel report"), True
            button.toolTip = _("Stop making the report; no page is written.")
            return
        output = self._compare.result
        reason = self._reasonNotTo(output, lesions=False)
        button.text, button.enabled = _("Quality report..."), not reason
        button.toolTip = reason or _(
            "A page about this result for whoever has to sign for it: slices, noise, edges, shifts, limits with pass "
            "or fail, what was run. It opens in the browser, and holds no name of a file or patient."
        )
        box.text, box.toolTip = _("Insert lesions"), reason
        if reason:
            return
        reason = self._reasonNotTo(output, lesions=True)
        box.enabled = not reason
        if reason:
            box.checked, box.toolTip = False, reason
            return
        seconds = sum((results.reportOf(output).get("seconds") or {}).values())
        box.text = _("Insert lesions (about {time} more)").format(time=durationText(seconds))
        box.toolTip = _(
            "Also insert spheres of low contrast into this volume, run the same stages again, and show what comes back "
            "of them. It costs {price}."
        ).format(price=self._logic.qualityReportPrice(output))

    def _reasonNotTo(self, output, lesions: bool) -> str:
        if output is None:
            return _("There is no result.")
        if results.reportOf(output).get("ended") == "first" and self._logic.isImproving(output):
            return _("This is a first result; wait until the run has ended.")
        try:
            checkQuality(output, lesions)
        except ValueError as error:
            text = str(error)
            return text[0].upper() + text[1:]
        return ""

    def _onClicked(self, checked: bool = False) -> None:
        if self._logic.isReporting():
            self._logic.cancelQualityReport()
            return
        path = self._ask()
        if not path:
            return
        self._say(_("Measuring..."))
        try:
            self._path = self._logic.qualityReport(
                self._compare.result,
                path,
                lesions=self._ui.lesionsCheckBox.checked,
                overwrite=True,  # the file dialog has asked
                progressCallback=self._onProgress,
                finishedCallback=self._onFinished,
                waitForCompletion=False,
            )
        except (ValueError, DependencyError, RuntimeError, OSError) as error:
            self._say("")
            self._messages.error(str(error))
        self.update()

    def _ask(self) -> str:
        """Where the page goes; empty: nowhere. The name that is offered names nobody."""
        offered = os.path.join(os.path.dirname(self._path) or os.path.expanduser("~"), f"quality-report{SUFFIX}")
        filters = _("Web page (*{suffix})").format(suffix=SUFFIX)
        path = str(qt.QFileDialog.getSaveFileName(None, _("Save the quality report"), offered, filters))
        return path + SUFFIX if path and not path.lower().endswith(SUFFIX) else path

    def _onProgress(self, progress: engine.Progress) -> None:
        text = _("With lesions: {stage}, {percent} %").format(
            stage=stageText(progress.stage).lower(), percent=round(100 * progress.fraction)
        )
        if progress.seconds_left:
            text = _("{text}, about {time} left").format(text=text, time=durationText(progress.seconds_left))
        self._say(text)

    def _onFinished(self, outcome) -> None:
        self.update()
        if outcome.status != "done":
            text = outcome.message[:1].upper() + outcome.message[1:]
            self._say(text)
            if outcome.status == "failed":
                self._messages.error(text, outcome.details)
            return
        self._say(_("The report is in {path}.").format(path=self._path))
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self._path))

    def _say(self, text: str) -> None:
        self._ui.qualityStatusLabel.text = text
        self._ui.qualityStatusLabel.visible = bool(text)
