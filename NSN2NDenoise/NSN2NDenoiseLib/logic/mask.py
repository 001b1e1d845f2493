"""W_i of Eq. 3 as a label map in the scene."""

import slicer
import vtk
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from . import arguments, volumes


def checkMask(inputVolume, threshold: float | None, labelVolume, sliceAxis: str) -> None:
    """Check what a mask is to be made of and written to.

    Raises:
        ValueError: something can't be used.
    """
    arguments.checkInput(inputVolume, sliceAxis)
    if threshold is not None:
        engine.check_threshold(threshold)
    if labelVolume is not None and not (
        isinstance(labelVolume, slicer.vtkMRMLNode) and labelVolume.IsA("vtkMRMLLabelMapVolumeNode")
    ):
        raise ValueError(_("labelVolume must be a label map node (vtkMRMLLabelMapVolumeNode) or None."))


def writeMask(residual, threshold: float, inputVolume, labelVolume=None):
    """Write the mask of a complete residual; arguments checked.

    Args:
        residual: (K, J, I) float32, normalized, of the input volume.
        threshold: normalized, 0 to 1.
        labelVolume: node to overwrite; None creates "<name> W".

    Returns:
        The label map node.
    """
    mask = engine.weight_matrix(residual, threshold)
    if labelVolume is None:
        name = slicer.mrmlScene.GetUniqueNameByString(f"{inputVolume.GetName()} W")
        labelVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", name)
    labelVolume.SetAndObserveImageData(volumes.imageOf(mask, vtk.VTK_UNSIGNED_CHAR))
    volumes.becomeLike(labelVolume, inputVolume)
    labelVolume.CreateDefaultDisplayNodes()
    return labelVolume
