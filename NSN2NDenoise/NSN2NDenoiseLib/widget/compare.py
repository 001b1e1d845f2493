"""Input and result in the slice views: fade between them, or see what was removed."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import results
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
        ui.compareSlider.connect("valueChanged(double)", self._onFade)
        ui.noiseViewButton.connect("toggled(bool)", self._onNoise)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        if parameterNode is None:
            self._stopMaking()
        self._parameterNode = parameterNode
        self.update()

    def show(self, output) -> None:
        """Show a new result, fully faded in, in every slice view."""
        self._parameterNode.resultVolume = output
        self._ui.noiseViewButton.checked = False
        self._ui.compareSlider.value = 1
        self._layer(output, 1.0)

    def update(self) -> None:
        """Show the section only while there is a result to compare, and what was measured."""
        output, inputVolume = self._pair()
        self._ui.resultCollapsibleButton.visible = inputVolume is not None
        if inputVolume is not None:
            self._ui.resultLabel.text = summary(output.GetName(), results.reportOf(output))

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
        self._layer(output, value)

    def _onNoise(self, checked: bool) -> None:
        self._stopMaking()
        output, _inputVolume = self._pair()
        if output is None:
            return
        if not checked:
            self._layer(output, self._ui.compareSlider.value)
            return
        noise = output.GetNodeReference(results.NOISE_REFERENCE)
        if noise is not None:
            self._layer(noise, 1.0)
        else:
            self._making = Turns(results.makingNoise(output), self._onNoiseMade, self._onNoiseFailed)
            self._making.start()

    def _onNoiseMade(self, noise) -> None:
        if self._pair()[0] is None:
            return
        if noise is not None:
            self._layer(noise, 1.0)
        else:
            self._ui.noiseViewButton.checked = False

    def _onNoiseFailed(self, error: Exception) -> None:
        self._ui.noiseViewButton.checked = False
        self._messages.error(_("The removed noise could not be computed: {why}").format(why=str(error) or repr(error)))

    def _stopMaking(self) -> None:
        making, self._making = self._making, None
        if making is not None:
            making.stop()

    def _layer(self, foreground, opacity: float) -> None:
        """The input below, `foreground` above it; positions and windows are not touched."""
        _output, inputVolume = self._pair()
        for composite in compositeNodes():
            composite.SetBackgroundVolumeID(inputVolume.GetID())
            composite.SetForegroundVolumeID(foreground.GetID())
            composite.SetForegroundOpacity(opacity)


def summary(name: str, report: dict) -> str:
    """What a run measured and chose, in a few sentences."""
    sentences = [_("Result: {name}.").format(name=name)]
    before, after = report.get("noiseBefore"), report.get("noiseAfter")
    if before and after is not None:
        sentences.append(
            _("Noise in homogeneous regions: {before} before, {after} after.").format(
                before=numberText(before), after=numberText(after)
            )
        )
    if report.get("meanShift") is not None:
        sentences.append(_("Mean shift there: {shift}.").format(shift=numberText(report["meanShift"])))
    if report.get("matchedFraction") is not None:
        sentences.append(_("Matched: {percent} %.").format(percent=round(100 * report["matchedFraction"])))
    if report.get("threshold") is not None:
        how = _("automatic") if report.get("thresholdIsAutomatic") else _("set by hand")
        sentences.append(_("Threshold: {value} ({how}).").format(value=numberText(report["threshold"]), how=how))
    if report.get("gap") is not None:
        sentences.append(_("Slices {gap} apart were paired.").format(gap=report["gap"]))
    if report.get("ricianCorrected"):
        sentences.append(_("MR bias corrected (sigma {sigma}).").format(sigma=numberText(report["ricianSigma"])))
    elif report.get("ricianCorrected") is not None:
        sentences.append(_("No MR bias correction."))
    return " ".join(sentences)
