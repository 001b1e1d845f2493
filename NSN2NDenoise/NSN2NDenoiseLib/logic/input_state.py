"""Notices whether a volume is still the one that a job was started with."""

from collections.abc import Generator

import numpy as np
import vtk

from . import volumes
from .turns import pieces


class InputChangedError(ValueError):
    """The input volume is not the one any more that the job was started with; the text says what to do."""


class InputState:
    """What a volume was when a job began.

    Args:
        inputVolume: node with voxels.
    """

    def __init__(self, inputVolume) -> None:
        image = inputVolume.GetImageData()
        self._image, self._time = image, image.GetMTime()
        self.scalarType = image.GetScalarType()
        self._voxelSize = inputVolume.GetSpacing()
        self._place = _placeOf(inputVolume)

    def copying(self, inputVolume, writing) -> Generator:
        """Pass on `writing`, which copies the volume's voxels, as long as they stay.

        Raises:
            InputChangedError: they do not.
        """
        for _piece in writing:
            if inputVolume.GetImageData() is not self._image or self._image.GetMTime() != self._time:
                raise InputChangedError("The input volume was changed while it was copied. Start again.")
            yield

    def checking(self, inputVolume, before: np.ndarray, shownBy=None) -> Generator[None, None, list[str]]:
        """Compare the volume with what it was, piece by piece.

        Args:
            inputVolume: the node, now.
            before: (K, J, I) array of its voxels, then.
            shownBy: the node that showed it then, if it is a frame of a sequence.

        Returns:
            What the user has to know, though the result can be used: sentences.

        Raises:
            InputChangedError: the result does not belong to this volume any more.
        """
        image = inputVolume.GetImageData()
        changed = None
        if image is None or image.GetDimensions() != before.shape[::-1]:
            changed = "number of voxels"
        elif image.GetScalarType() != self.scalarType:
            changed = "pixel type"
        elif inputVolume.GetSpacing() != self._voxelSize:
            changed = "spacing"
        elif image is not self._image or image.GetMTime() != self._time:
            now, then = volumes.arrayOf(inputVolume).reshape(-1), before.reshape(-1)
            for piece in pieces(now.size, now.itemsize):
                if not np.array_equal(now[piece], then[piece]):
                    changed = "gray values"
                    break
                yield
        if changed:
            raise InputChangedError(
                f"The input volume was changed during the run (its {changed}), so the result does not belong to it and "
                "was not put in the scene. Start the run again."
            )
        if _placeOf(inputVolume, shownBy) != self._place:
            return ["The input volume was moved during the run: the result lies where the input is now."]
        return []


def _placeOf(volumeNode, shownBy=None) -> tuple:
    """Origin, directions and parent transform of a volume; a frame of a sequence has that of what shows it."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return (shownBy or volumeNode).GetTransformNodeID(), *(matrix.GetElement(i, j) for i in range(3) for j in range(4))
