"""Strength: voxels to and fro, what follows them, the views while the slider moves, saved scenes."""

import json

import numpy as np
import pytest

from Testing.Module.support import SHORT, layers, sceneContent, voxels
from Testing.Module.test_first_result import ENDLESS, report
from Testing.Module.test_run import applyAndWait

FULL = "NSN2N.FullStrength"


def mixed(before, full, strength):
    """The definition: input + strength (full - input), rounded."""
    return np.rint(before + strength * (full.astype(float) - before)).astype(before.dtype)


@pytest.fixture
def result(host, logic, ui, volume, short, known):
    """A result of the panel with the short training, shown."""
    applyAndWait(host, logic, ui)
    return logic.getParameterNode().resultVolume


@pytest.fixture
def fast(logic, module, volume, known):
    """A result of the console, without a network."""
    module.panel.matching._inspectTimer.stop()
    return logic.process(volume, preset="fast")


def volumeNodes(host):
    return host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def test_slider_changes_the_result_to_and_fro(host, logic, ui, volume, result):
    before, full, content = voxels(volume), voxels(result), sceneContent()
    assert ui.strengthSlider.value == 100 and result.GetNodeReference(FULL) is None
    ui.noiseViewButton.click()
    host.waitUntil(lambda: result.GetNodeReference("NSN2N.RemovedNoise") is not None)
    noise = result.GetNodeReference("NSN2N.RemovedNoise")
    for percent in (30, 85, 0, 50):
        ui.strengthSlider.value = percent
        host.waitUntil(lambda percent=percent: report(result)["strength"] == percent / 100)
        assert np.array_equal(voxels(result), mixed(before, full, percent / 100))
        assert np.array_equal(voxels(noise), before.astype(int) - voxels(result))
        assert f"strength {percent} %" in result.GetDescription()
        assert "input mixed back in" in result.GetDescription() and "at full strength" in ui.resultLabel.text
        assert json.loads(result.GetAttribute("NSN2N.Parameters"))["strength"] == percent / 100
        assert np.array_equal(voxels(result.GetNodeReference(FULL)), full)
        assert ui.strengthSlider.value == percent
    ui.noiseViewButton.click()
    ui.strengthSlider.value = 100
    host.waitUntil(lambda: report(result)["strength"] == 1)
    assert np.array_equal(voxels(result), full) and np.array_equal(voxels(volume), before)
    assert "mixed" not in result.GetDescription() and "strength 100 %" in result.GetDescription()
    host.scene.RemoveNode(noise.GetDisplayNode())
    host.scene.RemoveNode(noise)
    assert sceneContent() == content


def test_a_volume_that_was_left_as_it_was_is_called_so_at_any_strength(logic, fast):
    fast.SetAttribute("NSN2N.Report", json.dumps({**report(fast), "stages": [], "leftAsItWas": True}))
    logic.setStrength(fast, 0.5)
    assert report(fast)["strength"] == 0.5 and report(fast)["stages"] == []
    assert ": left as it was; " in fast.GetDescription()


def test_views_follow_the_slider_while_it_moves(host, logic, ui, volume, result):
    """MRML blends the full result over the input: the picture of the voxels that come when the slider is let go."""
    composites = host.slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    full = voxels(result)
    ui.compareSlider.value = 0.5
    for start, end in ((100, 40), (40, 70)):
        ui.strengthSlider.valueIsChanging.emit(end)
        held = result if start == 100 else result.GetNodeReference(FULL)
        assert {c.GetForegroundVolumeID() for c in composites} == {held.GetID()}
        assert {c.GetForegroundOpacity() for c in composites} == {end / 100 * 0.5}
        assert report(result)["strength"] == start / 100
        moving = host.slicePixels("Red").astype(int)
        ui.strengthSlider.value = end
        host.waitUntil(lambda end=end: report(result)["strength"] == end / 100)
        assert {c.GetForegroundVolumeID() for c in composites} == {result.GetID()}
        assert {c.GetForegroundOpacity() for c in composites} == {0.5}
        assert np.abs(moving - host.slicePixels("Red").astype(int)).mean() < 1
    assert np.array_equal(voxels(result), mixed(voxels(volume), full, 0.7))


@pytest.fixture
def slowResult(host, logic, ui, volume, quickChild, monkeypatch):
    """A result that is shown; whatever is made of it from now on takes many turns."""
    from NSN2NDenoiseLib.logic import turns

    applyAndWait(host, logic, ui)
    monkeypatch.setattr(turns, "TURN", 0)
    monkeypatch.setattr(turns, "PIECE", 16384)
    return logic.getParameterNode().resultVolume


def test_what_was_set_comes_after_the_module_is_left(host, logic, ui, volume, slowResult):
    full = voxels(slowResult)
    ui.strengthSlider.value = 40
    host.leaveModule()
    assert report(slowResult).get("strength", 1) == 1
    host.waitUntil(lambda: report(slowResult).get("strength") == 0.4)
    assert np.array_equal(voxels(slowResult), mixed(voxels(volume), full, 0.4))
    assert layers() == [(volume.GetID(), slowResult.GetID(), 1.0)] * 3
    host.slicer.util.selectModule("NSN2NDenoise")
    assert ui.strengthSlider.value == 40


def test_views_of_another_module_stay_when_the_strength_comes(host, logic, ui, volume, slowResult):
    ui.strengthSlider.value = 40
    host.leaveModule()
    host.slicer.util.setSliceViewerLayers(foreground=volume, foregroundOpacity=0.1)
    host.waitUntil(lambda: report(slowResult).get("strength") == 0.4)
    assert layers() == [(volume.GetID(), volume.GetID(), 0.1)] * 3


def test_removed_noise_comes_when_the_module_is_back(host, logic, ui, slowResult):
    ui.noiseViewButton.click()
    host.leaveModule()
    host.wait(0.1)
    assert slowResult.GetNodeReference("NSN2N.RemovedNoise") is None
    host.slicer.util.selectModule("NSN2NDenoise")
    assert ui.noiseViewButton.checked
    host.waitUntil(lambda: slowResult.GetNodeReference("NSN2N.RemovedNoise") is not None)
    assert layers()[0][1] == slowResult.GetNodeReferenceID("NSN2N.RemovedNoise")


@pytest.mark.parametrize("end", ["removed", "closed", "unloaded"])
def test_mixing_ends_with_its_result(host, logic, ui, volume, slowResult, monkeypatch, end):
    from NSN2NDenoiseLib.logic import turns

    ui.strengthSlider.value = 40
    host.leaveModule()
    assert report(slowResult).get("strength", 1) == 1
    if end == "removed":
        host.scene.RemoveNode(slowResult)
    elif end == "closed":
        host.closeScene()
    else:
        host.unloadModule("NSN2NDenoise")
    content = sceneContent()
    monkeypatch.setattr(turns, "TURN", 1)  # what goes on is soon done
    host.wait(0.1)
    assert sceneContent() == content


def test_saved_scene_can_still_go_back_to_full_strength(host, logic, ui, volume, fast, tmp_path):
    import slicer

    full = voxels(fast)
    logic.getParameterNode().resultVolume = fast
    logic.setStrength(fast, 0.4)
    assert ui.strengthSlider.value == 40
    part = voxels(fast)
    for node in (volume, fast, fast.GetNodeReference(FULL)):  # as the save dialog does
        assert slicer.util.saveNode(node, str(tmp_path / f"{node.GetName()}.nrrd"))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    host.closeScene()
    assert ui.strengthSlider.value == 100
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    host.processEvents()
    loaded = slicer.util.getNode("chest denoised")
    assert np.array_equal(voxels(loaded), part) and report(loaded)["strength"] == 0.4
    assert logic.getParameterNode().resultVolume is loaded and ui.strengthSlider.value == 40
    logic.setStrength(loaded, 1)
    assert np.array_equal(voxels(loaded), full)
    assert sorted(node.GetName() for node in volumeNodes(host)) == ["chest", "chest denoised"]


def test_a_mixture_that_was_edited_is_asked_about(host, logic, ui, volume, fast):
    """Its voxels are in no other volume."""
    logic.getParameterNode().resultVolume = fast
    logic.setStrength(fast, 0.4)
    edited = voxels(fast) + 1
    host.slicer.util.updateVolumeFromArray(fast, edited)
    with host.expectDialog("may have changed since NSN2N made it", answer="cancel"):
        ui.strengthSlider.value = 80
    assert ui.strengthSlider.value == 40 and np.array_equal(voxels(fast), edited)
    with host.expectDialog("may have changed since", answer="ok"):
        ui.strengthSlider.value = 80
    host.waitUntil(lambda: report(fast)["strength"] == 0.8)
    ui.strengthSlider.value = 100
    host.waitUntil(lambda: report(fast)["strength"] == 1)


def test_strength_of_a_run(host, logic, volume, fast):
    full = voxels(fast)
    output = logic.process(volume, preset="fast", strength=0.25, noiseVolume=True)
    assert np.array_equal(voxels(output), mixed(voxels(volume), full, 0.25))
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    assert np.array_equal(voxels(noise), voxels(volume).astype(int) - voxels(output))
    assert logic.setStrength(output, 1) is output and np.array_equal(voxels(output), full)


def test_the_next_run_takes_the_strength_and_drops_the_old_full_result(host, logic, ui, volume, result):
    full = voxels(result)
    logic.getParameterNode().outputVolume = result
    ui.strengthSlider.value = 60
    host.waitUntil(lambda: report(result)["strength"] == 0.6)
    old, count = result.GetNodeReferenceID(FULL), len(volumeNodes(host))
    applyAndWait(host, logic, ui)
    assert report(result)["strength"] == 0.6 and ui.strengthSlider.value == 60
    assert np.array_equal(voxels(result), mixed(voxels(volume), full, 0.6))  # one seed, one result
    assert len(volumeNodes(host)) == count and host.scene.GetNodeByID(old) is None


def test_cancel_puts_an_overwritten_mixture_back(host, logic, volume, fast):
    logic.setStrength(fast, 0.5)
    before, ended = sceneContent(), []
    logic.process(
        volume,
        fast,
        settings=ENDLESS,
        waitForCompletion=False,
        firstCallback=lambda node: logic.setStrength(node, 0.3),
        finishedCallback=ended.append,
    )
    host.waitUntil(lambda: report(fast)["strength"] == 0.3)
    assert report(fast)["ended"] == "first" and sceneContent() != before
    logic.cancel()
    assert ended[0].status == "cancelled" and sceneContent() == before
    logic.setStrength(fast, 1)
    assert [node.GetName() for node in volumeNodes(host)] == ["chest", "chest denoised"]


def test_strength_of_the_first_result_stays_with_the_last_one(host, logic, volume):
    output = logic.process(
        volume, settings={**SHORT, "first": True}, firstCallback=lambda node: logic.setStrength(node, 0.5)
    )
    assert report(output)["ended"] == "whole" and report(output)["strength"] == 0.5
    part = voxels(output)
    logic.setStrength(output, 1)
    assert np.array_equal(part, mixed(voxels(volume), voxels(output), 0.5))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_mixing_of_any_type(host, dtype):
    import vtk.util.numpy_support as vtkNumpy
    from NSN2NDenoiseLib.logic import strength, volumes

    random = np.random.default_rng(0)
    before, full = (random.integers(0, 255, (3, 200, 300)).astype(dtype) for _ in range(2))
    image = volumes.atOnce(strength.mixing(before, full, 0.7, vtkNumpy.get_vtk_array_type(dtype)))
    found, exact = volumes.arrayOfImage(image), before + 0.7 * (full.astype(float) - before)
    assert found.dtype == dtype
    assert np.array_equal(found, (exact if dtype in (np.float32, np.float64) else np.rint(exact)).astype(dtype))


def test_what_goes_with_a_result_and_what_can_not_be_mixed(host, logic, volume, fast):
    with pytest.raises(ValueError, match="strength"):
        logic.setStrength(fast, 1.5)
    with pytest.raises(ValueError, match="no result"):
        logic.setStrength(volume, 0.5)
    logic.setStrength(fast, 0.5)
    host.scene.RemoveNode(fast.GetNodeReference(FULL))
    with pytest.raises(ValueError, match="full strength"):
        logic.setStrength(fast, 0.6)
    again = logic.process(volume, preset="fast", strength=0.5)
    count = len(volumeNodes(host))
    host.scene.RemoveNode(again)
    assert len(volumeNodes(host)) == count - 2  # with what it was mixed from


def test_an_input_that_was_edited_since_is_mixed_with_nothing(host, logic, ui, volume, fast):
    """Nor is it what the result was subtracted from. Undone, it is the input again."""
    import slicer

    logic.getParameterNode().resultVolume = fast
    before, full = voxels(volume), voxels(fast)
    slicer.util.updateVolumeFromArray(volume, np.where(before > 0, before, -1000).astype(before.dtype))
    with pytest.raises(ValueError, match="'chest denoised' was changed since"):
        logic.setStrength(fast, 0.5)
    with host.expectDialog("input volume of 'chest denoised' was changed since"):
        ui.strengthSlider.value = 40
    assert ui.strengthSlider.value == 100 and np.array_equal(voxels(fast), full)
    with host.expectDialog("removed noise could not be computed: The input volume .* was changed since"):
        ui.noiseViewButton.click()
    assert not ui.noiseViewButton.checked and fast.GetNodeReference("NSN2N.RemovedNoise") is None
    slicer.util.updateVolumeFromArray(volume, before)
    logic.setStrength(fast, 0.5)
    assert np.array_equal(voxels(fast), mixed(before, full, 0.5))


@pytest.mark.parametrize("change", ["renamed", "edited"])
@pytest.mark.parametrize("how", ["output removed", "next run", "full strength"])
def test_a_full_result_that_is_the_users_now_stays(host, logic, volume, quickChild, change, how):
    """Renamed or edited, it is no mere source of mixtures any more."""
    import slicer

    output = logic.process(volume)
    output.SetAttribute("NSN2N.Report", json.dumps({"seed": 0, "stages": ["first"]}))
    logic.setStrength(output, 0.5)
    full = output.GetNodeReference(FULL)
    if change == "renamed":
        full.SetName("my final")
    else:
        slicer.util.updateVolumeFromArray(full, voxels(full) + 3)
    before = voxels(full)
    if how == "output removed":
        host.scene.RemoveNode(output)
    elif how == "next run":
        logic.process(volume, output)
    else:
        logic.setStrength(output, 1)
    kept = output if (change, how) == ("edited", "full strength") else full  # where the output is that volume's voxels
    assert kept.GetScene() is not None and np.array_equal(voxels(kept), before)
    assert (full.GetScene() is None) == (kept is output)


def test_a_loaded_full_result_is_known_by_its_hash(host, logic, volume, fast, tmp_path):
    import slicer

    logic.setStrength(fast, 0.5)
    for node in (volume, fast, fast.GetNodeReference(FULL)):
        assert slicer.util.saveNode(node, str(tmp_path / f"{node.GetName()}.nrrd"))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    host.closeScene()
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    host.scene.RemoveNode(slicer.util.getNode("chest denoised"))
    assert [node.GetName() for node in volumeNodes(host)] == ["chest"]
