"""Voxels of MRML volumes as arrays, and arrays as MRML volumes that look like the volume they come from."""

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

#: Attribute that ties a volume to DICOM files; a computed volume is not those files.
DICOM_INSTANCES = "DICOM.instanceUIDs"


def arrayOf(volumeNode) -> np.ndarray:
    """The voxels of a volume, (K, J, I), in the units of the volume: a view, not a copy."""
    return slicer.util.arrayFromVolume(volumeNode)


def spacingOf(volumeNode) -> tuple[float, float, float]:
    """The spacing of a volume, (k, j, i), in mm."""
    i, j, k = volumeNode.GetSpacing()
    return (k, j, i)


def imageOf(array: np.ndarray, scalarType: int) -> vtk.vtkImageData:
    """A (K, J, I) array as VTK image of the VTK scalar type `scalarType`; any numeric type, copied once."""
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[2], array.shape[1], array.shape[0])
    image.AllocateScalars(scalarType, 1)
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(array.shape)[:] = array
    return image


def create(name: str):
    """A new, still empty volume in the scene; its name is made unique."""
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", slicer.mrmlScene.GetUniqueNameByString(name))


def remove(node) -> None:
    """Take a volume out of the scene, with its display nodes."""
    displays = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    slicer.mrmlScene.RemoveNode(node)
    for display in displays:
        slicer.mrmlScene.RemoveNode(display)


def becomeLike(node, inputVolume) -> None:
    """Give an existing volume the geometry, transform, units and place in the hierarchy of `inputVolume`."""
    node.CopyOrientation(inputVolume)
    node.SetAndObserveTransformNodeID(inputVolume.GetTransformNodeID())
    node.RemoveAttribute(DICOM_INSTANCES)
    for part in ("VoxelValueQuantity", "VoxelValueUnits"):
        getattr(node, f"Set{part}")(_copyOfCode(getattr(inputVolume, f"Get{part}")()))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    if hierarchy is not None:
        item, parent = hierarchy.GetItemByDataNode(node), hierarchy.GetItemByDataNode(inputVolume)
        if item and parent:
            hierarchy.SetItemParent(item, hierarchy.GetItemParent(parent))


def displayLike(node, inputVolume) -> None:
    """Show a volume in the window, level and colors that `inputVolume` has now, and keep them."""
    display, source = _displayOf(node), inputVolume.GetDisplayNode()
    if source is None:
        return
    display.SetWindowLevel(source.GetWindow(), source.GetLevel())
    display.SetAndObserveColorNodeID(source.GetColorNodeID())
    display.SetInterpolate(source.GetInterpolate())
    display.SetThreshold(source.GetLowerThreshold(), source.GetUpperThreshold())
    display.SetApplyThreshold(source.GetApplyThreshold())


def displayAsNoise(node, noise: np.ndarray) -> None:
    """Show removed noise in gray around 0, in a window that holds nearly all of it."""
    sample = noise.ravel()[:: max(1, noise.size // 200_000)]
    sample = sample[sample != 0]
    reach = float(np.percentile(np.abs(sample), 98)) if sample.size else 1.0
    display = _displayOf(node)
    display.SetWindowLevel(2 * max(reach, 1e-6), 0)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")


def _displayOf(node):
    """The display node of a volume, made if there is none; nothing automatic, which takes seconds on a large volume."""
    display = node.GetDisplayNode()
    if display is None:
        display = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScalarVolumeDisplayNode")
        display.UnRegister(None)
        display.SetAutoWindowLevel(False)
        slicer.mrmlScene.AddNode(display)
        node.SetAndObserveDisplayNodeID(display.GetID())
    display.SetAutoWindowLevel(False)
    display.SetAutoThreshold(False)
    return display


def removedNoise(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, int]:
    """before - after, and the smallest VTK type that holds it: floats as they are, integers signed."""
    if before.dtype.kind == "f":
        return before - after, vtk.VTK_DOUBLE if before.dtype.itemsize == 8 else vtk.VTK_FLOAT
    wide = np.int64 if before.dtype.itemsize >= 4 else np.int32
    noise = before.astype(wide)
    noise -= after
    if noise.min() >= -32768 and noise.max() <= 32767:
        return noise.astype(np.int16), vtk.VTK_SHORT
    return noise.astype(np.int32), vtk.VTK_INT


def _copyOfCode(code):
    if code is None:
        return None
    copy = slicer.vtkCodedEntry()
    copy.Copy(code)
    return copy
