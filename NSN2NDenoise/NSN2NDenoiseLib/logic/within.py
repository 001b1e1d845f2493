"""Where in a volume to denoise: the voxels inside a Markups ROI, a segment, or both."""

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from NSN2NDenoiseLib.engine.volume.part import Box, everywhere

from . import volumes


def wantedVoxels(inputVolume, roi=None, segmentation=None, segment: str | None = None) -> np.ndarray | None:
    """The voxels of a volume whose centers lie in a ROI and in a segment, as they lie in the world.

    Args:
        inputVolume: volume node with voxels.
        roi: Markups ROI node (box), or None.
        segmentation: segmentation node, or None.
        segment: ID or name of its segment; None: any of its segments.

    Returns:
        boolean (K, J, I); None where neither is given: all of it.

    Raises:
        ValueError: nodes of other kinds, a ROI that was not placed, no such segment, a transform that is not linear, or
            nothing of the volume lies inside.
    """
    wanted = wantedInBox(inputVolume, everywhere(volumes.arrayOf(inputVolume).shape), roi, segmentation, segment)
    if wanted is not None and not wanted.any():
        names = _(" and ").join(f"'{node.GetName()}'" for node in (roi, segmentation) if node is not None)
        raise ValueError(
            _("No voxel of '{volume}' lies inside {where}, so nothing would be denoised.").format(
                volume=inputVolume.GetName(), where=names
            )
        )
    return wanted


def wantedInBox(inputVolume, box: Box, roi=None, segmentation=None, segment: str | None = None) -> np.ndarray | None:
    """`wantedVoxels` of a box of the volume, (K, J, I), boolean as large as the box; it may lie outside of all."""
    if roi is None and segmentation is None:
        return None
    wanted = np.ones([side.stop - side.start for side in box], bool)
    if roi is not None:
        wanted &= _insideROI(inputVolume, roi, box)
    if segmentation is not None:
        wanted &= _insideSegment(inputVolume, segmentation, segment, box)
    return wanted


def segmentsOf(segmentation) -> list[tuple[str, str]]:
    """(ID, name) of the segments of a segmentation."""
    content = segmentation.GetSegmentation()
    ids = [content.GetNthSegmentID(n) for n in range(content.GetNumberOfSegments())]
    return [(segmentID, content.GetSegment(segmentID).GetName()) for segmentID in ids]


def _insideROI(inputVolume, roi, box: Box) -> np.ndarray:
    _checkKind(roi, "vtkMRMLMarkupsROINode", _("ROI"))
    half = np.array(roi.GetSize()) / 2
    if roi.GetNumberOfControlPoints() < 1 or not (half > 0).all():
        raise ValueError(_("The ROI '{name}' has no size. Place it in the slice views.").format(name=roi.GetName()))
    toWorld = _toWorld(inputVolume) @ volumes.ijkToRAS(inputVolume)
    roiToWorld = _toWorld(roi) @ slicer.util.arrayFromVTKMatrix(roi.GetObjectToNodeMatrix())
    toROI = np.linalg.inv(roiToWorld) @ toWorld
    corners = np.array(np.meshgrid(*([-h, h] for h in half))).reshape(3, -1)
    ijk = (np.linalg.inv(toROI) @ np.vstack([corners, np.ones(8)]))[:3]
    begin, end = (np.array(ends[::-1]) for ends in zip(*((side.start, side.stop) for side in box), strict=True))
    first = np.clip(np.floor(ijk.min(axis=1)), begin, end).astype(int)
    last = np.clip(np.ceil(ijk.max(axis=1)) + 1, first, end).astype(int)
    inside = np.zeros((end - begin)[::-1], bool)
    near = inside[tuple(slice(a, b) for a, b in zip((first - begin)[::-1], (last - begin)[::-1], strict=True))]
    i, j = (np.arange(first[n], last[n]) for n in (0, 1))
    for index, k in enumerate(range(first[2], last[2])):
        there = [row[0] * i[None, :] + row[1] * j[:, None] + row[2] * k + row[3] for row in toROI[:3]]
        near[index] = np.all([np.abs(place) <= side + 1e-6 for place, side in zip(there, half, strict=True)], axis=0)
    return inside


def _insideSegment(inputVolume, segmentation, segment: str | None, box: Box) -> np.ndarray:
    _checkKind(segmentation, "vtkMRMLSegmentationNode", _("segmentation"))
    segments = segmentsOf(segmentation)
    ids = [segmentID for segmentID, name in segments if segment in (None, "", segmentID, name)]
    if not ids:
        raise ValueError(
            _("The segmentation '{name}' has no segment '{segment}'; it has: {all}.").format(
                name=segmentation.GetName(), segment=segment or "", all=", ".join(n for _id, n in segments) or _("none")
            )
        )
    toSegmentation = np.linalg.inv(_toWorld(segmentation)) @ _toWorld(inputVolume) @ volumes.ijkToRAS(inputVolume)
    grid = slicer.vtkOrientedImageData()
    grid.SetExtent([end for side in reversed(box) for end in (side.start, side.stop - 1)])
    grid.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(toSegmentation))
    kind = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    if not segmentation.GetSegmentation().ContainsRepresentation(kind):  # surfaces; the user's node stays as it is
        surfaces, segmentation = segmentation, slicer.vtkMRMLSegmentationNode()
        segmentation.GetSegmentation().DeepCopy(surfaces.GetSegmentation())
        segmentation.CreateBinaryLabelmapRepresentation()
    inside = np.zeros([side.stop - side.start for side in box], bool)
    for segmentID in ids:
        own, labels = slicer.vtkOrientedImageData(), slicer.vtkOrientedImageData()
        segmentation.GetBinaryLabelmapRepresentation(segmentID, own)
        resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
        if not own.IsEmpty() and resample(own, grid, labels):
            inside |= volumes.arrayOfImage(labels) != 0
    return inside


def _toWorld(node) -> np.ndarray:
    """The transform of a node's coordinates (RAS) to the world's, (4, 4)."""
    matrix = vtk.vtkMatrix4x4()
    parent = node.GetParentTransformNode()
    if parent is not None and not parent.GetMatrixTransformToWorld(matrix):
        raise ValueError(
            _("The transform of '{name}' is not linear. Harden it first (Transforms module).").format(
                name=node.GetName()
            )
        )
    return slicer.util.arrayFromVTKMatrix(matrix)


def _checkKind(node, className: str, what: str) -> None:
    if not isinstance(node, slicer.vtkMRMLNode) or not node.IsA(className):
        raise ValueError(_("The {what} must be a {kind}.").format(what=what, kind=className))
    if node.GetScene() is not slicer.mrmlScene:
        raise ValueError(_("The {what} '{name}' is not in the scene.").format(what=what, name=node.GetName()))
