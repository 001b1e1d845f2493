"""What the slice views look at: their layers, and the voxel in their middle."""

from collections.abc import Iterator

import numpy as np
import slicer
import vtk


def compositeNodes() -> list:
    """The nodes that hold the layers (background, foreground, label) of every slice view."""
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def lookedAtVoxel(volumeNode) -> tuple[int, int, int]:
    """(k, j, i) of the voxel where the slice views are, each coordinate from the view that shows it best."""
    toIJK = _worldToIJK(volumeNode)
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


def lookedAtBoxes(volumeNode) -> list[tuple[slice, slice, slice]]:
    """The voxels that each slice view shows, or interpolates between: boxes (K, J, I), small ones first."""
    toIJK = _worldToIJK(volumeNode)
    size = np.array(volumeNode.GetImageData().GetDimensions())
    boxes = []
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        if not sliceNode.IsMappedInLayout():
            continue
        columns, rows = sliceNode.GetDimensions()[:2]
        corners = np.array([[0, columns, 0, columns], [0, 0, rows, rows], [0] * 4, [1] * 4])
        ijk = (toIJK @ slicer.util.arrayFromVTKMatrix(sliceNode.GetXYToRAS()) @ corners)[:3].round(3)
        first = np.clip(np.floor(ijk.min(axis=1)), 0, size).astype(int)
        last = np.clip(np.ceil(ijk.max(axis=1)) + 1, 0, size).astype(int)
        if (first < last).all():
            boxes.append(tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True)))
    return sorted(boxes, key=lambda box: np.prod([side.stop - side.start for side in box]))


def besideBoxes(boxes: list[tuple], shape: tuple[int, int, int], far: int) -> Iterator[tuple[slice, slice, slice]]:
    """Boxes of views that are not oblique, moved to both sides as by scrolling, by up to `far` voxels; near first."""
    for distance in range(1, far + 1):
        for box in boxes:
            sizes = [side.stop - side.start for side in box]
            axis = int(np.argmin(sizes))
            for start in (box[axis].start + distance, box[axis].start - distance):
                if sizes[axis] <= 2 and 0 <= start <= shape[axis] - sizes[axis]:
                    yield (*box[:axis], slice(start, start + sizes[axis]), *box[axis + 1 :])


def _worldToIJK(volumeNode) -> np.ndarray:
    """From world coordinates (RAS) to a volume's voxels, (4, 4); a transform that is not linear does not count."""
    rasToIJK = vtk.vtkMatrix4x4()
    volumeNode.GetRASToIJKMatrix(rasToIJK)
    toIJK = slicer.util.arrayFromVTKMatrix(rasToIJK)
    if volumeNode.GetParentTransformNode() is not None:
        worldToLocal = vtk.vtkMatrix4x4()
        if volumeNode.GetParentTransformNode().GetMatrixTransformFromWorld(worldToLocal):
            toIJK = toIJK @ slicer.util.arrayFromVTKMatrix(worldToLocal)
    return toIJK
