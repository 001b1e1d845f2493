"""What the slice views look at: their layers, and the voxel in their middle."""

import numpy as np
import slicer
import vtk


def compositeNodes() -> list:
    """The nodes that hold the layers (background, foreground, label) of every slice view."""
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def lookedAtVoxel(volumeNode) -> tuple[int, int, int]:
    """(k, j, i) of the voxel where the slice views are, each coordinate from the view that shows it best."""
    rasToIJK = vtk.vtkMatrix4x4()
    volumeNode.GetRASToIJKMatrix(rasToIJK)
    toIJK = slicer.util.arrayFromVTKMatrix(rasToIJK)
    if volumeNode.GetParentTransformNode() is not None:
        worldToLocal = vtk.vtkMatrix4x4()
        if volumeNode.GetParentTransformNode().GetMatrixTransformFromWorld(worldToLocal):
            toIJK = toIJK @ slicer.util.arrayFromVTKMatrix(worldToLocal)
    size = np.array(volumeNode.GetImageData().GetDimensions())
    voxel, best = size // 2, np.zeros(3)
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        sliceToIJK = toIJK @ slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())
        normal = np.abs(sliceToIJK[:3, 2])
        normal /= np.linalg.norm(normal)
        better = normal > best
        voxel[better] = np.round(sliceToIJK[:3, 3])[better]
        best = np.maximum(best, normal)
    i, j, k = (int(v) for v in np.clip(voxel, 0, size - 1))
    return k, j, i
