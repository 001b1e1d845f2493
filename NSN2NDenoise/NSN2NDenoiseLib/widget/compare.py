"""Input and result in the slice views: fade between them, or see what was removed."""

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import results
from NSN2NDenoiseLib.logic.sequences import frameShown
from NSN2NDenoiseLib.logic.turns import Turns

from .messages import Messages
from .slice_views import compositeNodes
from .summary import summary


class CompareControl:
    """Shows a result over its input without moving slice, zoom or window.

    Args:
        ui: the panel's widgets by name.
        logic: the module's logic.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, logic, messages: Messages) -> None:
        self._ui, self._logic, self._messages = ui, logic, messages
        self._parameterNode = None
        self._making: Turns | None = None
        self._isNoiseDue = False
        self._before: tuple | None = None
        self._firstID: str | None = None
        self._shownID: str | None = None
        self._noiseFrame: str | None = None
        ui.compareSlider.connect("valueChanged(double)", self._onFade)
        ui.noiseViewButton.connect("toggled(bool)", self._onNoise)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        if parameterNode is None:
            self._isNoiseDue = self._making is not None
            self._stopMaking()
        self._parameterNode = parameterNode
        if self._isNoiseDue:
            self.refresh()
        else:
            self.update()

    def show(self, output) -> None:
        """Show a new result, fully faded in, in every slice view; leave the views when it replaces the first one."""
        firstID, self._firstID, self._before = self._firstID, None, None
        if firstID == output.GetID() and self._parameterNode.resultVolume is output:
            self.refresh()
            return
        self._parameterNode.resultVolume = output
        self._ui.noiseViewButton.checked = False
        self._ui.compareSlider.value = 1
        self.layer(output, 1.0)
        self.update()  # the volume may be the one that was compared before

    def showFirst(self, output) -> None:
        """Show a first result, which may be taken back."""
        node = self._parameterNode
        before = node, node.resultVolume, self._ui.compareSlider.value, _layersNow()
        self.show(output)
        self._before, self._firstID = before, output.GetID()

    def keepFirst(self) -> None:
        """A result stands in the first one's place, to be shown later: that is not taken back any more."""
        self._before = None

    def takeBack(self) -> None:
        """The first result is gone: show what was there before it, also while another module is shown."""
        before, self._before = self._before, None
        if before is None or slicer.mrmlScene.IsClosing():
            return
        ours = {None, self._shownID}
        self._ui.noiseViewButton.checked = False
        node, resultVolume, self._ui.compareSlider.value, layers = before
        node.resultVolume = resultVolume
        for composite, background, foreground, opacity in layers:
            if composite.GetForegroundVolumeID() in ours:
                composite.SetBackgroundVolumeID(background)
                composite.SetForegroundVolumeID(foreground)
                composite.SetForegroundOpacity(opacity)

    def refresh(self) -> None:
        """The voxels of the result have changed: its removed noise, if it is shown, and what is said of it follow."""
        output, _inputVolume = self._pair()
        if output is not None and self._ui.noiseViewButton.checked:
            self._onNoise(True)
        self.update()

    def update(self) -> None:
        """Show the section only while there is a result to compare, and what was measured."""
        output, inputVolume = self._pair()
        self._ui.resultCollapsibleButton.visible = inputVolume is not None
        if inputVolume is not None:
            text = summary(output.GetName(), results.reportOf(output), self._logic.isImproving(output))
            if results.inputOf(output) is None and frameShown(inputVolume) is not None:
                text = _("The selected frame is another one than that of the result. {result}").format(result=text)
            self._ui.resultLabel.text = text
            if self._ui.noiseViewButton.checked and frameShown(output) != self._noiseFrame:
                self._onNoise(True)  # another frame of the sequence is shown

    @property
    def result(self):
        """The result that is compared; None without one."""
        return self._pair()[0]

    def _pair(self):
        """The result and its input; (None, None) when one of them is gone."""
        output = self._parameterNode.resultVolume if self._parameterNode is not None else None
        inputVolume = output.GetNodeReference(results.INPUT_REFERENCE) if output is not None else None
        return (output, inputVolume) if inputVolume is not None else (None, None)

    def _onFade(self, value: float) -> None:
        output, _inputVolume = self._pair()
        if output is None:
            return
        if self._ui.noiseViewButton.checked:
            self._ui.noiseViewButton.checked = False
        self.layer(output, value)

    def _onNoise(self, checked: bool) -> None:
        self._stopMaking()
        output, _inputVolume = self._pair()
        if output is None:
            return
        if not checked:
            self.layer(output, self._ui.compareSlider.value)
            return
        noise, self._noiseFrame = output.GetNodeReference(results.NOISE_REFERENCE), frameShown(output)
        if noise is not None and self._noiseFrame is None:
            self.layer(noise, 1.0)
        else:
            self._making = Turns(results.makingNoise(output), self._onNoiseMade, self._onNoiseFailed)
            self._making.start()

    def _onNoiseMade(self, noise) -> None:
        if self._pair()[0] is None:
            return
        if noise is not None:
            self.layer(noise, 1.0)
        else:
            self._ui.noiseViewButton.checked = False

    def _onNoiseFailed(self, error: Exception) -> None:
        self._ui.noiseViewButton.checked = False
        self._messages.error(_("The removed noise could not be computed: {why}").format(why=str(error) or repr(error)))

    def _stopMaking(self) -> None:
        making, self._making = self._making, None
        if making is not None:
            making.stop()

    def layer(self, foreground, opacity: float) -> None:
        """The input below, `foreground` above it; positions and windows are not touched."""
        _output, inputVolume = self._pair()
        self._shownID = foreground.GetID()
        for composite in compositeNodes():
            composite.SetBackgroundVolumeID(inputVolume.GetID())
            composite.SetForegroundVolumeID(foreground.GetID())
            composite.SetForegroundOpacity(opacity)

    def replaceLayer(self, output) -> None:
        """Show a result in the views that still show the last layer; others are left."""
        for composite in compositeNodes():
            if composite.GetForegroundVolumeID() == self._shownID:
                composite.SetForegroundVolumeID(output.GetID())
                composite.SetForegroundOpacity(self._ui.compareSlider.value)


def _layersNow() -> list[tuple]:
    """The layers of all slice views."""
    return [
        (node, node.GetBackgroundVolumeID(), node.GetForegroundVolumeID(), node.GetForegroundOpacity())
        for node in compositeNodes()
    ]
