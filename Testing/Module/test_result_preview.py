"""Preview result: the voxels of the run, in the slices that are looked at, and no trace when it is over."""

import numpy as np
import pytest

from Testing.Module.support import sceneContent, voxels, waitForNoFiles

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture
def preview(host, module, ui, volume):
    """The preview is on, and all views show it."""
    module.panel.matching._inspectTimer.stop()
    ui.previewResultButton.click()
    shown(host, module)
    return module.panel.preview


@pytest.fixture
def quickPreview(quickChild, preview):
    """As `preview`, of the stand-in for the child."""
    return preview


def shown(host, module):
    """Wait until all that is looked at is the preview."""
    preview = module.panel.preview
    host.waitUntil(lambda: not preview._timer.isActive() and preview._wish is None and preview.layer._known)


def viewsOf(host):
    composites = host.slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return [(c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), c.GetForegroundOpacity()) for c in composites]


def lookedAt(volume) -> np.ndarray:
    """Boolean, where the views are."""
    from NSN2NDenoiseLib.widget.slice_views import lookedAtBoxes

    where = np.zeros(voxels(volume).shape, bool)
    for box in lookedAtBoxes(volume):
        where[box] = True
    assert 0 < where.sum() < where.size
    return where


def test_it_shows_the_voxels_of_the_run(host, module, logic, ui, volume, preview):
    where = lookedAt(volume)
    assert "shown" in ui.previewResultLabel.text
    composites = host.slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert {c.GetForegroundVolumeID() for c in composites} == {preview.layer.node.GetID()}
    found, before = voxels(preview.layer.node), voxels(volume)
    pixels = host.slicePixels("Red")
    ui.previewResultButton.click()
    assert np.abs(pixels.astype(int) - host.slicePixels("Red").astype(int)).mean() > 0.5
    run = logic.process(volume, preset="fast")
    assert np.array_equal(found[where], voxels(run)[where])
    assert (found != before)[where].mean() > 0.5


def test_it_follows_scrolling_threshold_and_strength(host, module, logic, ui, volume, preview):
    red = host.slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    red.SetSliceOffset(red.GetSliceOffset() - 2 * volume.GetSpacing()[2])
    logic.getParameterNode().threshold = 0.004
    host.waitUntil(lambda: preview._threshold == 0.004)
    shown(host, module)
    where, full = lookedAt(volume), voxels(preview.layer.node)
    run = logic.process(volume, preset="fast", threshold=0.004, strength=0.4)
    ui.previewResultButton.checked = True
    shown(host, module)
    ui.strengthSlider.value = 40
    host.waitUntil(lambda: ui.strengthSlider.value == 40 and not module.panel.strength._changing)
    assert ui.previewResultButton.checked
    assert np.array_equal(voxels(preview.layer.node)[where], voxels(run)[where])
    assert np.array_equal(full[where], voxels(run.GetNodeReference("NSN2N.FullStrength"))[where])


def test_a_sketch_comes_first_and_gives_way(host, module, logic, ui, volume, monkeypatch):
    """About the result, on the screen and with a sentence while the result is computed; then the result."""
    module.panel.matching._inspectTimer.stop()
    preview, sketched = module.panel.preview, []
    tell = preview._onSketched

    def spy(box, found):
        tell(box, found)
        sketched.append((box, found.copy(), voxels(preview.layer.node)[box], ui.previewResultLabel.text))

    monkeypatch.setattr(preview, "_onSketched", spy)
    ui.previewResultButton.click()
    shown(host, module)
    assert len(sketched) == 3 and not preview.layer._sketches  # one for each view
    first, before = sketched[0], voxels(volume)
    known = preview.layer._known[0][0]
    result = voxels(preview.layer.node)[known]
    wide = (slice(0, before.shape[0]), *first[0][1:])
    preview.layer.sketch(wide, before[wide], 1.0)
    assert np.array_equal(voxels(preview.layer.node)[known], result)  # where the result is known, it stays
    run = voxels(logic.process(volume, preset="fast"))
    assert np.array_equal(first[1], first[2]) and "sketch" in first[3]
    for box, found, _onScreen, _text in sketched:
        gone, goes = (before[box].astype(float) - other[box] for other in (_placed(found, box, before), run))
        assert np.corrcoef(gone.ravel(), goes.ravel())[0, 1] > 0.9


def _placed(found, box, before):
    whole = before.copy()
    whole[box] = found
    return whole


def test_what_lies_beside_is_computed_before_one_scrolls_there(
    host, module, logic, ui, volume, quickChild, monkeypatch
):
    """And without a sketch: then scrolling shows it at once. While a run goes on, it has the computer to itself."""
    from NSN2NDenoiseLib.logic.preview_job import PreviewJob

    module.panel.matching._inspectTimer.stop()
    preview, wished, show = module.panel.preview, [], PreviewJob.show
    monkeypatch.setattr(PreviewJob, "show", lambda job, *given, **how: wished.append(how) or show(job, *given, **how))
    isRunning = logic.isRunning
    monkeypatch.setattr(logic, "isRunning", lambda: True)
    ui.previewResultButton.click()
    shown(host, module)
    assert preview._ahead is None and not any(wished)
    monkeypatch.setattr(logic, "isRunning", isRunning)
    red = host.slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    here, spacing = red.GetSliceOffset(), volume.GetSpacing()[2]
    red.SetSliceOffset(here + spacing)
    host.waitUntil(lambda: any(wished))
    host.waitUntil(lambda: preview._ahead is None)
    wished.clear()
    for offset in (3, -3):
        red.SetSliceOffset(here + offset * spacing)
        shown(host, module)
        half = voxels(volume) // 2
        assert np.array_equal(voxels(preview.layer.node)[lookedAt(volume)], half[lookedAt(volume)])
    assert {} not in wished  # nothing was to be waited for


def test_it_leaves_no_trace(host, module, logic, ui, volume):
    module.panel.matching._inspectTimer.stop()
    other = host.slicer.util.addVolumeFromArray(voxels(volume), name="other")
    host.slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.3)
    content, views = sceneContent(), viewsOf(host)
    for leave in (ui.previewResultButton.click, host.leaveModule):
        ui.previewResultButton.checked = True
        assert viewsOf(host) != views
        shown(host, module)
        assert all(node.GetHideFromEditors() for node in addedTo(host, content))
        assert not any(node.GetSaveWithScene() for node in addedTo(host, content))
        leave()
        assert viewsOf(host) == views and sceneContent() == content
        assert not ui.previewResultButton.checked
        waitForNoFiles(host, "show")


def addedTo(host, content):
    return [node for node in host.slicer.util.getNodesByClass("vtkMRMLNode") if node.GetID() not in content]


def test_it_ends_with_the_scene_and_with_the_volume(host, module, ui, volume, quickPreview):
    host.closeScene()
    assert not ui.previewResultButton.checked and quickPreview._job is None
    waitForNoFiles(host, "show")


def test_it_ends_when_the_volume_is_edited_or_another_is_chosen(host, module, logic, ui, volume, quickPreview):
    host.slicer.util.arrayFromVolume(volume)[0] += 1
    host.slicer.util.arrayFromVolumeModified(volume)
    host.waitUntil(lambda: not ui.previewResultButton.checked)
    assert quickPreview._job is None and quickPreview.layer.node is None


def test_what_the_user_shows_instead_stays(host, module, ui, volume, quickPreview):
    other = host.slicer.util.addVolumeFromArray(voxels(volume), name="other")
    host.slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.5)
    ui.previewResultButton.click()
    assert {(foreground, opacity) for _, foreground, opacity in viewsOf(host)} == {(other.GetID(), 0.5)}


def test_where_nothing_is_changed_it_says_so(host, module, ui, volume, quickChild):
    """As in a volume that is not worth denoising: the sketch, which does not know that, has shown otherwise."""
    module.panel.matching._inspectTimer.stop()
    for value, text in ((0, "shown: the result of preset fast, which changes nothing here"), (8, "preset fast")):
        host.slicer.util.updateVolumeFromArray(volume, np.full_like(voxels(volume), value))
        ui.previewResultButton.checked = True
        shown(host, module)
        assert ui.previewResultLabel.text.endswith(text)
        ui.previewResultButton.checked = False


def test_windows_of_volume_and_preview_are_one(host, ui, volume, quickPreview):
    """Whether it is set for the volume, or with the mouse in a view, where the preview lies on top."""
    own, source = quickPreview.layer.node.GetDisplayNode(), volume.GetDisplayNode()
    pixels = host.slicePixels("Red")
    source.SetAutoWindowLevel(False)
    source.SetWindowLevel(350, 40)
    assert (own.GetWindow(), own.GetLevel()) == (350, 40)
    assert np.abs(host.slicePixels("Red").astype(int) - pixels).mean() > 1
    own.SetWindowLevel(1500, -600)
    assert (source.GetWindow(), source.GetLevel()) == (1500, -600)
    ui.previewResultButton.click()
    source.SetWindowLevel(80, 40)
    assert (source.GetWindow(), source.GetLevel()) == (80, 40)


def test_a_result_takes_its_place(host, module, logic, ui, volume, quickPreview):
    result = logic.process(volume, preset="fast")
    assert not ui.previewResultButton.checked
    assert {foreground for _, foreground, _ in viewsOf(host)} == {result.GetID()}


def test_a_crash_of_the_child_is_told(host, module, ui, volume, quickPreview):
    with host.expectDialog("crashed"):
        quickPreview._job._child.kill()
        host.waitUntil(lambda: quickPreview._job is None)
    assert not ui.previewResultButton.checked and quickPreview.layer.node is None
