"""The output node: everything that a user expects of it, and that nothing is stolen from the input."""

import json

import numpy as np
import pytest
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from Testing.Module.support import SHORT, sceneContent, voxels


@pytest.fixture
def process(logic, known):
    """logic.process with the short training."""
    return lambda *args, **kwargs: logic.process(*args, settings=SHORT, **kwargs)


def hierarchy():
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def dress(volume):
    """Give the volume all that a result must take over, and what it must not."""
    import slicer

    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(351, 42)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registered")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 12.5)
    transform.SetMatrixTransformToParent(matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    volume.SetIJKToRASDirections(0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1)
    for part, code in (("Quantity", "112031"), ("Units", "[hnsf'U]")):
        entry = slicer.vtkCodedEntry()
        entry.SetValueSchemeMeaning(code, "DCM" if part == "Quantity" else "UCUM", "Hounsfield unit")
        getattr(volume, f"SetVoxelValue{part}")(entry)
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    tree = hierarchy()
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "patient")
    study = tree.CreateStudyItem(patient, "study")
    item = tree.GetItemByDataNode(volume)
    tree.SetItemParent(item, study)
    tree.SetItemAttribute(item, "DICOM.Modality", "MR")
    tree.SetItemAttribute(item, "DICOM.SeriesNumber", "4")
    return transform, study


def exported(node) -> tuple:
    """What the dialog *Export to DICOM* offers for a volume's series: its item's own, before an exporter's defaults."""
    item = hierarchy().GetItemByDataNode(node)
    return tuple(
        hierarchy().GetItemAttribute(item, f"DICOM.{n}") for n in ("SeriesDescription", "Modality", "SeriesNumber")
    )


def test_new_and_chosen_output_are_dressed_like_the_input(host, volume, process):
    import slicer

    transform, study = dress(volume)
    before = voxels(volume)
    first = process(volume, threshold=0.02, seed=3, noiseVolume=True)
    noise = first.GetNodeReference("NSN2N.RemovedNoise")
    chosen = slicer.util.addVolumeFromArray(np.zeros((3, 4, 5), np.float32), name="mine")
    chosen.SetAttribute("DICOM.instanceUIDs", "9.9")
    count = len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
    assert process(volume, chosen, threshold=0.02, seed=3) is chosen
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == count
    assert (first.GetName(), chosen.GetName()) == ("chest denoised", "mine")

    for node in (first, noise, chosen):
        ours, theirs = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(ours)
        volume.GetIJKToRASMatrix(theirs)
        assert str(ours).split("\n")[5:] == str(theirs).split("\n")[5:]
        assert node.GetTransformNodeID() == transform.GetID()
        assert node.GetVoxelValueUnits().GetCodeValue() == "[hnsf'U]"
        assert node.GetVoxelValueQuantity().GetCodeValue() == "112031"
        assert node.GetAttribute("DICOM.instanceUIDs") is None
        assert hierarchy().GetItemParent(hierarchy().GetItemByDataNode(node)) == study
        assert exported(node) == (f"chest NSN2N {'removed noise' if node is noise else 'denoised'}", "MR", "1004")
        assert node.GetStorageNode() is None
        assert node.GetDisplayNode() is not volume.GetDisplayNode()
        assert not node.GetDisplayNode().GetAutoWindowLevel()
    for node in (first, chosen):
        display = node.GetDisplayNode()
        assert (display.GetWindow(), display.GetLevel()) == (351, 42)
        assert display.GetColorNodeID() == "vtkMRMLColorTableNodeInvertedGrey"
        assert node.GetImageData().GetScalarType() == volume.GetImageData().GetScalarType() == vtk.VTK_SHORT
        parameters = json.loads(node.GetAttribute("NSN2N.Parameters"))
        assert (parameters["threshold"], parameters["seed"], parameters["inputVolume"]) == (0.02, 3, "chest")
        assert json.loads(node.GetAttribute("NSN2N.Report"))["threshold"] == 0.02
        assert "chest" in node.GetDescription() and "Noise2Noise" in node.GetDescription()
        assert node.GetNodeReference("NSN2N.Input") is volume
    assert noise.GetDisplayNode().GetLevel() == 0
    assert volume.GetAttribute("DICOM.instanceUIDs") == "1.2.3 1.2.4"
    assert np.array_equal(voxels(volume), before)
    assert np.array_equal(voxels(first), voxels(chosen))
    assert np.array_equal(voxels(first).astype(int) + voxels(noise), before)
    assert not np.array_equal(voxels(first), before)


@pytest.mark.parametrize("scalarType", [vtk.VTK_UNSIGNED_CHAR, vtk.VTK_LONG, vtk.VTK_FLOAT, vtk.VTK_DOUBLE])
def test_pixel_types(host, logic, scalarType):
    """What comes back has the input's type, also those that updateVolumeFromArray refuses."""
    from NSN2NDenoiseLib.logic import results, volumes

    before = (np.arange(5 * 6 * 7).reshape(5, 6, 7) % 200).astype(np.uint8)
    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "typed")  # not shown: VTK crashes drawing long
    volume.SetAndObserveImageData(volumes.imageOf(before, scalarType))
    before = voxels(volume)
    after = (before // 2).astype(before.dtype) if scalarType != vtk.VTK_FLOAT else before * np.float32(0.5)
    images = volumes.imageOf(after, scalarType), volumes.atOnce(volumes.removing(before, after))
    output = results.writeResults(volume, None, True, *images, {}, {})
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    assert output.GetImageData().GetScalarType() == scalarType
    assert np.array_equal(voxels(output), after)
    assert np.array_equal(voxels(noise), before.astype(float) - after)
    assert (voxels(noise).dtype.kind == "f") == (before.dtype.kind == "f")


WIDE = [
    (np.int16, [-32768, 32767], [32767, -32768], vtk.VTK_INT),
    (np.uint32, [0, 4294967295], [4294967295, 0], vtk.VTK_DOUBLE),
    (np.uint64, [5, 2**40], [7, 2], vtk.VTK_DOUBLE),
    (np.uint64, [5, 100], [7, 2], vtk.VTK_SHORT),
    (np.int64, [-(2**50), 1], [1, 1], vtk.VTK_DOUBLE),
    (np.uint8, [0, 255], [255, 0], vtk.VTK_SHORT),
]


@pytest.mark.parametrize(("dtype", "before", "after", "scalarType"), WIDE)
def test_removed_noise_of_any_range_is_exact(host, dtype, before, after, scalarType):
    from NSN2NDenoiseLib.logic import volumes

    arrays = (np.array([[values]], dtype) for values in (before, after))
    image = volumes.atOnce(volumes.removing(*arrays))
    assert image.GetScalarType() == scalarType
    found = vtk_to_numpy(image.GetPointData().GetScalars())
    assert found.tolist() == [one - other for one, other in zip(before, after, strict=True)]


def test_failure_while_writing_leaves_the_scene(host, volume, logic, monkeypatch, known):
    from NSN2NDenoiseLib import engine
    from NSN2NDenoiseLib.logic import results

    before = sceneContent()

    def fail(*arguments):
        raise MemoryError("no room")

    monkeypatch.setattr(results, "fillNoise", fail)
    with pytest.raises(engine.RunError, match="no room"):
        logic.process(volume, noiseVolume=True, settings=SHORT)
    assert sceneContent() == before


def test_compare(host, ui, volume, short, known):
    """Fade between input and result, and the removed noise that is made when it is asked for."""
    import slicer

    assert not ui.resultCollapsibleButton.visible
    ui.applyButton.click()
    host.waitUntil(lambda: ui.resultCollapsibleButton.visible)
    output = slicer.util.getNode("chest denoised")
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    pictures = {}
    for value in (0, 0.25, 1):
        ui.compareSlider.value = value
        assert {c.GetBackgroundVolumeID() for c in composites} == {volume.GetID()}
        assert {c.GetForegroundVolumeID() for c in composites} == {output.GetID()}
        assert {c.GetForegroundOpacity() for c in composites} == {value}
        pictures[value] = host.slicePixels("Red").astype(int)
    ui.noiseViewButton.click()
    host.waitUntil(lambda: output.GetNodeReference("NSN2N.RemovedNoise") is not None)  # it is made in turns
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    assert {c.GetForegroundVolumeID() for c in composites} == {noise.GetID()}
    assert np.array_equal(voxels(noise), voxels(volume).astype(int) - voxels(output))
    assert np.abs(pictures[0] - pictures[1]).max() > 0
    assert np.abs(pictures[1] - host.slicePixels("Red").astype(int)).mean() > 5
    ui.noiseViewButton.click()
    assert {c.GetForegroundVolumeID() for c in composites} == {output.GetID()}
