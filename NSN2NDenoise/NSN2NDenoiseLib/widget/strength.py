"""The slider Strength: the slice views follow it at once, the result when it is let go."""

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import results, strength
from NSN2NDenoiseLib.logic.sequences import frameShown
from NSN2NDenoiseLib.logic.turns import Turns

from .compare import CompareControl
from .messages import Messages

#: What the slider is beside the result of a sequence.
FIXED = _(
    "Part of the removed noise that stays removed. That of a sequence that is denoised is fixed: only the next run "
    "takes another one from here."
)


class StrengthControl:
    """Mixes the input back into the result that is compared.

    While the slider moves, MRML blends the result of full strength over the input; the voxels are mixed afterwards.
    Beside the result of a sequence, whose strength is fixed, the slider is the next run's.

    Args:
        ui: the panel's widgets by name.
        compare: shows the result.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, compare: CompareControl, messages: Messages) -> None:
        self._slider, self._compare, self._messages = ui.strengthSlider, compare, messages
        self._ui = ui
        self._toolTip = str(self._slider.toolTip)
        self._setBesideID: str | None = None
        self._changing: Turns | None = None
        self._isFollowing = False
        self._slider.connect("valueIsChanging(double)", self._onMoving)
        self._slider.connect("valueChanged(double)", self._onChanged)

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none; what is being mixed goes on."""
        if parameterNode is not None:
            self.update()

    def stop(self) -> None:
        """Mix no more: the scene closes, or the module goes."""
        changing, self._changing = self._changing, None
        if changing is not None:
            changing.stop()

    def update(self) -> None:
        """Show the strength of the result, unless another one is on its way into it."""
        output = self._compare.result
        isNextRuns = output is not None and output.GetID() == self._setBesideID
        if self._changing is None and not isNextRuns:
            self._setBesideID = None
            self._follow(1.0 if output is None else strength.strengthOf(output))
        self._slider.toolTip = FIXED if _isFixed(output) else self._toolTip

    def _follow(self, value: float) -> None:
        self._isFollowing = True
        self._slider.value = 100 * value
        self._isFollowing = False

    def _onMoving(self, percent: float) -> None:
        self.stop()
        output = self._compare.result
        full = strength.fullOf(output) if output is not None and not _isFixed(output) else None
        if full is not None:
            self._layer(full, percent / 100 * self._ui.compareSlider.value)

    def _onChanged(self, percent: float) -> None:
        output = self._compare.result
        if self._isFollowing or output is None:
            return
        if _isFixed(output):
            self._setBesideID = output.GetID()
            return
        if strength.strengthOf(output) < 1 and not results.isOurs(output) and not self._mayMix(output):
            self.update()
            self._showAgain(output)
            return
        self._onMoving(percent)
        mixing = strength.changing(output, percent / 100)
        self._changing = Turns(mixing, self._onMixed, lambda error: self._onFailed(output, error))
        self._changing.start()

    def _mayMix(self, output) -> bool:
        """Ask before voxels are lost that NSN2N did not mix."""
        question = _(
            "'{name}' may have changed since NSN2N made it. With another strength it is mixed anew, and what was "
            "changed is lost. Go on?"
        )
        return slicer.util.confirmOkCancelDisplay(
            question.format(name=output.GetName()), windowTitle=_("NSN2N Denoise")
        )

    def _onMixed(self, output) -> None:
        self._changing = None
        self._showAgain(output)
        self._compare.refresh()

    def _onFailed(self, output, error: Exception) -> None:
        self._changing = None
        self.update()
        self._showAgain(output)
        self._messages.error(_("The strength could not be changed: {why}").format(why=str(error) or repr(error)))

    def _showAgain(self, output) -> None:
        """Show a result instead of what stood for it; where another module is shown, in the views that still do."""
        if self._compare.result is output:
            self._layer(output, self._ui.compareSlider.value)
        elif self._compare.result is None and not self._ui.noiseViewButton.checked:
            self._compare.replaceLayer(output)

    def _layer(self, foreground, opacity: float) -> None:
        """Show something of the result, unless the removed noise or the preview is looked at."""
        if not self._ui.noiseViewButton.checked and not self._ui.previewResultButton.checked:
            self._compare.layer(foreground, opacity)


def _isFixed(output) -> bool:
    """Whether the strength of a result can't be changed: there is one, and it shows frames of a sequence."""
    return output is not None and frameShown(output) is not None
