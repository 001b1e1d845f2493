"""What belongs to the user stays: no other volume is overwritten, and an overwritten one comes back on failure."""

import json
import re

import numpy as np
import pytest
import vtk

from Testing.Module.support import sceneContent, voxels


@pytest.fixture
def innocent(host, volume):
    """A volume that has nothing to do with NSN2N, in the list right before the one that gets removed."""
    import slicer

    return slicer.util.addVolumeFromArray(voxels(volume) + 1, name="innocent")


def finish(host, logic):
    host.waitUntil(lambda: not logic.isRunning())


@pytest.mark.parametrize("role", ["output", "noise"])
def test_removed_output_means_create_new_volume(host, logic, ui, quickChild, innocent, role):
    before = voxels(innocent)
    selector = getattr(ui, f"{role}Selector")
    chosen = selector.addNode("vtkMRMLScalarVolumeNode")
    node = logic.getParameterNode()
    assert getattr(node, f"{role}Volume") is chosen
    host.scene.RemoveNode(chosen)
    assert getattr(node, f"{role}Volume") is None
    assert selector.currentNode() is None
    ui.applyButton.click()
    finish(host, logic)
    assert np.array_equal(voxels(innocent), before)
    assert node.resultVolume.GetName() == "chest denoised"


def test_output_removed_while_another_module_is_shown(host, logic, ui, innocent):
    import slicer

    chosen = ui.outputSelector.addNode("vtkMRMLScalarVolumeNode")
    host.leaveModule()
    host.scene.RemoveNode(chosen)
    slicer.util.selectModule("NSN2NDenoise")
    host.processEvents()
    assert logic.getParameterNode().outputVolume is None and ui.outputSelector.currentNode() is None
    assert ui.applyButton.enabled


def test_overwriting_another_volume_is_asked_once_by_name(host, logic, ui, quickChild, innocent):
    before = voxels(innocent)
    ui.outputSelector.setCurrentNode(innocent)
    with host.expectDialog("overwrites 'innocent', which NSN2N did not make", answer="cancel"):
        ui.applyButton.click()
    assert not logic.isRunning() and quickChild.started == []
    with host.expectDialog("overwrites 'innocent'"):
        ui.applyButton.click()
    finish(host, logic)
    assert np.array_equal(voxels(innocent), voxels(logic.getParameterNode().inputVolume) // 2)
    assert not np.array_equal(voxels(innocent), before)
    ui.applyButton.click()  # now it is a result: overwriting it is no loss, and no question is asked
    finish(host, logic)


def test_one_question_names_both_volumes(host, logic, ui, quickChild, innocent, volume):
    import slicer

    second = slicer.util.addVolumeFromArray(voxels(volume), name="second")
    ui.outputSelector.setCurrentNode(innocent)
    ui.noiseSelector.setCurrentNode(second)
    with host.expectDialog("'innocent' and 'second'", answer="cancel"):
        ui.applyButton.click()


@pytest.mark.parametrize("role", ["output", "noise"])
def test_a_result_that_was_edited_is_asked_about(host, logic, ui, quickChild, volume, role):
    """Its voxels are the user's now, whatever its attributes say, and so are those of its removed noise."""
    import slicer

    result = logic.process(volume, noiseVolume=True)
    ui.outputSelector.setCurrentNode(result)
    ui.applyButton.click()  # as NSN2N made them: no question
    finish(host, logic)
    edited = result if role == "output" else result.GetNodeReference("NSN2N.RemovedNoise")
    mine = np.full(voxels(volume).shape, 7, np.int16)
    slicer.util.updateVolumeFromArray(edited, mine)
    with host.expectDialog(f"overwrites '{edited.GetName()}'.*may have changed since", answer="cancel"):
        ui.applyButton.click()
    assert np.array_equal(voxels(edited), mine)
    with host.expectDialog(f"overwrites '{edited.GetName()}'"):
        ui.applyButton.click()
    finish(host, logic)
    assert not np.array_equal(voxels(edited), mine)


def test_a_result_of_any_strength_is_still_ours(host, logic, ui, quickChild, volume):
    from NSN2NDenoiseLib.logic import results

    result = logic.process(volume)
    result.SetAttribute(results.REPORT, json.dumps({"seed": 0, "stages": ["first"]}))
    ui.outputSelector.setCurrentNode(result)
    logic.setStrength(result, 0.3)
    ui.applyButton.click()  # no question
    finish(host, logic)


@pytest.mark.parametrize("role", ["output", "noise"])
def test_what_another_result_is_mixed_from_is_not_written_into(host, logic, ui, quickChild, volume, role):
    from NSN2NDenoiseLib.logic import results

    result = logic.process(volume)
    result.SetAttribute(results.REPORT, json.dumps({"seed": 0, "stages": ["first"]}))
    logic.setStrength(result, 0.5)
    full = result.GetNodeReference("NSN2N.FullStrength")
    getattr(ui, f"{role}Selector").setCurrentNode(full)
    words = "'chest denoised .full strength.' is what 'chest denoised' is mixed from"
    assert not ui.applyButton.enabled and re.search(words, ui.applyButton.toolTip)
    with pytest.raises(ValueError, match=words):
        logic.process(volume, **{f"{role}Volume": full})
    logic.setStrength(result, 1)
    assert full.GetScene() is None


@pytest.mark.parametrize("role", ["output", "noise"])
def test_removed_noise_that_another_run_has_overwritten_is_nobodys(host, logic, ui, quickChild, volume, role):
    first = logic.process(volume, noiseVolume=True)
    noise = first.GetNodeReference("NSN2N.RemovedNoise")
    getattr(ui, f"{role}Selector").setCurrentNode(noise)
    quickChild.hold()
    ui.applyButton.click()
    logic.cancel()
    assert first.GetNodeReference("NSN2N.RemovedNoise") is noise
    quickChild.release()
    ui.applyButton.click()
    finish(host, logic)
    assert first.GetNodeReference("NSN2N.RemovedNoise") is None
    second = logic.getParameterNode().resultVolume
    assert second.GetNodeReference("NSN2N.RemovedNoise") is (noise if role == "noise" else None)


def test_a_result_that_holds_removed_noise_now_is_no_result(logic, quickChild, volume):
    first = logic.process(volume, noiseVolume=True)
    second = logic.process(volume, noiseVolume=first)
    assert second.GetNodeReference("NSN2N.RemovedNoise") is first
    for name in ("NSN2N.Report", "NSN2N.Parameters", "NSN2N.RemovedNoise"):
        assert first.GetAttribute(name) is None and first.GetNodeReference(name) is None
    with pytest.raises(ValueError, match="is no result of NSN2N"):
        logic.setStrength(first, 0.5)


@pytest.mark.parametrize("isEdited", [False, True])
def test_a_loaded_result_is_known_by_its_hash(host, logic, ui, quickChild, volume, tmp_path, isEdited):
    import slicer
    from NSN2NDenoiseLib.engine.judge.identity import voxel_hash
    from NSN2NDenoiseLib.logic import results, written

    result = logic.process(volume)
    result.SetAttribute(results.REPORT, json.dumps({"resultSHA256": voxel_hash(voxels(result))}))
    if isEdited:
        slicer.util.arrayFromVolume(result)[0] += 1
    for node in (volume, result):
        assert slicer.util.saveNode(node, str(tmp_path / f"{node.GetName()}.nrrd"))
    assert results.isOurs(result)
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    host.closeScene()
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    loaded = slicer.util.getNode("chest denoised")
    assert not written.isUntouched(loaded)
    assert results.isOurs(loaded) != isEdited


@pytest.mark.parametrize("role", ["output", "noise"])
def test_a_volume_that_is_filled_during_the_run_stays(host, module, logic, ui, quickChild, volume, role):
    """It was empty at Apply; then another module has written into it."""
    import slicer

    module.panel.matching._inspectTimer.stop()
    chosen = getattr(ui, f"{role}Selector").addNode("vtkMRMLScalarVolumeNode")
    quickChild.hold()
    ui.applyButton.click()
    host.waitUntil(lambda: logic.processId)
    mine = np.full((5, 6, 7), 9, np.int16)
    slicer.util.updateVolumeFromArray(chosen, mine)
    quickChild.release()
    finish(host, logic)
    result = logic.getParameterNode().resultVolume
    assert np.array_equal(voxels(chosen), mine) and chosen.GetAttribute("NSN2N.Version") is None
    assert result is not chosen and np.array_equal(voxels(result), voxels(volume) // 2)
    assert f"'{chosen.GetName()}' was changed during the run" in ui.warningLabel.text
    noise = result.GetNodeReference("NSN2N.RemovedNoise")
    assert noise is not chosen and (noise is None) == (role == "output")


def test_a_first_result_that_is_edited_stays(host, logic, quickChild, volume):
    import slicer
    from NSN2NDenoiseLib.logic import delivery, volumes

    before, report = voxels(volume), {}
    putting = delivery.Delivery(volume, None, True, {}, 1.0)
    scalarType = volume.GetImageData().GetScalarType()
    first = volumes.atOnce(putting.putting(before, before // 4, scalarType, {}))
    mine = np.full(before.shape, 7, np.int16)
    slicer.util.updateVolumeFromArray(first, mine)
    last = volumes.atOnce(putting.putting(before, before // 2, scalarType, report))
    assert last is not first and len(report["warnings"]) == 1
    assert last.GetNodeReference("NSN2N.RemovedNoise") is not first.GetNodeReference("NSN2N.RemovedNoise")
    putting.undo()
    assert last.GetScene() is None and first.GetScene() is not None and np.array_equal(voxels(first), mine)


def test_the_console_overwrites_what_it_names(host, logic, quickChild, innocent, volume):
    assert logic.process(volume, outputVolume=innocent) is innocent
    assert np.array_equal(voxels(innocent), voxels(volume) // 2)


def everythingOf(node) -> dict:
    """All that a result changes in a volume."""
    import slicer
    from NSN2NDenoiseLib.logic import volumes

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    display = node.GetDisplayNode()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    units = node.GetVoxelValueUnits()
    return {
        "image": node.GetImageData(),
        "voxels": voxels(node).tolist(),
        "matrix": [matrix.GetElement(i, j) for i in range(3) for j in range(4)],
        "transform": node.GetTransformNodeID(),
        "attributes": {name: node.GetAttribute(name) for name in node.GetAttributeNames()},
        "description": node.GetDescription(),
        "units": units and units.GetCodeValue(),
        "references": [
            (role, node.GetNodeReferenceID(role)) for role in ("NSN2N.Input", "NSN2N.RemovedNoise", "mine", "display")
        ],
        "window": display and (display.GetWindow(), display.GetLevel(), display.GetColorNodeID()),
        "study": hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)),
        "series": volumes.attributesOfItem(node),
        "name": node.GetName(),
    }


@pytest.mark.parametrize("withDisplay", [True, False])
@pytest.mark.parametrize("error", [MemoryError, KeyError])
def test_what_was_to_be_overwritten_comes_back(host, logic, quickChild, volume, monkeypatch, withDisplay, error):
    import slicer
    from NSN2NDenoiseLib import engine
    from NSN2NDenoiseLib.logic import results

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    nodes = []
    for n, name in enumerate(("mine", "mine, too")):
        node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        slicer.util.updateVolumeFromArray(node, np.full((3, 4, 5 + n), 7, np.float32))
        if withDisplay:
            node.CreateDefaultDisplayNodes()
            node.GetDisplayNode().SetAutoWindowLevel(False)
            node.GetDisplayNode().SetWindowLevel(11, 12)
        node.SetSpacing(1, 2, 3)
        node.SetDescription("scanned on a Monday")
        node.SetAttribute("DICOM.instanceUIDs", "1.2")
        node.SetNodeReferenceID("mine", volume.GetID())
        code = slicer.vtkCodedEntry()
        code.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
        node.SetVoxelValueUnits(code)
        tree.SetItemParent(tree.GetItemByDataNode(node), study)
        tree.SetItemAttribute(tree.GetItemByDataNode(node), "DICOM.SeriesDescription", "T1")
        nodes.append(node)
    before, scene = [everythingOf(node) for node in nodes], sceneContent()
    describe = results.fillNoise

    def fail(*arguments):
        describe(*arguments)
        raise error("on purpose")

    monkeypatch.setattr(results, "fillNoise", fail)
    with pytest.raises(engine.RunError, match="could not be put in the scene"):
        logic.process(volume, outputVolume=nodes[0], noiseVolume=nodes[1])
    assert [everythingOf(node) for node in nodes] == before
    assert sceneContent() == scene
    assert not logic.isRunning()


def test_removed_noise_of_64_bit_voxels(host, logic, quickChild):
    from NSN2NDenoiseLib.logic import volumes

    host.leaveModule()  # the result is not shown: VTK crashes drawing 64-bit integers
    array = (np.arange(4 * 20 * 20).reshape(4, 20, 20) * 3).astype(np.uint64)
    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "wide")
    node.SetAndObserveImageData(volumes.imageOf(array, vtk.VTK_UNSIGNED_LONG))
    output = logic.process(node, noiseVolume=True)
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    assert voxels(output).dtype == np.uint64
    assert np.array_equal(voxels(noise), (array - array // 2).astype(np.int64))


def test_an_error_in_a_message_ends_the_run(host, logic, quickChild, volume, monkeypatch):
    from NSN2NDenoiseLib import engine

    def fail(*arguments):
        raise KeyError("a bug in the panel")

    monkeypatch.setattr(logic, "onRunProgress", fail)
    with pytest.raises(engine.RunError, match="a bug in the panel"):
        logic.process(volume)
    assert not logic.isRunning()
