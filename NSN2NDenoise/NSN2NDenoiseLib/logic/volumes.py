"""Voxels of MRML volumes as arrays, and arrays as MRML volumes that look like the volume they come from."""

from collections.abc import Generator

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from NSN2NDenoiseLib.dicom.names import FURTHER, described
from NSN2NDenoiseLib.engine.volume.removed_noise import difference, stored_type, wide_type

from .turns import pieces

#: Attribute that ties a volume to DICOM files; a computed volume is not those files.
DICOM_INSTANCES = "DICOM.instanceUIDs"
#: What the subject hierarchy keeps of a series; *Export to DICOM* offers it before an exporter's own "CT" and "1".
SERIES_DESCRIPTION, SERIES_NUMBER, MODALITY = "DICOM.SeriesDescription", "DICOM.SeriesNumber", "DICOM.Modality"
#: What the subject hierarchy keeps of the images that a series was made of, which it highlights with it.
REFERENCED_INSTANCES = "DICOM.ReferencedInstanceUIDs"


def arrayOf(volumeNode) -> np.ndarray:
    """The voxels of a volume, (K, J, I), in the units of the volume: a view, not a copy."""
    return slicer.util.arrayFromVolume(volumeNode)


def spacingOf(volumeNode) -> tuple[float, float, float]:
    """The spacing of a volume, (k, j, i), in mm."""
    i, j, k = volumeNode.GetSpacing()
    return (k, j, i)


def ijkToRAS(volumeNode) -> np.ndarray:
    """(4, 4), from voxel indices (i, j, k) to mm in the volume's own coordinates."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def imageOf(array: np.ndarray, scalarType: int) -> vtk.vtkImageData:
    """A (K, J, I) array as VTK image of the VTK scalar type `scalarType`; any numeric type, copied once."""
    return atOnce(copying(array, scalarType))


def copying(array: np.ndarray, scalarType: int) -> Generator[None, None, vtk.vtkImageData]:
    """`imageOf`, piece by piece (see `Turns`)."""
    image, target = emptyImage(array.shape, scalarType)
    source = array.reshape(-1)
    for piece in pieces(source.size, source.itemsize):
        target[piece] = source[piece]
        yield
    return image


def atOnce(work: Generator):
    """The result of a generator that works piece by piece."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def arrayOfImage(image: vtk.vtkImageData) -> np.ndarray:
    """The voxels of an image, (K, J, I): a view."""
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def emptyImage(shape: tuple, scalarType: int) -> tuple[vtk.vtkImageData, np.ndarray]:
    """An image for a (K, J, I) array, and its voxels in a row: a view."""
    image = vtk.vtkImageData()
    image.SetDimensions(shape[2], shape[1], shape[0])
    image.AllocateScalars(scalarType, 1)
    scalars = image.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() != image.GetNumberOfPoints():
        raise MemoryError(f"no memory for {image.GetNumberOfPoints()} voxels; close other volumes")
    return image, vtk_to_numpy(scalars)


def create(name: str):
    """A new, still empty volume in the scene; its name is made unique."""
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", slicer.mrmlScene.GetUniqueNameByString(name))


def remove(node) -> None:
    """Take a volume out of the views and the scene, with its display nodes.

    A view whose layer leaves the scene would show the volume before it in the selector's list instead.
    """
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        for layer in ("Background", "Foreground"):
            if getattr(composite, f"Get{layer}VolumeID")() == node.GetID():
                getattr(composite, f"Set{layer}VolumeID")(None)
    displays = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    slicer.mrmlScene.RemoveNode(node)
    for display in displays:
        slicer.mrmlScene.RemoveNode(display)


def becomeLike(node, inputVolume) -> None:
    """Give an existing volume the geometry, transform, units and place in the hierarchy of `inputVolume`."""
    node.CopyOrientation(inputVolume)
    node.SetAndObserveTransformNodeID(inputVolume.GetTransformNodeID())
    node.RemoveAttribute(DICOM_INSTANCES)
    unitsLike(node, inputVolume)
    beside(node, inputVolume)


def unitsLike(node, inputVolume) -> None:
    """Give a volume the quantity and units of `inputVolume`."""
    for part in ("VoxelValueQuantity", "VoxelValueUnits"):
        getattr(node, f"Set{part}")(copyOfCode(getattr(inputVolume, f"Get{part}")()))


def beside(node, inputVolume) -> None:
    """Put a volume where `inputVolume` is in the subject hierarchy."""
    (hierarchy, item), (_, sibling) = hierarchyItem(node), hierarchyItem(inputVolume)
    if item and sibling:
        hierarchy.SetItemParent(item, hierarchy.GetItemParent(sibling))


def exportLike(node, inputVolume, made: str) -> None:
    """Have *Export to DICOM* offer a volume as a series of the modality of `inputVolume`, described as made from it."""
    (hierarchy, item), (_, source) = hierarchyItem(node), hierarchyItem(inputVolume)
    if not item or not source:
        return
    about = hierarchy.GetItemAttribute(source, SERIES_DESCRIPTION) or inputVolume.GetName()
    hierarchy.SetItemAttribute(item, SERIES_DESCRIPTION, described(about, made))
    modality, number = (hierarchy.GetItemAttribute(source, name) for name in (MODALITY, SERIES_NUMBER))
    if modality:
        hierarchy.SetItemAttribute(item, MODALITY, modality)
    if number.isdigit():
        hierarchy.SetItemAttribute(item, SERIES_NUMBER, str(int(number) + FURTHER))
    hierarchy.SetItemAttribute(item, REFERENCED_INSTANCES, inputVolume.GetAttribute(DICOM_INSTANCES) or "")


def attributesOfItem(node) -> dict:
    """The attributes of a node's item in the subject hierarchy."""
    hierarchy, item = hierarchyItem(node)
    names = hierarchy.GetItemAttributeNames(item) if item else ()
    return {name: hierarchy.GetItemAttribute(item, name) for name in names}


def hierarchyItem(node) -> tuple:
    """The subject hierarchy and a node's item in it; the item is 0 where there is none."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    return hierarchy, 0 if hierarchy is None else hierarchy.GetItemByDataNode(node)


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


def displayAsNoise(node, image: vtk.vtkImageData) -> None:
    """Show removed noise in gray around 0, in a window that holds nearly all of it."""
    noise = vtk_to_numpy(image.GetPointData().GetScalars())
    sample = noise[:: max(1, noise.size // 200_000)]
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


def removing(before: np.ndarray, after: np.ndarray) -> Generator[None, None, vtk.vtkImageData]:
    """The removed noise, before - after, as VTK image, piece by piece (see `Turns`); its type is `stored_type`.

    Args:
        before, after: (K, J, I) arrays of one type.
    """
    flatBefore, flatAfter = before.reshape(-1), after.reshape(-1)

    def differences():
        for piece in pieces(flatBefore.size, wide_type(before.dtype).itemsize):
            yield piece, difference(flatBefore[piece], flatAfter[piece])

    low = high = 0
    if before.dtype.kind != "f":
        for _piece, noise in differences():
            low, high = min(low, noise.min()), max(high, noise.max())
            yield
    image, target = emptyImage(before.shape, get_vtk_array_type(stored_type(before.dtype, low, high)))
    for piece, noise in differences():
        target[piece] = noise
        yield
    return image


def copyOfCode(code):
    """A copy of a coded entry (of units or a quantity), or None."""
    if code is None:
        return None
    copy = slicer.vtkCodedEntry()
    copy.Copy(code)
    return copy
