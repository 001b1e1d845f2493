"""Only within: a ROI and a segment limit a run, wherever they lie and whatever transforms them."""

import json

import numpy as np
import pytest

from Testing.Module.support import sceneContent, voxels


@pytest.fixture
def segmentation(host, volume):
    """A segmentation of the volume with a box-shaped segment and an empty one."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.GetSegmentation().AddEmptySegment("box", "Box")
    node.GetSegmentation().AddEmptySegment("nothing", "Nothing")
    slicer.util.updateSegmentBinaryLabelmapFromArray(boxed(volume).astype(np.uint8), node, "box", volume)
    return node


def boxed(volume) -> np.ndarray:
    """Where the segment is."""
    wanted = np.zeros(voxels(volume).shape, bool)
    wanted[3:9, 10:35, 15:40] = True
    return wanted


def roiAround(volume, first, last):
    """A ROI in the volume's axes that holds the voxels from `first` to `last` (k, j, i), and no others."""
    import slicer
    import vtk

    toRAS = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(toRAS)
    center = (np.array(first) + last)[::-1] / 2
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Region")
    toNode = vtk.vtkMatrix4x4()
    for row in range(3):
        for column in range(3):
            toNode.SetElement(row, column, toRAS.GetElement(row, column) / volume.GetSpacing()[column])
        toNode.SetElement(row, 3, toRAS.MultiplyPoint((*center, 1))[row])
    node.SetSize(*((np.subtract(last, first)[::-1] + 0.5) * volume.GetSpacing()))
    node.SetAndObserveObjectToNodeMatrix(toNode)
    return node


def turned(nodes, scale=1.0):
    """Put nodes under a transform that turns, moves and scales."""
    import slicer
    import vtk

    transform = vtk.vtkTransform()
    transform.RotateWXYZ(25, 1, 2, 3)
    transform.Translate(5, -8, 12)
    transform.Scale(scale, 1, 1 / scale)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(transform.GetMatrix())
    for one in nodes:
        one.SetAndObserveTransformNodeID(node.GetID())


def applied(host, logic, ui):
    """The result of a run of the panel with preset fast."""
    node = logic.getParameterNode()
    node.preset, node.learn, node.refine = "fast", "off", False
    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    assert "Done" in ui.statusLabel.text
    return logic.getParameterNode().resultVolume


def test_a_roi_limits_a_run_of_the_panel(host, module, logic, ui, volume, known):
    from NSN2NDenoiseLib.engine.stages.within import seam

    module.panel.matching._inspectTimer.stop()
    roi = roiAround(volume, (2, 10, 15), (8, 35, 40))
    before, wanted = voxels(volume), np.zeros(voxels(volume).shape, bool)
    wanted[2:9, 10:36, 15:41] = True
    ui.roiSelector.setCurrentNode(roi)
    result = applied(host, logic, ui)
    assert np.array_equal(voxels(result)[~wanted], before[~wanted])
    said = ui.resultLabel.text
    whole = logic.process(volume, preset="fast")
    inside = seam(wanted) == 1
    assert np.array_equal(voxels(result)[inside], voxels(whole)[inside])
    assert (voxels(result) != before)[inside].mean() > 0.5
    assert "only where it was wanted" in result.GetDescription()
    assert f"Limited to {100 * wanted.mean():.2g} % of the volume" in said
    assert json.loads(result.GetAttribute("NSN2N.Parameters"))["roi"] == "Region"
    assert json.loads(result.GetAttribute("NSN2N.Report"))["within"]["voxels"] == wanted.sum()


def test_a_segment_limits_a_run_of_the_panel(host, module, logic, ui, volume, segmentation):
    module.panel.matching._inspectTimer.stop()
    before, wanted = voxels(volume), boxed(volume)
    assert not ui.segmentComboBox.enabled
    ui.segmentationSelector.setCurrentNode(segmentation)
    names = [ui.segmentComboBox.itemText(n) for n in range(ui.segmentComboBox.count)]
    assert names == ["any segment", "Box", "Nothing"] and ui.segmentComboBox.enabled
    ui.segmentComboBox.currentIndex = 1
    ui.segmentComboBox.activated.emit(1)
    assert logic.getParameterNode().segment == "box"
    result = applied(host, logic, ui)
    assert np.array_equal(voxels(result)[~wanted], before[~wanted])
    assert (voxels(result) != before)[wanted].mean() > 0.5
    assert json.loads(result.GetAttribute("NSN2N.Parameters"))["segment"] == "box"
    assert "Limited to" in ui.resultLabel.text and "elsewhere it is as it was" in ui.resultLabel.text
    ui.strengthSlider.value = 50
    host.waitUntil(lambda: "strength 50 %" in result.GetDescription())
    assert np.array_equal(voxels(result)[~wanted], before[~wanted])


def test_the_segments_that_are_offered_follow_the_segmentation(host, module, ui, segmentation):
    ui.segmentationSelector.setCurrentNode(segmentation)
    segmentation.GetSegmentation().GetSegment("box").SetName("Liver")
    segmentation.GetSegmentation().RemoveSegment("nothing")
    assert [ui.segmentComboBox.itemText(n) for n in range(ui.segmentComboBox.count)] == ["any segment", "Liver"]
    ui.segmentationSelector.setCurrentNode(None)
    assert ui.segmentComboBox.count == 1 and not ui.segmentComboBox.enabled


def test_a_segment_that_is_gone_is_not_asked_for(host, module, logic, ui, volume, segmentation):
    """What the list shows is what a run takes: neither a removed segment nor one of another segmentation."""
    import slicer

    node, other = logic.getParameterNode(), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Other")
    other.GetSegmentation().AddEmptySegment("lung", "Lung")
    for lose in (
        lambda: ui.segmentationSelector.setCurrentNode(other),
        lambda: segmentation.GetSegmentation().RemoveSegment("box"),
    ):
        ui.segmentationSelector.setCurrentNode(segmentation)
        ui.segmentComboBox.currentIndex = 1
        ui.segmentComboBox.activated.emit(1)
        assert node.segment == "box"
        lose()
        assert ui.segmentComboBox.currentText == "any segment" and node.segment == ""


def test_a_roi_beside_the_volume_is_told(host, module, logic, ui, volume):
    roi = roiAround(volume, (2, 10, 15), (8, 35, 40))
    roi.SetCenter(5000, 0, 0)
    content = sceneContent()
    ui.roiSelector.setCurrentNode(roi)
    with host.expectDialog("No voxel of 'chest' lies inside 'Region'"):
        ui.applyButton.click()
    assert not logic.isRunning() and sceneContent().keys() == content.keys()


@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("which", ["none", "volume and region", "volume", "region"])
def test_voxels_lie_where_the_world_has_them(host, module, logic, volume, segmentation, which, scale):
    """Brute force: each voxel's center, in the world, against the ROI's and the segment's sides, there."""
    import slicer
    import vtk
    from NSN2NDenoiseLib.logic.within import wantedVoxels

    roi = roiAround(volume, (2, 10, 15), (8, 35, 40))
    turned([node for node in (volume,) if "volume" in which], scale)
    turned([node for node in (roi, segmentation) if "region" in which], scale)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    toWorld, toRAS = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(toRAS)
    if volume.GetParentTransformNode() is not None:
        volume.GetParentTransformNode().GetMatrixTransformToWorld(toWorld)
    vtk.vtkMatrix4x4.Multiply4x4(toWorld, toRAS, toWorld)
    back = vtk.vtkMatrix4x4()
    if roi.GetParentTransformNode() is not None:
        roi.GetParentTransformNode().GetMatrixTransformFromWorld(back)
    k, j, i = np.indices(voxels(volume).shape).reshape(3, -1)
    world = slicer.util.arrayFromVTKMatrix(toWorld) @ np.stack([i, j, k, np.ones(i.size)])
    local = np.linalg.inv(slicer.util.arrayFromVTKMatrix(roi.GetObjectToNodeMatrix())) @ (
        slicer.util.arrayFromVTKMatrix(back) @ world
    )
    expected = (np.abs(local[:3]) <= np.array(roi.GetSize())[:, None] / 2).all(axis=0)
    try:
        found = wantedVoxels(volume, roi)
    except ValueError:
        found = np.zeros(voxels(volume).shape, bool)
    assert np.array_equal(found.ravel(), expected)
    if which in ("none", "volume and region"):
        assert found.sum() == 7 * 26 * 26
        assert np.array_equal(wantedVoxels(volume, None, segmentation, "Box"), boxed(volume))
        both = wantedVoxels(volume, roi, segmentation)
        assert np.array_equal(both, found & boxed(volume))
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_what_can_not_be_used_is_refused(host, module, logic, volume, segmentation):
    import slicer

    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Unplaced")
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    for arguments, message in (
        ({"roi": roi}, "'Unplaced' has no size"),
        ({"roi": volume}, "must be a vtkMRMLMarkupsROINode"),
        ({"segmentation": segmentation, "segment": "Liver"}, "has no segment 'Liver'; it has: Box, Nothing"),
        ({"segmentation": segmentation, "segment": "Nothing"}, "No voxel of 'chest' lies inside 'Organs'"),
        ({"segmentation": roi}, "must be a vtkMRMLSegmentationNode"),
        ({"segment": "Box"}, "The segment 'Box' is given without its segmentation"),
        ({"strength": None, "segment": "Box"}, "without its segmentation"),
    ):
        with pytest.raises(ValueError, match=message):
            logic.process(volume, preset="fast", **arguments)
    slicer.mrmlScene.RemoveNode(bent)
    assert not logic.isRunning()


def test_a_segment_of_surfaces(host, module, volume, segmentation):
    """It is filled without a trace in the user's node; marching cubes round its edges off."""
    from NSN2NDenoiseLib.logic.within import wantedVoxels

    content = segmentation.GetSegmentation()
    content.RemoveSegment("nothing")
    assert segmentation.CreateClosedSurfaceRepresentation()
    content.SetSourceRepresentationName("Closed surface")
    content.RemoveRepresentation("Binary labelmap")
    found, expected = wantedVoxels(volume, None, segmentation, "Box"), boxed(volume)
    assert not (found & ~expected).any() and found.sum() > 0.9 * expected.sum()
    assert not content.ContainsRepresentation("Binary labelmap")


def test_a_region_that_is_removed_limits_no_run(host, ui, logic, volume, quickChild, segmentation):
    """Its selector falls on another node, which is of another task."""
    import slicer

    other = roiAround(volume, (2, 8, 10), (5, 30, 32))
    mine = roiAround(volume, (0, 0, 0), (11, 47, 47))
    mySegmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    node = logic.getParameterNode()
    for selector, chosen in ((ui.roiSelector, mine), (ui.segmentationSelector, mySegmentation)):
        selector.setCurrentNode(chosen)
        slicer.mrmlScene.RemoveNode(chosen)
        assert selector.currentNode() is None
    assert node.roi is None and node.segmentation is None and other.GetScene() is not None
    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    parameters = json.loads(node.resultVolume.GetAttribute("NSN2N.Parameters"))
    assert not {"roi", "segmentation", "segment"} & set(parameters)
