"""This frame or all frames: the choice that an input has which shows a sequence."""

from NSN2NDenoiseLib.logic.parameters import ALL_FRAMES
from NSN2NDenoiseLib.logic.sequences import Frames, framesOf


class FramesControl:
    """Offers the choice where there is one. All frames go into a sequence of their own: no volume is chosen for it.

    Args:
        ui: the panel's widgets by name.
    """

    def __init__(self, ui) -> None:
        self._ui = ui
        self._parameterNode = None

    def setParameterNode(self, parameterNode) -> None:
        """Use other parameters, or none."""
        self._parameterNode = parameterNode
        self.update()

    def update(self) -> None:
        """Show the choice for a sequence of at least two frames."""
        self._ui.framesLabel.visible = self._ui.framesComboBox.visible = self._sequence() is not None
        isOne = self.chosen is None
        self._ui.outputSelector.enabled = self._ui.noiseSelector.enabled = isOne

    @property
    def chosen(self) -> Frames | None:
        """The sequence whose frames are all to be denoised; None for one volume."""
        isAll = self._parameterNode is not None and self._parameterNode.frames == ALL_FRAMES
        return self._sequence() if isAll else None

    def _sequence(self) -> Frames | None:
        frames = framesOf(self._parameterNode.inputVolume) if self._parameterNode is not None else None
        return frames if frames is not None and len(frames) > 1 else None
