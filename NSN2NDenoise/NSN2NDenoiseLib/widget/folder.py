"""Denoise a folder: all its volumes, by ``nsn2n batch``, with the table at the end."""

import os

import ctk
import qt
from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic.dependencies import DependencyError

from .messages import Messages


class FolderControl:
    """Starts and stops the run over a folder, and opens its table.

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, logic, messages: Messages) -> None:
        self._ui, self._logic, self._messages = ui, logic, messages
        self._parameterNode = None
        for edit in (ui.folderPathEdit, ui.folderOutputPathEdit):
            edit.filters = ctk.ctkPathLineEdit.Dirs
            edit.connect("currentPathChanged(QString)", self._onPath)
        ui.folderButton.connect("clicked(bool)", self._onClicked)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        self._parameterNode = parameterNode
        self.update()

    def update(self) -> None:
        """Make the button say what it would do now, and why it can't."""
        button = self._ui.folderButton
        if self._logic.isFolderRunning():
            button.text, button.enabled = _("Stop"), True
            button.toolTip = _("Stop. Finished volumes stay, and the same folders go on from there.")
            return
        reason = self._reasonNotToStart()
        button.text, button.enabled = _("Denoise all volumes"), not reason
        button.toolTip = reason or _(
            "Denoise every volume in the folder and its folders, with the preset and time limit above. A table "
            "with pictures opens at the end."
        )

    def _reasonNotToStart(self) -> str:
        if self._parameterNode is None:
            return _("There is no scene.")
        if not os.path.isdir(self._ui.folderPathEdit.currentPath):
            return _("Choose the folder with the volumes.")
        if not self._ui.folderOutputPathEdit.currentPath:
            return _("Choose a new folder for the results.")
        return ""

    def _onPath(self, path: str) -> None:
        self.update()

    def _onClicked(self, checked: bool = False) -> None:
        if self._logic.isFolderRunning():
            self._logic.cancelFolder()
            self._say(_("Stopping..."))
            return
        node = self._parameterNode
        self._say(_("Looking for volumes..."))
        try:
            self._logic.processFolder(
                self._ui.folderPathEdit.currentPath,
                self._ui.folderOutputPathEdit.currentPath,
                preset=node.preset,
                minutes=node.minutes or None,
                device=node.device,
                seed=node.seed,
                rician=node.rician,
                progressCallback=self._onProgress,
                finishedCallback=self._onFinished,
                waitForCompletion=False,
            )
        except (ValueError, DependencyError, RuntimeError) as error:
            self._say("")
            self._messages.error(str(error))
        self.update()

    def _onProgress(self, done: int, count: int, more: str) -> None:
        text = _("{done} of {count} volumes").format(done=done, count=count)
        self._say(f"{text} ({more})." if more else f"{text}.")

    def _onFinished(self, outcome, page: str) -> None:
        self.update()
        self._say(outcome.message or _("Done. The table is in {page}.").format(page=page))
        if outcome.status == "failed" and outcome.kind != "some":
            self._messages.error(outcome.message, outcome.details)
        elif outcome.status != "cancelled":
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(page))

    def _say(self, text: str) -> None:
        self._ui.folderStatusLabel.text = text
