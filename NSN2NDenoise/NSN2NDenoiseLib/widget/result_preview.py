"""The button Preview result: what a run that trains no network would give, in the slices that are looked at."""

import time

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.logic import arguments, networks, volumes
from NSN2NDenoiseLib.logic.parameters import isThresholdAutomatic
from NSN2NDenoiseLib.logic.preview_job import previewKey
from NSN2NDenoiseLib.logic.turns import Turns

from .messages import Messages
from .network import NetworkControl
from .preview_layer import PreviewLayer
from .preview_within import PreviewWithin
from .slice_views import besideBoxes, lookedAtBoxes
from .timers import singleShot

#: Milliseconds in which scrolling and moving sliders are gathered into one wish.
GATHER = 150
#: So many slices to both sides of what is looked at are computed, too, before somebody scrolls there.
AHEAD = 12


class ResultPreviewControl(VTKObservationMixin):
    """Follows slice views, threshold and strength; a child process does the work, one view after the other.

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        messages: status line, log and dialog.
        network: the choice of a network.
    """

    def __init__(self, ui, logic, messages: Messages, network: NetworkControl) -> None:
        VTKObservationMixin.__init__(self)
        self._ui, self._logic, self._messages, self._network = ui, logic, messages, network
        self._within = PreviewWithin(self._onWithin)
        self.layer = PreviewLayer(self._within.shareOf)
        self._parameterNode = None
        self._job = None
        self._showing: Turns | None = None
        self._what = ""
        self._threshold = None
        self._wish, self._since = None, 0.0
        self._ahead = None
        self._areOthersWanted = False
        self._timer = singleShot(self._follow)
        ui.previewResultButton.connect("toggled(bool)", self._onToggled)
        ui.networkComboBox.connect("activated(int)", self._onNetwork)
        ui.compareSlider.connect("valueChanged(double)", self._onOther)
        ui.noiseViewButton.connect("toggled(bool)", self._onOther)
        ui.strengthSlider.connect("valueIsChanging(double)", self._onStrength)
        ui.strengthSlider.connect("valueChanged(double)", self._onStrength)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none: then the preview ends."""
        self._parameterNode = parameterNode
        if parameterNode is None:
            self.end()
        else:
            self.update()

    def cleanup(self) -> None:
        """The panel is left for good."""
        self.end()
        self._timer.deleteLater()

    def end(self) -> None:
        """Switch it off; the views are as they were."""
        self._ui.previewResultButton.checked = False

    def update(self) -> None:
        """Follow parameters and input volume."""
        if self._parameterNode is None:
            return
        key = self._key()
        self._ui.previewResultButton.enabled = key is not None
        if self._job is None:
            return
        if key != self._job.key:
            self.end()
            return
        self.layer.followVolume()
        self._within.follow(self._parameterNode)
        if self._threshold != self._wantedThreshold():
            self._timer.start(GATHER)

    def _settings(self) -> dict:
        node = self._parameterNode
        return {"axis": node.sliceAxis, "device": node.device, "rician": node.rician}

    def _key(self) -> tuple | None:
        node = self._parameterNode
        try:
            arguments.checkInput(node.inputVolume, node.sliceAxis)
        except ValueError:
            return None
        return previewKey(node.inputVolume, self._settings(), self._withNetwork())

    def _usedNetwork(self) -> tuple[str, str] | None:
        """Name and file of the network that the preview uses: the one chosen for a run, or else the volume's own.

        None: without, or where a run would use none.
        """
        node = self._parameterNode
        if node.learn == "off" or engine.Settings.from_preset(node.preset).speckle:
            return None
        if self._network.path is not None:
            return self._network.name, self._network.path
        result = networks.resultOf(node.inputVolume, node.resultVolume)
        return None if result is None else (result.GetName(), networks.fileOf(result))

    def _withNetwork(self) -> dict | None:
        """How a run with the present settings would use that network."""
        node, used = self._parameterNode, self._usedNetwork()
        if used is None:
            return None
        settings = {**self._settings(), "learn": arguments.switched("learn", node.learn), "refine": node.refine}
        return {"network": used[1], "preset": node.preset, "settings": settings}

    def _wantedThreshold(self) -> float | None:
        return None if isThresholdAutomatic(self._parameterNode) else self._parameterNode.threshold

    def _onToggled(self, checked: bool) -> None:
        self._stop()
        if checked and (self._parameterNode is None or not self._start()):
            self.end()
        self._ui.previewResultLabel.visible = self._ui.previewResultButton.checked

    def _start(self) -> bool:
        inputVolume = self._parameterNode.inputVolume
        try:
            job = self._logic.previewJob(
                inputVolume,
                self._settings(),
                self._withNetwork(),
                self._onSketched,
                self._onShown,
                self._onNotShown,
                self._onFinished,
            )
        except (RuntimeError, OSError) as error:
            if not self._logic.isClosing():
                self._messages.error(str(error))
            return False
        if job.outcome is not None:
            self._messages.error(job.outcome.message, job.outcome.details)
            return False
        if not self._ui.previewResultButton.checked or self._key() != job.key:  # while packages were installed
            job.cancel()
            return False
        self._job, used = job, self._usedNetwork()
        self._what = _("the result of preset fast")
        if used is not None:
            self._what = _("the result with the network of '{name}'").format(name=used[0])
        self._threshold = self._wantedThreshold()
        self._showing = Turns(self.layer.showing(inputVolume), lambda _: self._follow(), self._onNoLayer)
        self._within.follow(self._parameterNode)
        for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            self.addObserver(sliceNode, vtk.vtkCommand.ModifiedEvent, self._onMoved)
        self._say(_("looking at the volume..."))
        self._showing.start()
        return True

    def _stop(self) -> None:
        job, self._job, self._wish, self._ahead = self._job, None, None, None
        self._timer.stop()
        if self._showing is not None:
            self._showing.stop()
        self.removeObservers()
        self._within.follow(None)
        self.layer.hide()
        if job is not None and job.running:
            job.cancel()

    def _onMoved(self, caller, event) -> None:
        if not self._timer.isActive():
            self._timer.start(GATHER)

    def _onOther(self, *args) -> None:
        """The result, or its removed noise, is looked at."""
        self.end()

    def _onNetwork(self, index: int) -> None:
        self.update()

    def _onStrength(self, percent: float) -> None:
        self.layer.mixAgain(percent / 100)

    def _onWithin(self) -> None:
        """Other voxels are wanted."""
        self._areOthersWanted = True
        self._onMoved(None, None)

    def _follow(self) -> None:
        """Wish for what is looked at and not known, one view after the other."""
        if self._job is None or self._showing.running:
            return
        if not self.layer.visible:  # something else was put there
            self.end()
            return
        if self._threshold != self._wantedThreshold():
            self._threshold, self._wish, self._ahead = self._wantedThreshold(), None, None
            self.layer.forget()
        if self._areOthersWanted:
            self._areOthersWanted = False
            self.layer.mixAgain(self._ui.strengthSlider.value / 100)
        parts = [self._within.partOf(box) for box in lookedAtBoxes(self._parameterNode.inputVolume)]
        wanted = [box for box in parts if box is not None]
        unknown = [box for box in wanted if not self.layer.knows(box)]
        if not unknown:
            if self._wish is None and self._ahead is None:
                self._say(self._shown(wanted) if wanted else self._nothing())
                self._lookAhead(wanted)
            return
        if self._wish not in unknown:
            self._wish, self._since, self._ahead = unknown[0], time.monotonic(), None
            self._job.show(self._wish, self._threshold)
            self._say(_("computing..."))

    def _lookAhead(self, boxes: list[tuple]) -> None:
        """Wish for what lies beside, the nearest first, unless a run needs the computer."""
        if self._logic.isRunning():
            return
        for box in besideBoxes(boxes, volumes.arrayOf(self._parameterNode.inputVolume).shape, AHEAD):
            part = self._within.partOf(box)
            if part is not None and not self.layer.knows(part):
                self._ahead = part
                self._job.show(part, self._threshold, isLookedAt=False)
                return

    def _shown(self, boxes: list[tuple]) -> str:
        text = _("shown: {what}, which changes nothing here")
        if any(self.layer.changes(box) for box in boxes):
            text = _("shown: {what}")
        return text.format(what=self._what)

    def _nothing(self) -> str:
        return self._within.problem or _("nothing that is looked at lies inside what 'Only within' says")

    def _onSketched(self, box: tuple, voxels) -> None:
        if self._job is None:
            return
        self.layer.sketch(box, voxels, self._ui.strengthSlider.value / 100)
        self._say(_("shown: a sketch; computing {what}...").format(what=self._what))

    def _onShown(self, box: tuple, voxels) -> None:
        if self._job is None:
            return
        self.layer.write(box, voxels, self._ui.strengthSlider.value / 100)
        if self._wish is not None:
            seconds = time.monotonic() - self._since
            self._say(_("shown: {what} ({seconds} s)").format(what=self._what, seconds=f"{seconds:.1f}"))
        self._wish = self._ahead = None
        self._follow()

    def _onNoLayer(self, error: Exception) -> None:
        self.end()
        self._messages.error(_("The result can't be previewed: {why}").format(why=str(error) or repr(error)))

    def _onNotShown(self, message: str) -> None:
        self._wish = self._ahead = None
        self._say(message)

    def _onFinished(self, outcome) -> None:
        if self._job is None:
            return
        self.end()
        if outcome.status == "failed":
            self._messages.error(outcome.message, outcome.details)

    def _say(self, text: str) -> None:
        self._ui.previewResultLabel.text = text
