"""The Matching section: threshold, automatic threshold and the live preview of W_i."""

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import arguments, dependencies
from NSN2NDenoiseLib.logic.parameters import isThresholdAutomatic
from NSN2NDenoiseLib.logic.residual_job import ResidualJob, isSameVolume, keyOf

from .messages import Messages, numberText
from .overlay import MatchingOverlay
from .slice_views import lookedAtVoxel
from .timers import singleShot

#: Milliseconds in which slider events are gathered into one update of the overlay.
COALESCE = 5
#: Milliseconds between updates of the overlay while the residual is arriving.
ARRIVAL = 250
#: Milliseconds after the choice of a volume, or the last change of its voxels, before it is inspected.
SETTLE = 400
#: The slider reaches at least this far, and always this many times the automatic threshold.
SLIDER_REACH, SLIDER_FACTOR = 0.1, 5
#: The box that warnings stand in, and its colors: background, text, border.
BOX = "QLabel {{ background-color: {}; color: {}; border: 1px solid {}; border-radius: 3px; padding: 5px; }}"
YELLOW, RED = ("#fff3cd", "#664d03", "#ffda6a"), ("#f8d7da", "#842029", "#ea868f")


class MatchingSection:
    """Follows the threshold with the overlay; the residual behind it is computed once, in the background.

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        messages: status line, log and dialog.

    Attributes:
        onCost: called when `cost` is known.
    """

    def __init__(self, ui, logic, messages: Messages) -> None:
        self._ui, self._logic, self._messages = ui, logic, messages
        self.overlay = MatchingOverlay()
        self._parameterNode = None
        self._job: ResidualJob | None = None
        self._key = None
        self._wantAuto = False
        self._shown = None
        self.onCost = lambda: None
        self._updateTimer = singleShot(self._updateOverlay)
        self._arrivalTimer = singleShot(self._updateOverlay)
        self._inspectTimer = singleShot(self._inspect)
        ui.autoThresholdButton.connect("clicked(bool)", self._onAuto)
        ui.previewCheckBox.connect("toggled(bool)", self._onPreview)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none: then nothing is shown; what is being computed stays for the next time."""
        self._parameterNode = parameterNode
        if parameterNode is None:
            self._forget()
        else:
            self.update()

    def cleanup(self) -> None:
        """The panel is left for good."""
        self._forget()
        self.overlay.cleanup()
        for timer in (self._updateTimer, self._arrivalTimer, self._inspectTimer):
            timer.deleteLater()

    def update(self) -> None:
        """Follow parameters and input volume; called at each of their changes, so it does only what is needed."""
        node = self._parameterNode
        if node is None:
            return
        self._fitSlider()
        key = self._currentKey()
        usable = key is not None
        if key != self._key:
            edited = usable and self._key is not None and isSameVolume(key, self._key)
            self._forget()
            self._key = key
            if edited or not usable:
                self._logic.dropResidual()
            if usable and self._ui.previewCheckBox.checked and not edited:
                self._start(wantResidual=True)
            elif usable:
                self._inspectTimer.start(SETTLE)
        for widget in (self._ui.autoThresholdButton, self._ui.previewCheckBox):
            widget.enabled = usable
        self._showRows()
        self.overlay.setOpacity(node.previewOpacity)
        self._showUnits()
        if self.overlay.visible:
            self.overlay.followVolume(node.inputVolume)
            if self._shown != node.threshold and not self._updateTimer.isActive():
                self._updateTimer.start(COALESCE)

    @property
    def cost(self) -> dict | None:
        """How long a run will take (see `protocol`), as far as it is known."""
        return None if self._job is None else self._job.cost

    def _currentKey(self) -> tuple | None:
        """What the residual of the input, as it is now, depends on; None where the input can't be used."""
        node = self._parameterNode
        try:
            arguments.checkInput(node.inputVolume, node.sliceAxis)
        except ValueError:
            return None
        return keyOf(node.inputVolume, node.sliceAxis, node.preset)

    def _fitSlider(self) -> None:
        """Give the slider a range that is fine near 0 and still holds the threshold.

        The connection to the parameter node gives it the whole range of allowed values each time it is made.
        """
        node, slider = self._parameterNode, self._ui.thresholdSlider
        reach = min(1.0, max(SLIDER_REACH, SLIDER_FACTOR * node.suggestedThreshold, node.threshold))
        reach = round(reach, slider.decimals)
        if abs(slider.maximum - reach) > 1e-9:
            tooShort = slider.maximum < node.threshold
            slider.maximum = reach
            if tooShort:
                node.Modified()  # writes the value to the slider again, now that it fits

    def _forget(self) -> None:
        """Show nothing any more that belongs to a volume."""
        for timer in (self._updateTimer, self._arrivalTimer, self._inspectTimer):
            timer.stop()
        if self._job is not None:
            self._job.silence()
        self.overlay.hide()
        self._job, self._key, self._shown = None, None, None
        self._ui.matchedLabel.text = _("shown with the preview")
        self.showWarnings([])

    def _start(self, wantResidual: bool) -> bool:
        """Start computing in the background, or take up what has been computed."""
        node = self._parameterNode
        try:
            focus = lookedAtVoxel(node.inputVolume) if wantResidual else None
            job = self._logic.residualJob(node.inputVolume, node.sliceAxis, node.preset, focus)
        except (dependencies.DependencyError, OSError) as error:
            self._messages.error(str(error))
            return False
        except RuntimeError:  # Slicer closes: no dialog then
            return False
        self._job = job
        job.onMatching = self._onMatching
        job.onSuggested = self._onSuggested
        job.onSlices = self._onSlices
        job.onCost = self.onCost
        job.onFinished = self._onJobFinished
        if wantResidual:
            self._ui.matchedLabel.text = _("looking at the neighbors...")
        if job.suggested is not None:
            self._onSuggested()
        if job.matching is not None:
            self._onMatching()
        if job.outcome is not None and job.outcome.status == "failed":
            self._onJobFinished(job.outcome)
            return False
        return True

    def _inspect(self) -> None:
        """Look at a new volume, or new voxels: threshold, scale, warnings. Needs no click, installs nothing."""
        if self._parameterNode is not None and self._job is None and self._currentKey() is not None:
            self._start(wantResidual=self._ui.previewCheckBox.checked)

    def _showRows(self) -> None:
        """Show what belongs to the overlay only with it: the result below needs the room."""
        ui = self._ui
        for widget in (ui.previewOpacityLabel, ui.previewOpacitySlider, ui.matchedCaptionLabel, ui.matchedLabel):
            widget.visible = ui.previewCheckBox.checked

    def _onPreview(self, checked: bool) -> None:
        self._showRows()
        if self._parameterNode is None:
            return
        if not checked:
            self.overlay.hide()
            self._shown = None
            self._ui.matchedLabel.text = _("shown with the preview")
        elif self._currentKey() is not None and not self._start(wantResidual=True):
            self._ui.previewCheckBox.checked = False

    def _onAuto(self, checked: bool = False) -> None:
        self._wantAuto = True
        if self._job is not None and self._job.suggested is not None:
            self._onSuggested()
        elif self._job is None and not self._start(wantResidual=False):
            self._wantAuto = False

    def _onMatching(self) -> None:
        """The engine has looked at the volume: warnings, units, and room for the residual are there."""
        node, job = self._parameterNode, self._job
        self.showWarnings(job.matching["warnings"])
        self._showUnits()
        if self._ui.previewCheckBox.checked and job.residual is not None:
            self.overlay.show(node.inputVolume, job.residual, node.previewOpacity)
            self._shown = None
            arrived = job.arrived.nonzero()[0].tolist()
            self.overlay.slicesArrived(job.matching["axis"], arrived)
            if arrived:
                self._updateOverlay()

    def _onSuggested(self) -> None:
        node, suggested = self._parameterNode, self._job.suggested
        if self._wantAuto or isThresholdAutomatic(node):
            with slicer.util.NodeModify(node):
                node.suggestedThreshold = suggested
                node.threshold = suggested
        self._wantAuto = False
        self._showUnits()

    def _onSlices(self, indices: list[int]) -> None:
        if not self.overlay.visible:
            return
        first = self.overlay.matchedFraction is None
        self.overlay.slicesArrived(self._job.matching["axis"], indices)
        if first or self._job.complete:
            self._updateOverlay()
        elif not self._arrivalTimer.isActive():
            self._arrivalTimer.start(ARRIVAL)
            self._job.setFocus(lookedAtVoxel(self._parameterNode.inputVolume))

    def _onJobFinished(self, outcome) -> None:
        if outcome.status == "done" and self._ui.previewCheckBox.checked and not self._job.complete:
            self._start(wantResidual=True)  # the child had stopped waiting just before it was asked
        elif outcome.status == "failed" and self._key == self._currentKey():  # else it is started anew in a moment
            self._ui.matchedLabel.text = _("shown with the preview")
            if self._ui.previewCheckBox.checked or self._wantAuto:
                self._ui.previewCheckBox.checked = False
                self._messages.error(outcome.message, outcome.details)
            else:
                self.showWarnings([outcome.message])
            self._wantAuto = False

    def _updateOverlay(self) -> None:
        if self._parameterNode is None or not self.overlay.visible:
            return
        self._shown = self._parameterNode.threshold
        self.overlay.update(self._shown)
        fraction = self.overlay.matchedFraction
        if fraction is None:
            return
        text = _("{percent} % of the voxels").format(percent=round(100 * fraction))
        if self._job is not None and not self._job.complete:
            done = round(100 * float(self._job.arrived.mean()))
            text = _("{text} ({done} % of slices computed)").format(text=text, done=done)
        self._ui.matchedLabel.text = text

    def _showUnits(self) -> None:
        node = self._parameterNode
        how = _("automatic") if isThresholdAutomatic(node) else _("set by hand")
        if isThresholdAutomatic(node) and (self._job is None or self._job.suggested is None):
            self._ui.thresholdUnitsLabel.text = _("automatic, to be determined")
            return
        if self._job is None or self._job.matching is None:
            self._ui.thresholdUnitsLabel.text = how
            return
        value = numberText(node.threshold * self._job.matching["scale"])
        units = unitsOf(node.inputVolume)
        self._ui.thresholdUnitsLabel.text = _("= {value} {units} ({how})").format(value=value, units=units, how=how)

    def showWarnings(self, warnings: list[str], isAlarm: bool = False) -> None:
        """Say where a volume falls short of what W_i needs, or a result of it, in red for alarm; hide without."""
        self._ui.warningLabel.styleSheet = BOX.format(*(RED if isAlarm else YELLOW))
        self._ui.warningLabel.text = "\n".join(warnings)
        self._ui.warningLabel.visible = bool(warnings)


def unitsOf(volumeNode) -> str:
    """The units of a volume's voxels as the scene knows them, else "image units"."""
    units = volumeNode.GetVoxelValueUnits() if volumeNode is not None else None
    if units is not None and units.GetCodeMeaning():
        return units.GetCodeMeaning()
    return _("image units")
