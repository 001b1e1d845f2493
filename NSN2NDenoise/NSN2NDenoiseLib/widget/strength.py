"""The slider Strength: the slice views follow it at once, the result when it is let go."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import strength
from NSN2NDenoiseLib.logic.sequences import frameShown
from NSN2NDenoiseLib.logic.turns import Turns

from .compare import CompareControl
from .messages import Messages


class StrengthControl:
    """Mixes the input back into the result that is compared.

    While the slider moves, MRML blends the result of full strength over the input; the voxels are mixed afterwards.

    Args:
        ui: the panel's widgets by name.
        compare: shows the result.
        messages: status line, log and dialog.
    """

    def __init__(self, ui, compare: CompareControl, messages: Messages) -> None:
        self._slider, self._compare, self._messages = ui.strengthSlider, compare, messages
        self._ui = ui
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
        if self._changing is None:
            self._follow(1.0 if output is None else strength.strengthOf(output))
        self._slider.enabled = output is None or frameShown(output) is None  # of a sequence it is set before the run

    def _follow(self, value: float) -> None:
        self._isFollowing = True
        self._slider.value = 100 * value
        self._isFollowing = False

    def _onMoving(self, percent: float) -> None:
        self.stop()
        output = self._compare.result
        full = strength.fullOf(output) if output is not None else None
        if full is not None:
            self._layer(full, percent / 100 * self._ui.compareSlider.value)

    def _onChanged(self, percent: float) -> None:
        output = self._compare.result
        if self._isFollowing or output is None:
            return
        self._onMoving(percent)
        mixing = strength.changing(output, percent / 100)
        self._changing = Turns(mixing, self._onMixed, lambda error: self._onFailed(output, error))
        self._changing.start()

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
