"""Apply and Cancel, the progress bar and the end of a run."""

import qt
import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.logic import arguments, results, sequences
from NSN2NDenoiseLib.logic.dependencies import DependencyError
from NSN2NDenoiseLib.logic.memory import whatDoesNotFit
from NSN2NDenoiseLib.logic.parameters import isThresholdAutomatic

from .matching import BOX, YELLOW
from .messages import Messages, durationText, presetText, stageText
from .run_time import runTimeText


class RunControl:
    """Starts and stops runs, and follows them (also those started in the Python console).

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        messages: status line, log and dialog.
        panel: shows results (`Panel.showResult` and what stands beside it).
    """

    def __init__(self, ui, logic, messages: Messages, panel) -> None:
        self._ui, self._logic, self._messages, self._panel = ui, logic, messages, panel
        self._parameterNode = None
        self._startedHere = False
        self._hasFirst = self._isKeeping = False
        self._framesDone = 0
        ui.keepButton.connect("clicked(bool)", self._onKeep)
        ui.applyButton.connect("clicked(bool)", self._onClicked)
        ui.presetComboBox.connect("activated(int)", self._onPresetChosen)
        logic.onRunStarted = self._onStarted
        logic.onRunProgress = self._onProgress
        logic.onRunFirst = self._onFirst
        logic.onRunFrame = self._onFrame
        logic.onRunLog = messages.log
        logic.onRunFinished = self._onFinished
        logic.onPreparing = self.update

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        self._parameterNode = parameterNode
        if parameterNode is not None:
            for index, preset in enumerate(engine.PRESETS):  # the connection to the parameter node has filled it anew
                self._ui.presetComboBox.setItemData(index, presetText(preset), qt.Qt.ToolTipRole)
        self.update()

    def update(self) -> None:
        """Make the button say what it would do now, and why it can't."""
        button, keep = self._ui.applyButton, self._ui.keepButton
        keep.visible = self._logic.isRunning()
        if self._parameterNode is not None:
            filters = engine.Settings.from_preset(self._parameterNode.preset).collaborative > 0
            self._ui.firstCheckBox.enabled = self._ui.refineCheckBox.enabled = filters
        self._showTime()
        if self._logic.isRunning():
            keep.enabled = not self._isKeeping
            button.text, button.enabled = _("Cancel"), True
            button.toolTip = _("Stop the run. The scene becomes what it was before; a first result is taken back.")
            self._showMemory("")
            return
        button.text = _("Apply")
        reason = _("Python packages are being installed.") if self._logic.isPreparing() else self._reasonNotToApply()
        button.enabled = not reason
        button.toolTip = reason or _("Denoise the volume. You can go on working in Slicer meanwhile.")
        hasRegion = not reason and (self._parameterNode.roi or self._parameterNode.segmentation)
        self._showMemory(
            "" if reason or hasRegion else whatDoesNotFit(self._parameterNode.inputVolume, self._settings())
        )

    def _showMemory(self, text: str) -> None:
        """Say that a run does not fit the memory; hide without a text."""
        self._ui.memoryLabel.styleSheet = BOX.format(*YELLOW)
        self._ui.memoryLabel.text = text
        self._ui.memoryLabel.visible = bool(text)

    def _settings(self) -> engine.Settings:
        """What of the settings is checked before a run."""
        node = self._parameterNode
        learn = arguments.switched("learn", node.learn)
        return engine.Settings.from_preset(
            node.preset, first=node.first, learn=learn, refine=node.refine, axis=node.sliceAxis
        )

    def _showTime(self) -> None:
        """Say how long Apply will take, as long as it has not been clicked."""
        text = ""
        if self._parameterNode is not None and not self._logic.isRunning() and not self._reasonNotToApply():
            network, frames = self._panel.network.path, self._panel.frames.chosen
            text = runTimeText(self._panel.matching.cost, self._parameterNode, network is not None, frames is not None)
        self._ui.timeLabel.text = text
        self._ui.timeLabel.visible = bool(text)

    def _reasonNotToApply(self) -> str:
        node = self._parameterNode
        if node is None:
            return _("There is no scene.")
        try:
            arguments.checkInput(node.inputVolume, node.sliceAxis)
            if self._panel.frames.chosen is not None:
                sequences.checkFrames(self._panel.frames.chosen)
            else:
                arguments.checkOutputs(node.inputVolume, node.outputVolume, node.noiseVolume)
            self._settings()
        except ValueError as error:
            return str(error)
        return ""

    def _onClicked(self, checked: bool = False) -> None:
        if self._logic.isRunning():
            self._onCancel()
            return
        frames = self._panel.frames.chosen
        if frames is None and not self._mayOverwrite():
            return
        node = self._parameterNode
        self._messages.clearLog()
        self._messages.status(_("Preparing..."))
        self._startedHere = True
        try:
            if frames is not None:
                self._logic.processSequence(frames.sequence, waitForCompletion=False, **self._asked())
            else:
                self._logic.process(
                    node.inputVolume,
                    node.outputVolume,
                    noiseVolume=node.noiseVolume,
                    waitForCompletion=False,
                    **self._asked(),
                )
        except (ValueError, DependencyError, RuntimeError, OSError) as error:
            self._startedHere = False
            self._messages.error(str(error))
        self.update()

    def _asked(self) -> dict:
        """What the panel asks for, of one volume or of all frames."""
        node = self._parameterNode
        return {
            "threshold": None if isThresholdAutomatic(node) else node.threshold,
            "lambdaRC": node.lambdaRC,
            "lambdaIC": node.lambdaIC,
            "minutes": node.minutes or None,
            "preset": node.preset,
            "sliceAxis": node.sliceAxis,
            "device": node.device,
            "seed": node.seed,
            "rician": node.rician,
            "first": node.first,
            "learn": node.learn,
            "refine": node.refine,
            "strength": self._ui.strengthSlider.value / 100,
            "network": self._panel.network.path,
            "roi": node.roi,
            "segmentation": node.segmentation,
            "segment": node.segment if node.segmentation is not None and node.segment else None,
        }

    def _onCancel(self) -> None:
        """Stop the run; frames that are done are kept if the user says so."""
        done = self._logic.framesDone
        question = _("{count} frames are done. Keep them?").format(count=done)
        if done and slicer.util.confirmYesNoDisplay(question, windowTitle=_("NSN2N Denoise")):
            self._onKeep()
        else:
            self._logic.cancel()

    def _mayOverwrite(self) -> bool:
        """Ask before anything is overwritten that NSN2N did not make, or not as it is now."""
        node = self._parameterNode
        chosen = [volume for volume in (node.outputVolume, node.noiseVolume) if volume is not None]
        lost = [f"'{volume.GetName()}'" for volume in results.withNoise(chosen) if not results.isOurs(volume)]
        if not lost:
            return True
        question = _(
            "This overwrites {names}, which NSN2N did not make or which may have changed since: the voxels there will "
            "be lost. Overwrite?"
        )
        return slicer.util.confirmOkCancelDisplay(
            question.format(names=_(" and ").join(lost)), windowTitle=_("NSN2N Denoise")
        )

    def _onPresetChosen(self, index: int) -> None:
        """The user (not a script, not a loaded scene) chose a preset: take over its stages, weights and correction."""
        preset = engine.Settings.from_preset(engine.PRESETS[index])
        self._parameterNode.first, self._parameterNode.refine = preset.first, preset.refine
        self._parameterNode.learn = arguments.switchOf(preset.learn)
        self._parameterNode.lambdaRC = float(preset.lambda_rc)
        self._parameterNode.lambdaIC = float(preset.lambda_ic)
        self._parameterNode.rician = preset.rician

    def _onKeep(self, checked: bool = False) -> None:
        self._isKeeping = True
        self._logic.stopAndKeep()
        self.update()
        self._messages.status(
            _("Stopping; the best result so far is kept.")
            if self._hasFirst or self._framesDone
            else _("Stopping as soon as there is a first result.")
        )

    def _onFirst(self, output) -> None:
        self._hasFirst = True
        self._panel.showFirstResult(output)

    def _onFrame(self, output, done: int) -> None:
        self._framesDone = done
        if done == 1:
            self._panel.showFirstResult(output)

    def _onStarted(self) -> None:
        self._hasFirst = self._isKeeping = False
        self._framesDone = 0
        self._ui.progressBar.setRange(0, 0)
        self._ui.progressBar.setFormat("")
        self._ui.progressBar.show()
        self._messages.status(_("Starting..."))
        self.update()

    def _onProgress(self, progress: engine.Progress) -> None:
        percent = round(100 * progress.fraction)
        bar = self._ui.progressBar
        bar.setRange(0, 100)
        bar.setValue(percent)
        if progress.seconds_left:
            bar.setFormat(
                _("{percent} % - about {time} left").format(percent=percent, time=durationText(progress.seconds_left))
            )
        else:
            bar.setFormat(_("{percent} %").format(percent=percent))
        text = stageText(progress.stage)
        if progress.loss is not None:
            text = _("{stage}, loss {loss}").format(stage=text, loss=f"{progress.loss:.3g}")
        if self._isKeeping:
            text = _("{stage}, then the run ends with the result so far").format(stage=text)
        elif self._hasFirst:
            text = _("{stage}; the first result is shown").format(stage=text)
        elif self._framesDone:
            text = _("{stage}; frames done: {count}").format(stage=text, count=self._framesDone)
        self._messages.status(text + ".")

    def _onFinished(self, outcome) -> None:
        self._ui.progressBar.hide()
        self.update()
        startedHere, self._startedHere = self._startedHere, False
        if outcome.status == "done":
            self._messages.status(_doneText(outcome))
            self._panel.showResult(outcome.node, outcome.report)
            return
        self._panel.takeFirstResultBack()
        if outcome.status == "cancelled":
            self._messages.status(outcome.message)
        elif startedHere:
            self._messages.error(outcome.message, outcome.details)
        else:  # the console, which raises the error where it was called
            self._messages.status(outcome.message)
            self._messages.log(outcome.details)


def _doneText(outcome) -> str:
    """What a run has made, in a line."""
    text = _("Done: '{name}' is in the scene.")
    if outcome.report.get("ended") == "kept":
        text = _("Stopped: '{name}' is the best result that there was.")
    return text.format(name=outcome.node.GetName())
