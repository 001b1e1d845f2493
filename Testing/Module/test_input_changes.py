"""The panel follows its input volume; a run whose input is changed meanwhile says so."""

import numpy as np
import pytest

from Testing.Module.support import sceneContent, voxels


def matchJobs(quickChild):
    return [name for name in quickChild.started if "match" in name]


@pytest.fixture
def preview(host, module, ui, quickChild):
    """The preview is on, its residual complete."""
    section = module.panel.matching
    ui.previewCheckBox.click()
    host.waitUntil(lambda: section._job is not None and section._job.complete and section.overlay.visible)
    return section


def test_voxels_that_come_after_the_node(host, module, ui, logic, quickChild):
    import slicer

    host.closeScene()
    slicer.util.addVolumeFromArray(np.random.default_rng(0).normal(0, 9, (6, 20, 20)), name="late")
    assert ui.inputSelector.currentNode().GetName() == "late"
    host.waitUntil(lambda: ui.applyButton.enabled, message=ui.applyButton.toolTip)
    assert ui.previewCheckBox.enabled
    host.waitUntil(lambda: logic.getParameterNode().suggestedThreshold == 0.02)
    assert "(automatic)" in ui.thresholdUnitsLabel.text


def test_many_edits_cost_one_child_and_overlay_and_threshold_follow(
    host, preview, ui, volume, logic, quickChild, monkeypatch
):
    import slicer
    from NSN2NDenoiseLib.logic.residual_job import keyOf
    from NSN2NDenoiseLib.widget import matching

    settle = matching.SETTLE
    monkeypatch.setattr(matching, "SETTLE", 100_000)  # however long the edits take here
    first, count = preview._job, len(matchJobs(quickChild))
    for _edit in range(20):
        slicer.util.arrayFromVolume(volume)[:] += 1
        slicer.util.arrayFromVolumeModified(volume)
        host.wait(0.03)
    assert not preview.overlay.visible  # it would show what is not so any more
    monkeypatch.setattr(matching, "SETTLE", settle)
    slicer.util.arrayFromVolumeModified(volume)
    assert "automatic" in ui.thresholdUnitsLabel.text
    host.waitUntil(lambda: preview._job is not None and preview._job.complete and preview.overlay.visible)
    host.wait(0.6)
    assert preview._job is not first and preview._job.key == keyOf(volume, "auto", "default")
    assert len(matchJobs(quickChild)) == count + 1
    assert ui.previewCheckBox.checked


def test_replaced_voxels(host, preview, ui, volume):
    import slicer

    slicer.util.updateVolumeFromArray(volume, voxels(volume)[:8, :40].astype(np.float32))
    host.waitUntil(lambda: preview.overlay.visible and voxels(preview.overlay.labelMap).shape == (8, 40, 48))
    assert ui.applyButton.enabled


def test_a_moved_volume_takes_its_overlay_along(host, preview, volume):
    volume.SetOrigin(10, 20, 30)
    host.waitUntil(lambda: preview.overlay.labelMap.GetOrigin() == (10, 20, 30))


def test_voxels_taken_away(host, preview, ui, volume):
    noVoxels(volume)
    host.waitUntil(lambda: not ui.applyButton.enabled)
    assert "has no voxels" in ui.applyButton.toolTip
    assert not preview.overlay.visible and not ui.previewCheckBox.enabled
    host.wait(0.6)


def test_a_new_input_is_followed_and_the_old_one_is_not(host, ui, module, volume, quickChild):
    import slicer

    other = slicer.util.addVolumeFromArray(voxels(volume), name="other")
    ui.inputSelector.setCurrentNode(other)
    host.waitUntil(lambda: module.panel.matching._job is not None)
    job = module.panel.matching._job
    slicer.util.arrayFromVolumeModified(volume)
    host.wait(0.6)
    assert module.panel.matching._job is job
    slicer.util.arrayFromVolumeModified(other)
    host.waitUntil(lambda: module.panel.matching._job not in (None, job))


def test_the_panel_and_the_console_do_not_stop_each_other(host, module, ui, logic, volume, quickChild):
    """The panel looks at its input while the console waits for the same volume along another axis."""
    import slicer

    quickChild.hold()
    slicer.util.arrayFromVolumeModified(volume)
    host.waitUntil(lambda: module.panel.matching._job is not None)
    panels = module.panel.matching._job
    import qt

    qt.QTimer.singleShot(300, quickChild.release)
    assert voxels(logic.computeMask(volume, 0.02)).all()
    assert module.panel.matching._job is panels
    quickChild.hold()
    qt.QTimer.singleShot(100, lambda: slicer.util.arrayFromVolumeModified(volume))
    qt.QTimer.singleShot(900, quickChild.release)
    assert logic.suggestThreshold(volume, sliceAxis="j") == 0.02


def spacing(volume):
    volume.SetSpacing(1, 1, 9)


def pixelType(volume):
    import slicer

    slicer.util.updateVolumeFromArray(volume, voxels(volume).astype(np.float32))


def size(volume):
    import slicer

    slicer.util.updateVolumeFromArray(volume, voxels(volume)[:-1])


def grayValues(volume):
    import slicer

    slicer.util.arrayFromVolume(volume)[-1, -1, -1] += 1
    slicer.util.arrayFromVolumeModified(volume)


def noVoxels(volume):
    import slicer

    slicer.util.setSliceViewerLayers(background=None)  # MRML complains when it draws a volume without voxels
    volume.SetAndObserveImageData(None)


CHANGES = [
    (spacing, "spacing"),
    (pixelType, "pixel type"),
    (size, "number of voxels"),
    (grayValues, "gray values"),
    (noVoxels, "number of voxels"),
]


@pytest.mark.parametrize(("change", "word"), CHANGES)
def test_a_change_during_the_run_is_noticed(host, logic, ui, volume, quickChild, change, word):
    quickChild.hold()
    ui.applyButton.click()
    host.waitUntil(lambda: "raining" in ui.statusLabel.text)
    change(volume)
    before = sceneContent()
    quickChild.release()
    with host.expectDialog(f"changed during the run .its {word}"):
        host.waitUntil(lambda: not logic.isRunning())
    assert sceneContent() == before
    assert ui.applyButton.text == "Apply"


def test_equal_voxels_are_no_change_and_a_move_is_said(host, logic, ui, volume, quickChild):
    import slicer

    quickChild.hold()
    ui.applyButton.click()
    host.waitUntil(lambda: "raining" in ui.statusLabel.text)
    slicer.util.updateVolumeFromArray(volume, voxels(volume))
    volume.SetOrigin(10, 20, 30)
    quickChild.release()
    host.waitUntil(lambda: not logic.isRunning())
    output = logic.getParameterNode().resultVolume
    assert output.GetOrigin() == (10, 20, 30)
    assert np.array_equal(voxels(output), voxels(volume) // 2)
    assert "was moved during the run" in ui.warningLabel.text
