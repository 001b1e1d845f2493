"""The first result of a run, the one that replaces it, and "Stop and keep", with the real child process."""

import contextlib
import json
import os
import signal

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

from Testing.Module.support import LONG, SHORT, layers, sceneContent, voxels, waitForEnd, waitForNoFiles
from Testing.Module.test_run import CANCELED, viewState

#: Filtered first, then trained.
BOTH, ENDLESS = {**SHORT, "first": True}, {**LONG, "first": True}


def report(node) -> dict:
    return json.loads(node.GetAttribute("NSN2N.Report"))


@pytest.fixture
def use(monkeypatch, module, logic):
    """Function: every run of the panel takes these settings."""
    module.panel.matching._inspectTimer.stop()
    process = logic.process

    def override(settings):
        monkeypatch.setattr(logic, "process", lambda *a, **k: process(*a, **{**k, "settings": settings}))

    return override


def waitForFirst(host, logic, ui):
    """Apply, and the first result's node."""
    ui.applyButton.click()
    host.waitUntil(lambda: "First result" in ui.resultLabel.text, message="no first result")
    host.waitUntil(lambda: "the first result is shown" in ui.statusLabel.text)
    assert logic.isRunning()
    return logic.getParameterNode().resultVolume


def test_first_result_is_replaced_in_its_place(host, logic, ui, volume, use, monkeypatch):
    import slicer

    seen = []
    monkeypatch.setattr(
        logic, "onRunFirst", lambda node, show=logic.onRunFirst: (seen.append((node, voxels(node))), show(node))
    )
    use(BOTH)
    views, count = viewState(), len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
    first = waitForFirst(host, logic, ui)
    assert report(first)["ended"] == "first" and report(first)["stages"][0] == "first"
    assert "first result of a run that has not ended" in first.GetDescription()
    assert engine.describe_stages(["first"]) in first.GetDescription()
    assert "NS-N2N network" not in first.GetDescription() + ui.resultLabel.text
    assert {layer[1] for layer in layers()} == {first.GetID()}
    ui.compareSlider.value = 0.5
    host.waitUntil(lambda: not logic.isRunning())
    assert ui.compareSlider.value == 0.5  # what the user does meanwhile stays
    final = logic.getParameterNode().resultVolume
    assert final is first and len(seen) == 1 and seen[0][0] is final
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == count + 1
    assert report(final)["ended"] == "whole" and "first result" not in final.GetDescription()
    assert engine.describe_stages(["first", "similar", "learn", "refine"]) in final.GetDescription()
    assert "NS-N2N network" in ui.resultLabel.text and "Zhou et al. 2024" in ui.resultLabel.text
    assert viewState() == views
    assert np.abs(voxels(final).astype(int) - seen[0][1]).max() > 0
    fast = logic.process(volume, preset="fast")  # it has the same first result
    assert seen[1][0] is fast and np.array_equal(seen[1][1], seen[0][1])
    assert not np.array_equal(voxels(fast), seen[0][1])


@pytest.mark.parametrize("chosen", [False, True])
def test_cancel_takes_the_first_result_back(host, logic, ui, volume, use, chosen):
    import slicer

    node = logic.getParameterNode()
    if chosen:
        node.outputVolume = slicer.util.addVolumeFromArray(np.ones((3, 4, 5), np.float32), name="mine")
        node.noiseVolume = slicer.util.addVolumeFromArray(np.ones((3, 4, 5), np.float32), name="noise")
    slicer.util.setSliceViewerLayers(background=volume, foreground=None, foregroundOpacity=0.3)
    use(ENDLESS)
    before, shown = sceneContent(), layers()
    with host.expectDialog("overwrites 'mine' and 'noise'") if chosen else contextlib.nullcontext():
        first = waitForFirst(host, logic, ui)
    assert (first is node.outputVolume) == chosen
    ui.noiseViewButton.click()  # makes one, or shows the chosen one
    host.waitUntil(lambda: first.GetNodeReference("NSN2N.RemovedNoise") is not None)
    assert sceneContent() != before
    processId = logic.processId
    ui.applyButton.click()
    assert ui.statusLabel.text == CANCELED
    assert sceneContent() == before
    assert not ui.resultCollapsibleButton.visible and not ui.noiseViewButton.checked
    assert layers() == shown
    waitForEnd(host, processId)
    waitForNoFiles(host, "denoise")


def test_killed_after_the_first_result(host, logic, ui, use):
    use(ENDLESS)
    before, shown = sceneContent(), layers()
    waitForFirst(host, logic, ui)
    with host.expectDialog("ended by the system or crashed"):
        os.kill(logic.processId, signal.SIGKILL)
        host.waitUntil(lambda: not logic.isRunning())
    assert sceneContent() == before and layers() == shown


def test_killed_after_the_first_result_while_another_module_is_shown(host, logic, ui, volume, quickChild):
    import slicer

    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    compared = logic.getParameterNode().resultVolume
    ui.compareSlider.value = 0.6
    mine = slicer.util.addVolumeFromArray(voxels(volume), name="mine")
    slicer.util.setSliceViewerLayers(background=volume, foreground=mine, foregroundOpacity=0.3)
    shown = layers()
    quickChild.sayFirst()
    quickChild.hold()
    assert waitForFirst(host, logic, ui) is not compared and layers() != shown
    host.leaveModule()
    with host.expectDialog("ended by the system or crashed"):
        os.kill(logic.processId, signal.SIGKILL)
        host.waitUntil(lambda: not logic.isRunning())
    assert layers() == shown
    slicer.util.selectModule("NSN2NDenoise")
    assert layers() == shown
    assert logic.getParameterNode().resultVolume is compared and ui.compareSlider.value == 0.6


def test_a_run_that_fails_takes_no_other_result_back(host, logic, ui, volume, quickChild, monkeypatch):
    """One has ended well while another module is shown, and the next one fails."""
    from NSN2NDenoiseLib.logic import child_process

    quickChild.sayFirst()
    quickChild.hold()
    output = waitForFirst(host, logic, ui)
    ui.compareSlider.value = 0.6
    shown = layers()
    host.leaveModule()
    quickChild.release()
    host.waitUntil(lambda: not logic.isRunning())
    monkeypatch.setattr(child_process, "findPython", lambda: str(quickChild.folder / "nothing"))
    with pytest.raises(RuntimeError, match="could not be started"):
        logic.process(volume)
    host.slicer.util.selectModule("NSN2NDenoise")
    assert layers() == shown and ui.compareSlider.value == 0.6
    assert logic.getParameterNode().resultVolume is output and "Result: chest denoised" in ui.resultLabel.text


def test_first_result_removed_by_the_user(host, logic, ui, use):
    use(ENDLESS)
    host.scene.RemoveNode(waitForFirst(host, logic, ui))
    assert not logic.isRunning() and "output volume was removed" in ui.statusLabel.text
    assert [node.GetName() for node in host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")] == ["chest"]
    waitForNoFiles(host, "denoise")


def test_scene_closed_after_the_first_result(host, logic, ui, use):
    use(ENDLESS)
    waitForFirst(host, logic, ui)
    host.closeScene()
    assert not logic.isRunning() and host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    waitForNoFiles(host)


def test_stop_and_keep_after_the_first_result(host, logic, ui, use):
    use(ENDLESS)
    assert not ui.keepButton.visible
    first = waitForFirst(host, logic, ui)
    before = voxels(first)
    assert ui.keepButton.visible and ui.keepButton.enabled
    ui.keepButton.click()
    assert not ui.keepButton.enabled and ui.applyButton.text == "Cancel"
    host.waitUntil(lambda: not logic.isRunning())
    assert not ui.keepButton.visible
    assert ui.statusLabel.text == "Stopped: 'chest denoised' is the best result that there was."
    assert logic.getParameterNode().resultVolume is first
    stages = report(first)["stages"]  # the next stage may have ended, too, before the click came
    assert np.array_equal(voxels(first), before) == ("similar" not in stages)
    assert report(first)["ended"] == "kept" and "learn" not in stages
    assert "the run was stopped" in first.GetDescription() and "when the run was stopped" in ui.resultLabel.text


@pytest.mark.parametrize(
    ("settings", "stage", "made"),
    [
        (ENDLESS, None, "first"),
        (ENDLESS, "match", "first"),
        (ENDLESS, "first", "first"),
        (ENDLESS, "learn", "first"),
        (LONG, "match", "learn"),
        (LONG, "learn", "learn"),
    ],
)
def test_stop_and_keep_at_each_stage(host, logic, volume, settings, stage, made):
    """Before there is a result, the run goes on until there is one: the filter's, or a short training's."""

    def keep(progress):
        if progress.stage == stage:
            logic.stopAndKeep()

    ended = []
    logic.process(
        volume,
        settings=settings,
        progressCallback=keep,
        waitForCompletion=False,
        finishedCallback=ended.append,
    )
    if stage is None:
        logic.stopAndKeep()  # the child is still to be started
    host.waitUntil(lambda: ended)
    assert ended[0].status == "done", ended[0].message
    stages = report(ended[0].node)["stages"]
    assert stages[0] == made and "refine" not in stages and report(ended[0].node)["ended"] == "kept"


def test_console_gets_the_first_result_and_keeps_it(host, logic, volume):
    seen = []

    def keep(node):
        seen.append((node, voxels(node)))
        logic.stopAndKeep()

    output = logic.process(volume, settings=ENDLESS, firstCallback=keep, noiseVolume=True)
    kept = "similar" not in report(output)["stages"]  # that stage may have ended, too, before the word came
    assert seen[0][0] is output and np.array_equal(voxels(output), seen[0][1]) == kept
    noise = output.GetNodeReference("NSN2N.RemovedNoise")
    assert np.array_equal(voxels(noise), voxels(volume).astype(int) - voxels(output))
    assert len(host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 3


def test_kept_too_late_is_whole(host, logic, ui, volume, quickChild):
    """Stop and keep was clicked when all stages were done: the engine knows, and says it in its report."""
    quickChild.hold()
    ui.applyButton.click()
    host.waitUntil(lambda: logic.processId)
    ui.keepButton.click()
    quickChild.release()
    host.waitUntil(lambda: not logic.isRunning())
    result = logic.getParameterNode().resultVolume
    assert report(result)["ended"] == "whole" and "stopped" not in result.GetDescription()
    assert ui.statusLabel.text == "Done: 'chest denoised' is in the scene."


def test_a_first_result_whose_run_is_no_more(host, logic, ui, volume, quickChild):
    """As after a scene that was saved in mid-run is loaded: nothing goes on, and nothing has to be waited for."""
    result = logic.process(volume)
    node = logic.getParameterNode()
    result.SetAttribute("NSN2N.Report", json.dumps({"seed": 0, "ended": "first"}))
    node.Modified()
    assert ui.resultLabel.text.startswith("First result: chest denoised; its run did not end.")
    assert "wait" not in ui.qualityButton.toolTip
    node.outputVolume = result
    quickChild.hold()
    ui.applyButton.click()
    node.Modified()
    assert ui.resultLabel.text.startswith("First result: chest denoised; the run goes on.")
    assert "wait until the run has ended" in ui.qualityButton.toolTip
    quickChild.release()
    host.waitUntil(lambda: not logic.isRunning())
    assert ui.resultLabel.text.startswith("Result: chest denoised.")


def test_the_warnings_of_another_volume_stay(host, module, logic, ui, volume, quickChild):
    """A run ends while another volume is chosen, whose own warnings stand in the box."""
    import slicer

    other = slicer.util.addVolumeFromArray(voxels(volume), name="other")
    for chosen, text in ((other, "of the other"), (volume, "of the run")):
        logic.getParameterNode().inputVolume = chosen
        module.panel.matching._inspectTimer.stop()  # what it finds would take the warnings away
        module.panel.matching.showWarnings(["of the other"])
        result = logic.process(volume)
        module.panel.showResult(result, {"warnings": ["of the run"], "alarm": True})
        assert ui.warningLabel.text == text
