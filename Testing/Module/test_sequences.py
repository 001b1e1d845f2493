"""Sequences: this frame or all frames, into a sequence beside the input's, with Slicer's own sequence logic."""

import json
import os
import signal

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

from Testing.Module.support import layers, sceneContent, voxels, waitForNoFiles
from Testing.Module.test_within import roiAround

VALUES = ["0", "1.5", "3"]


@pytest.fixture
def sequence(host, module, volume):
    """Three frames of the real volume with more noise, brighter from frame to frame, the second one selected."""
    import slicer

    module.panel.matching._inspectTimer.stop()
    clean = voxels(volume)[:8, :40, :40].astype(float)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "cine")
    node.SetIndexName("time")
    node.SetIndexUnit("s")
    for number, value in enumerate(VALUES):
        frame = slicer.vtkMRMLScalarVolumeNode()
        noise = np.random.default_rng(number).normal(0, 40, clean.shape)
        slicer.util.updateVolumeFromArray(frame, np.rint(clean + 30 * number + noise).astype(np.int16))
        frame.SetSpacing(0.7, 0.7, 1.25)
        frame.SetName(f"cine {number}")
        node.SetDataNodeAtValue(frame, value)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "browser")
    browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    browser.SetSelectedItemNumber(1)
    slicer.util.getModuleLogic("NSN2NDenoise").getParameterNode().inputVolume = browser.GetProxyNode(node)
    host.processEvents()
    return node


@pytest.fixture
def browser(sequence):
    import slicer

    return slicer.modules.sequences.logic().GetFirstBrowserNodeForSequenceNode(sequence)


def results(browser, sequence):
    """The sequences beside the input's."""
    import slicer

    return [
        node
        for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode")
        if node is not sequence and browser.IsSynchronizedSequenceNode(node)
    ]


def arrays(sequence):
    return [voxels(sequence.GetNthDataNode(n)) for n in range(sequence.GetNumberOfDataNodes())]


def applyAll(ui):
    ui.framesComboBox.setCurrentText("All frames")
    assert not ui.outputSelector.enabled and ui.applyButton.enabled
    ui.applyButton.click()


def test_the_choice_is_there_for_sequences_only(host, ui, logic, volume, sequence):
    assert ui.framesComboBox.visible and ui.framesComboBox.currentText == "This frame"
    logic.getParameterNode().inputVolume = volume
    host.processEvents()
    assert not ui.framesComboBox.visible and not ui.framesLabel.visible and ui.outputSelector.enabled


def test_all_frames(host, ui, logic, sequence, browser):
    import slicer

    before = arrays(sequence)
    ui.presetComboBox.setCurrentText("fast")
    ui.presetComboBox.activated(1)
    applyAll(ui)
    host.waitUntil(lambda: not logic.isRunning())
    (result,) = results(browser, sequence)
    assert result.GetName() == "cine denoised"
    assert (result.GetIndexName(), result.GetIndexUnit()) == ("time", "s")
    assert result.GetIndexType() == sequence.GetIndexType()
    assert [result.GetNthIndexValue(n) for n in range(result.GetNumberOfDataNodes())] == VALUES
    settings = engine.Settings.from_preset("fast")
    expected = list(engine.denoise_frames(before, settings, spacing=(1.25, 0.7, 0.7)))
    for own, wanted in zip(arrays(result), expected, strict=True):
        np.testing.assert_array_equal(own, wanted.denoised)
    for own, now in zip(before, arrays(sequence), strict=True):
        np.testing.assert_array_equal(own, now)
    node = result.GetNthDataNode(2)
    assert node.GetSpacing() == (0.7, 0.7, 1.25) and "'cine 2' denoised by NSN2N" in node.GetDescription()
    assert json.loads(node.GetAttribute("NSN2N.Report"))["lookOfFrame"] == 0

    shown = logic.getParameterNode().resultVolume  # the panel compares whatever frame is selected
    assert shown is browser.GetProxyNode(result) and shown.GetName() == "cine denoised [time=1.5s]"
    assert shown.GetNodeReference("NSN2N.Input") is browser.GetProxyNode(sequence)
    assert "Done" in ui.statusLabel.text
    slicer.util.setSliceViewerLayers(foreground=shown, foregroundOpacity=1, fit=True)
    pixels = []
    for number in (0, 2):
        browser.SetSelectedItemNumber(number)
        host.processEvents()
        np.testing.assert_array_equal(voxels(shown), expected[number].denoised)
        pixels.append(host.slicePixels("Red").astype(int))
    assert pixels[1].mean() > pixels[0].mean() + 1  # brighter

    ui.noiseViewButton.click()
    host.waitUntil(lambda: shown.GetNodeReference("NSN2N.RemovedNoise") is not None)
    for number in (2, 0):  # the removed noise follows
        browser.SetSelectedItemNumber(number)
        wanted = before[number] - expected[number].denoised
        noise = shown.GetNodeReference("NSN2N.RemovedNoise")
        host.waitUntil(lambda noise=noise, wanted=wanted: np.array_equal(voxels(noise), wanted))
    waitForNoFiles(host, "frames")


def test_all_frames_within_a_region(host, ui, logic, sequence, browser):
    before, proxy = arrays(sequence), browser.GetProxyNode(sequence)
    ui.presetComboBox.setCurrentText("fast")
    ui.presetComboBox.activated(1)
    ui.roiSelector.setCurrentNode(roiAround(proxy, (2, 8, 10), (5, 30, 32)))
    applyAll(ui)
    host.waitUntil(lambda: not logic.isRunning(), 300)
    (result,) = results(browser, sequence)
    within = np.zeros(before[0].shape, bool)
    within[2:6, 8:31, 10:33] = True
    settings = engine.Settings.from_preset("fast")
    expected = engine.denoise_frames(before, settings, spacing=(1.25, 0.7, 0.7), within=within)
    for own, source, wanted in zip(arrays(result), before, expected, strict=True):
        np.testing.assert_array_equal(own, wanted.denoised)
        assert np.array_equal(own[~within], source[~within]) and not np.array_equal(own[within], source[within])
    node = result.GetNthDataNode(1)
    assert json.loads(node.GetAttribute("NSN2N.Parameters"))["roi"] == "Region"
    assert json.loads(node.GetAttribute("NSN2N.Report"))["within"]["voxels"] == within.sum()
    with pytest.raises(ValueError, match="must be a vtkMRMLMarkupsROINode"):
        logic.processSequence(sequence, roi=proxy)


def applyAndWaitForTheFirst(host, ui, logic, quickChild):
    quickChild.hold()
    applyAll(ui)
    host.waitUntil(lambda: logic.framesDone == 1)


def test_frames_come_one_by_one_and_cancel_takes_them_back(host, ui, logic, sequence, browser, quickChild):
    before, inViews = sceneContent(), layers()
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    (result,) = results(browser, sequence)
    shown = browser.GetProxyNode(result)
    assert shown.GetID() in sum(layers(), ())
    assert result.GetNumberOfDataNodes() == 1 and shown.GetName() == "cine denoised"
    assert "selected frame is another one" in ui.resultLabel.text
    browser.SetSelectedItemNumber(0)
    host.wait(0.2)
    assert "selected frame is another one" not in ui.resultLabel.text
    np.testing.assert_array_equal(voxels(shown), arrays(sequence)[0] // 2)
    browser.SetSelectedItemNumber(1)
    with host.expectDialog("1 frames are done. Keep them", answer="no"):
        ui.applyButton.click()
    assert not logic.isRunning() and results(browser, sequence) == []
    host.processEvents()
    assert sceneContent() == before and layers() == inViews
    waitForNoFiles(host, "frames")


@pytest.mark.parametrize("how", ["cancel", "keep"])
def test_what_is_done_is_kept(host, ui, logic, sequence, browser, quickChild, how):
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    if how == "keep":
        ui.keepButton.click()
    else:
        with host.expectDialog("1 frames are done. Keep them", answer="yes"):
            ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    (result,) = results(browser, sequence)
    assert result.GetNumberOfDataNodes() == 1
    assert "Stopped" in ui.statusLabel.text
    np.testing.assert_array_equal(arrays(result)[0], arrays(sequence)[0] // 2)


def test_killed_after_a_frame(host, ui, logic, sequence, browser, quickChild):
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    with host.expectDialog("frames before it are in 'cine denoised'"):
        os.kill(logic.processId, signal.SIGKILL)
        host.waitUntil(lambda: not logic.isRunning())
    assert results(browser, sequence)[0].GetNumberOfDataNodes() == 1


@pytest.mark.parametrize("gone", ["sequence browser", "input sequence"])
def test_what_is_done_is_kept_when_the_input_goes(host, ui, logic, sequence, browser, quickChild, gone):
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    (result,) = results(browser, sequence)
    first = arrays(sequence)[0]
    with host.expectDialog(f"The {gone} was removed.* frames before it are in 'cine denoised'"):
        host.scene.RemoveNode(browser if gone == "sequence browser" else sequence)
    assert not logic.isRunning()
    host.processEvents()
    assert result.GetScene() is host.scene and len(arrays(result)) == 1
    np.testing.assert_array_equal(arrays(result)[0], first // 2)
    waitForNoFiles(host, "frames")


def test_result_removed_during_the_run(host, ui, logic, sequence, browser, quickChild):
    before = sceneContent()
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    (result,) = results(browser, sequence)
    ui.noiseViewButton.click()
    host.scene.RemoveNode(result)
    assert not logic.isRunning() and "output sequence was removed" in ui.statusLabel.text
    host.processEvents()
    assert sceneContent() == before
    waitForNoFiles(host, "frames")


def test_frames_that_come_and_go_during_the_run(host, logic, sequence, browser, quickChild):
    """A result belongs to the index value of its frame, wherever that stands by then."""
    before, ended = arrays(sequence), []

    def change(_node, done):
        if done == 1:
            sequence.SetDataNodeAtValue(sequence.GetNthDataNode(0), "-1")
        elif done == 2:
            sequence.RemoveDataNodeAtValue(VALUES[2])

    logic.processSequence(sequence, waitForCompletion=False, frameCallback=change, finishedCallback=ended.append)
    host.waitUntil(lambda: ended)
    assert ended[0].status == "failed"
    assert ended[0].message.startswith("Frame 3 of 'cine' was removed during the run")
    assert ended[0].message.endswith("The frames before it are in 'cine denoised'.")
    (result,) = results(browser, sequence)
    assert [result.GetNthIndexValue(n) for n in range(result.GetNumberOfDataNodes())] == VALUES[:2]
    for own, then in zip(arrays(result), before, strict=False):
        np.testing.assert_array_equal(own, then // 2)


def test_volume_that_shows_the_results_comes_back(host, ui, logic, sequence, browser, quickChild):
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    (result,) = results(browser, sequence)
    host.scene.RemoveNode(browser.GetProxyNode(result))
    ui.keepButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    assert ui.statusLabel.text == "Stopped: 'cine denoised' is the best result that there was."
    assert logic.getParameterNode().resultVolume is browser.GetProxyNode(result) is not None


def test_scene_closed_after_a_frame(host, ui, logic, sequence, browser, quickChild):
    applyAndWaitForTheFirst(host, ui, logic, quickChild)
    host.closeScene()
    assert not logic.isRunning() and "scene was closed" in ui.statusLabel.text
    waitForNoFiles(host)


def test_console(host, logic, sequence, browser, quickChild):
    done = []
    result = logic.processSequence(sequence, frameCallback=lambda node, count: done.append(count))
    assert result.GetNumberOfDataNodes() == 3 and done == [1, 2, 3]
    again = logic.processSequence(browser.GetProxyNode(sequence))
    assert again.GetName() != result.GetName() and len(results(browser, sequence)) == 2


def test_refused(logic, ui, volume, sequence):
    import slicer

    for node in (None, "cine", volume, slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode")):
        with pytest.raises(ValueError, match="Select a sequence"):
            logic.processSequence(node)
    with pytest.raises(ValueError, match="threshold is 2"):
        logic.processSequence(sequence, threshold=2)
    small = slicer.vtkMRMLScalarVolumeNode()
    slicer.util.updateVolumeFromArray(small, np.ones((5, 5, 5), np.int16))
    sequence.SetDataNodeAtValue(small, "9")
    with pytest.raises(ValueError, match="Frame 4 of 'cine' has another size"):
        logic.processSequence(sequence)
    ui.framesComboBox.setCurrentText("All frames")
    assert not ui.applyButton.enabled and "Frame 4" in ui.applyButton.toolTip


def test_result_of_one_frame_belongs_to_that_frame(host, logic, sequence, browser, quickChild):
    output = logic.process(browser.GetProxyNode(sequence))
    browser.SetSelectedItemNumber(2)
    with pytest.raises(ValueError, match="shows another frame now"):
        logic.setStrength(output, 0.5)
    browser.SetSelectedItemNumber(1)
    logic.setStrength(output, 0.5)


@pytest.mark.parametrize(("strength", "last"), [(1.0, 2), (0.5, 2), (0.5, 1)])
def test_another_frame_is_selected_during_the_run(host, logic, ui, sequence, browser, quickChild, strength, last):
    """Scrolling in time costs nobody the result: it is that of the frame with which the run began."""
    import slicer

    shown, first, ended = browser.GetProxyNode(sequence), [], []
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shown.SetAndObserveTransformNodeID(transform.GetID())
    sequence.GetNthDataNode(2).SetOrigin(10, 20, 30)
    quickChild.sayFirst()
    quickChild.hold()
    how = {"noiseVolume": True, "strength": strength, "firstCallback": first.append, "finishedCallback": ended.append}
    logic.process(shown, waitForCompletion=False, **how)
    host.waitUntil(lambda: logic.processId)
    browser.SetSelectedItemNumber(2)
    host.waitUntil(lambda: first)
    browser.SetSelectedItemNumber(last)
    quickChild.release()
    host.waitUntil(lambda: ended)
    output, before = ended[0].node, arrays(sequence)[1].astype(float)
    isMixed = strength < 1 and last == 1
    result = np.rint(before + (strength if isMixed else 1) * (before // 2 - before))
    assert (ended[0].status, ended[0].message) == ("done", "") and first == [output]
    np.testing.assert_array_equal(voxels(output), result)
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    np.testing.assert_array_equal(voxels(noise), before - result)
    for node in (output, noise):
        assert node.GetOrigin() == (0, 0, 0) and node.GetTransformNodeID() == transform.GetID()
    warnings = ended[0].report["warnings"]
    assert len(warnings) == (strength < 1 and not isMixed) and all("has full strength" in text for text in warnings)
    assert ("selected frame is another one" in ui.resultLabel.text) == (last == 2)
    browser.SetSelectedItemNumber(1)
    logic.setStrength(output, 0.7)


def test_a_frame_that_is_changed_while_another_one_is_shown(host, logic, sequence, browser, quickChild):
    import slicer

    ended = []
    quickChild.hold()
    logic.process(browser.GetProxyNode(sequence), waitForCompletion=False, finishedCallback=ended.append)
    host.waitUntil(lambda: logic.processId)
    browser.SetSelectedItemNumber(2)
    slicer.util.arrayFromVolume(sequence.GetNthDataNode(1))[:] += 1
    sequence.GetNthDataNode(1).GetImageData().Modified()
    quickChild.release()
    host.waitUntil(lambda: ended)
    assert ended[0].status == "failed" and "changed during the run (its gray values)" in ended[0].message


def test_beside_a_result_the_strength_is_that_of_the_next_run(host, ui, logic, sequence, browser, quickChild):
    whole = ui.strengthSlider.toolTip
    applyAll(ui)
    host.waitUntil(lambda: not logic.isRunning())
    (result,) = results(browser, sequence)
    before, inViews = arrays(result), layers()
    assert ui.strengthSlider.enabled and "only the next run takes another" in ui.strengthSlider.toolTip
    ui.strengthSlider.valueIsChanging.emit(60)
    ui.strengthSlider.value = 40
    logic.getParameterNode().Modified()
    assert ui.strengthSlider.value == 40 and layers() == inViews
    for own, then in zip(arrays(result), before, strict=True):
        np.testing.assert_array_equal(own, then)
    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    (second,) = (node for node in results(browser, sequence) if node is not result)
    assert json.loads(second.GetNthDataNode(0).GetAttribute("NSN2N.Parameters"))["strength"] == 0.4
    logic.getParameterNode().resultVolume = None
    assert ui.strengthSlider.toolTip == whole
