"""Input and result in the slice views: fade between them, or see what was removed."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.logic import results
from NSN2NDenoiseLib.logic.sequences import frameShown
from NSN2NDenoiseLib.logic.turns import Turns

from .messages import Messages, numberText
from .slice_views import compositeNodes


class CompareControl:
    """Shows a result over its input without moving slice, zoom or window.

    Args:
        ui: the panel's widgets by name.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, messages: Messages) -> None:
        self._ui, self._messages = ui, messages
        self._parameterNode = None
        self._making: Turns | None = None
        self._before: tuple | None = None
        self._shownID: str | None = None
        self._noiseFrame: str | None = None
        ui.compareSlider.connect("valueChanged(double)", self._onFade)
        ui.noiseViewButton.connect("toggled(bool)", self._onNoise)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        if parameterNode is None:
            self._stopMaking()
        self._parameterNode = parameterNode
        self.update()

    def show(self, output) -> None:
        """Show a new result, fully faded in, in every slice view; leave the views when it replaces the first one."""
        before, self._before = self._before, None
        if before is not None and self._parameterNode.resultVolume is output:
            self.refresh()
            return
        self._parameterNode.resultVolume = output
        self._ui.noiseViewButton.checked = False
        self._ui.compareSlider.value = 1
        self.layer(output, 1.0)

    def showFirst(self, output) -> None:
        """Show a first result, which may be taken back."""
        before = self._parameterNode.resultVolume, self._ui.compareSlider.value, _layersNow()
        self.show(output)
        self._before = before

    def takeBack(self) -> None:
        """The first result is gone: show what was there before it."""
        before, self._before = self._before, None
        if before is None or self._parameterNode is None:
            return
        ours = {None, self._shownID}
        self._ui.noiseViewButton.checked = False
        self._parameterNode.resultVolume, self._ui.compareSlider.value, layers = before
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
            text = summary(output.GetName(), results.reportOf(output))
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


def _layersNow() -> list[tuple]:
    """The layers of all slice views."""
    return [
        (node, node.GetBackgroundVolumeID(), node.GetForegroundVolumeID(), node.GetForegroundOpacity())
        for node in compositeNodes()
    ]


def summary(name: str, report: dict) -> str:
    """What a result is, what it did to the volume, and how it was made: a paragraph each."""
    heading = _("Result: {name}.")
    if report.get("ended") == "first":
        heading = _("First result: {name}; the run goes on.")
    elif report.get("ended") == "kept":
        heading = _("Result: {name}, the best when the run was stopped.")
    paragraphs = [heading.format(name=name)], _measured(report), _made(report)
    return "\n".join(" ".join(sentences) for sentences in paragraphs if sentences)


def _measured(report: dict) -> list[str]:
    """What a run did to the volume."""
    sentences = []
    before, after = report.get("noiseBefore"), report.get("noiseAfter")
    at = _(" at full strength") if report.get("strength", 1) < 1 else ""
    if before and after is not None:
        sentences.append(
            _("Noise in tissue: {before} before, {after} after{at}.").format(
                before=numberText(before), after=numberText(after), at=at
            )
        )
    if report.get("meanShift") is not None:
        sentences.append(_("Mean shift of homogeneous regions: {shift}.").format(shift=numberText(report["meanShift"])))
    sentences += filter(None, [engine.describe_effect(report)])
    if report.get("within"):
        percent = f"{100 * report['within']['fraction']:.2g}"
        sentences.append(_("Limited to {percent} % of the volume; elsewhere it is as it was.").format(percent=percent))
    return sentences


def _made(report: dict) -> list[str]:
    """How a result was made: stages, network and what was chosen."""
    sentences = []
    stages = report.get("stages") or []
    if stages:
        sentences.append(
            _("Made by: {stages} ({sources}).").format(
                stages=engine.describe_stages(stages), sources=engine.describe_sources(stages)
            )
        )
    network = report.get("network")
    if network and not network["trainedHere"]:
        sentences.append(_("Its network, {name}, was trained on another volume.").format(name=network["name"]))
    if report.get("matchedFraction") is not None:
        sentences.append(_("Matched: {percent} %.").format(percent=round(100 * report["matchedFraction"])))
    if report.get("threshold") is not None:
        how = _("automatic") if report.get("thresholdIsAutomatic") else _("set by hand")
        sentences.append(_("Threshold: {value} ({how}).").format(value=numberText(report["threshold"]), how=how))
    if report.get("pairing") is not None:
        sentences.append(_("Paired: {pairs}.").format(pairs=engine.describe_pairing(report)))
    elif report.get("gap") is not None:
        sentences.append(_("Slices {gap} apart were paired.").format(gap=report["gap"]))
    if report.get("ricianCorrected"):
        sentences.append(_("MR bias corrected (sigma {sigma}).").format(sigma=numberText(report["ricianSigma"])))
    elif report.get("ricianCorrected") is not None:
        sentences.append(_("No MR bias correction."))
    return sentences
