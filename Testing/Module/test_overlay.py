"""The live preview of W_i: what the slice views show, and that it is the mask of training."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

from Testing.Module.support import SHORT, voxels, waitForNoFiles

#: So much of the sample is to be paired two slices apart, so that no preset's mask is another's.
SIZE = (64, 64, 12)


@pytest.fixture
def preview(host, module, ui):
    """The preview is on and its residual complete."""
    ui.previewCheckBox.click()
    host.waitUntil(lambda: module.panel.matching._job is not None and module.panel.matching._job.complete)
    host.waitUntil(lambda: not module.panel.matching._arrivalTimer.isActive())
    return module.panel.matching


def unmatchedColor(pixels):
    """How many pixels have the overlay's orange."""
    red, green, blue = (pixels[..., n].astype(int) for n in range(3))
    return int(np.count_nonzero((red > green + 20) & (green > blue)))


def test_slider_changes_the_pixels_of_all_views(host, preview, ui):
    counts = {}
    for threshold in (0.005, 0.03):
        ui.thresholdSlider.value = threshold
        host.wait(0.1)
        counts[threshold] = {view: unmatchedColor(host.slicePixels(view)) for view in ("Red", "Yellow", "Green")}
    for view in ("Red", "Yellow", "Green"):
        assert counts[0.005][view] > 1.2 * counts[0.03][view] > 0, counts


def neighbors(volume, preset="default"):
    """The engine's matching of a volume of the scene, and the look that it rests on."""
    look, slices = engine.take_look(voxels(volume), spacing=tuple(reversed(volume.GetSpacing())))
    plan = engine.make_plan(look, engine.Settings.from_preset(preset))
    return engine.Matching(slices, look.noise.sd, plan.gap, plan.paired), look


def test_no_overlay_no_color(host, module, ui):
    assert unmatchedColor(host.slicePixels("Red")) == 0


def test_overlay_is_the_mask_of_training(host, preview, volume, ui, logic):
    threshold = 0.02
    ui.thresholdSlider.value = threshold
    host.wait(0.1)
    settings = engine.Settings.from_preset("default", **{**SHORT, "steps": 2, "refine": False, "threshold": threshold})
    trained = engine.denoise(voxels(volume), settings, spacing=tuple(reversed(volume.GetSpacing()))).weights
    assert np.array_equal(voxels(preview.overlay.labelMap) == 0, trained == 1)
    assert np.array_equal(voxels(logic.computeMask(volume, threshold)), trained)
    assert 0.05 < trained.mean() < 0.95


def test_the_paper_preset_pairs_direct_neighbors_in_the_preview_too(host, preview, volume, ui, logic):
    matching, _look = neighbors(volume, "paper")
    logic.getParameterNode().preset = "paper"
    ui.thresholdSlider.value = 0.015
    fraction = engine.matched_fraction(matching.residual(), 0.015)
    host.waitUntil(lambda: preview.overlay.matchedFraction == pytest.approx(fraction, abs=1e-9))
    mask = logic.computeMask(volume, 0.015, preset="paper")
    assert np.array_equal(voxels(mask), engine.weight_matrix(matching.residual(), 0.015))


def test_matched_label_says_the_engines_fraction(host, preview, volume, ui):
    ui.thresholdSlider.value = 0.015
    host.wait(0.1)
    matching, _look = neighbors(volume)
    fraction = engine.matched_fraction(matching.residual(), 0.015)
    assert ui.matchedLabel.text == f"{round(100 * fraction)} % of the voxels"
    assert preview.overlay.matchedFraction == pytest.approx(fraction, abs=1e-9)


def test_automatic_threshold_and_image_units(host, preview, volume, ui, logic):
    node = logic.getParameterNode()
    _matching, look = neighbors(volume)
    assert node.threshold == look.threshold == logic.suggestThreshold(volume)
    assert "automatic" in ui.thresholdUnitsLabel.text
    ui.thresholdSlider.value = 0.05
    assert "set by hand" in ui.thresholdUnitsLabel.text
    assert f"{0.05 * look.scale:.3g}" in ui.thresholdUnitsLabel.text
    ui.autoThresholdButton.click()
    assert node.threshold == look.threshold
    assert abs(ui.thresholdSlider.value - node.threshold) < 1e-3


def test_the_users_label_layer_comes_back(host, volume, module, ui):
    import slicer

    organ = (voxels(volume) > 0).astype("uint8")
    label = slicer.util.addVolumeFromArray(organ, name="organ", nodeClassName="vtkMRMLLabelMapVolumeNode")
    label.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(label=label, labelOpacity=0.25)
    before = layers()
    ui.previewCheckBox.click()
    host.waitUntil(lambda: module.panel.matching.overlay.visible)
    assert layers() != before
    ui.previewCheckBox.click()
    assert layers() == before
    ui.previewCheckBox.click()
    host.waitUntil(lambda: module.panel.matching.overlay.visible)
    host.leaveModule()
    assert layers() == before


def test_the_overlay_comes_back_when_another_volume_is_loaded(host, preview, volume, ui, sampleFile):
    import slicer

    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    for composite in composites:
        composite.SetLabelOpacity(0.9)  # by hand, in a view
    opacity = ui.previewOpacitySlider.value
    ours = preview.overlay.labelMap.GetID()
    slicer.util.loadVolume(str(sampleFile))
    host.processEvents()
    assert {node.GetLabelVolumeID() for node in composites} == {ours}
    assert {node.GetLabelOpacity() for node in composites} == {opacity}
    slicer.util.setSliceViewerLayers(background=volume)
    ui.thresholdSlider.value = 0.005
    host.wait(0.1)
    assert unmatchedColor(host.slicePixels("Red")) > 0


def test_the_users_layers_survive_a_volume_that_is_loaded_meanwhile(host, volume, module, ui, sampleFile):
    """The label layer is what it would be without the overlay, and its opacity is the user's, not the overlay's."""
    import slicer

    label = slicer.util.addVolumeFromArray(
        (voxels(volume) > 0).astype(np.uint8), nodeClassName="vtkMRMLLabelMapVolumeNode"
    )
    slicer.util.setSliceViewerLayers(label=label, labelOpacity=0.25)
    ui.previewCheckBox.click()
    host.waitUntil(lambda: module.panel.matching.overlay.visible)
    slicer.util.loadVolume(str(sampleFile))
    ui.previewCheckBox.click()
    assert {(label, opacity) for _back, _fore, label, opacity in layers().values()} == {(None, 0.25)}


def test_the_overlay_follows_a_slider_that_the_mouse_drags(host, preview, ui):
    """Pressed, moved and released as by hand: what is seen follows while the button is down."""
    ui.thresholdSlider.value = 0.01
    host.wait(0.1)
    seen = [preview.overlay.matchedFraction]
    for _position in dragging(host, ui.thresholdSlider, pixels=(10, 25, 40)):
        host.wait(0.1)
        seen.append(preview.overlay.matchedFraction)
    assert seen == sorted(seen) and len(set(seen)) == 4
    assert seen[-1] == pytest.approx((voxels(preview.overlay.labelMap) == 0).mean(), abs=1e-9)


def dragging(host, slider, pixels):
    """Drag the handle of a ctkSliderWidget to so many pixels right of where it is, step by step, then let it go."""
    import qt
    import slicer

    (inner,) = [child for child in slicer.util.findChildren(slider) if child.inherits("QSlider")]
    option = qt.QStyleOptionSlider()
    inner.initStyleOption(option)
    handle = inner.style().subControlRect(qt.QStyle.CC_Slider, option, qt.QStyle.SC_SliderHandle, inner)
    start = qt.QPointF(handle.center())

    def send(kind, offset, button, buttons):
        place = start + qt.QPointF(offset, 0)
        where = qt.QPointF(inner.mapToGlobal(place.toPoint()))
        event = qt.QMouseEvent(kind, place, where, button, buttons, qt.Qt.NoModifier)
        qt.QApplication.sendEvent(inner, event)

    send(qt.QEvent.MouseButtonPress, 0, qt.Qt.LeftButton, qt.Qt.LeftButton)
    for offset in pixels:
        send(qt.QEvent.MouseMove, offset, qt.Qt.NoButton, qt.Qt.LeftButton)
        assert inner.isSliderDown()
        yield offset
    send(qt.QEvent.MouseButtonRelease, pixels[-1], qt.Qt.LeftButton, qt.Qt.NoButton)
    assert not inner.isSliderDown()


def test_opacity(host, preview, ui):
    import slicer

    ui.previewOpacitySlider.value = 0.75
    host.processEvents()
    opacities = {node.GetLabelOpacity() for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")}
    assert opacities == {0.75}


def test_a_saved_scene_has_no_overlay(host, preview, volume, tmp_path):
    import slicer

    overlayID = preview.overlay.labelMap.GetID()
    path = tmp_path / "scene.mrml"
    assert slicer.util.saveScene(str(path))
    assert preview.overlay.visible
    assert f'id="{overlayID}"' not in path.read_text()
    assert "NSN2N matching overlay" not in path.read_text()
    host.closeScene()
    host.leaveModule()
    slicer.util.loadScene(str(path))
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    host.processEvents()
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert slicer.mrmlScene.GetNodeByID(composite.GetLabelVolumeID() or "") is None
    assert unmatchedColor(host.slicePixels("Red")) == 0


def test_another_volume_gets_its_own_residual(host, preview, volume, ui):
    import slicer

    other = slicer.util.addVolumeFromArray(np.flip(voxels(volume), axis=2).copy(), name="other")
    first = preview._job
    ui.inputSelector.setCurrentNode(other)
    host.waitUntil(lambda: preview._job is not None and preview._job is not first and preview._job.complete)
    assert preview._job.volumeID == other.GetID()
    host.waitUntil(lambda: not first.childRunning)


def test_residual_is_computed_once(host, preview, ui):
    job = preview._job
    for value in (0.01, 0.02, 0.03):
        ui.thresholdSlider.value = value
        host.wait(0.05)
    ui.previewCheckBox.click()
    ui.previewCheckBox.click()
    host.wait(0.1)
    assert preview._job is job
    assert preview.overlay.matchedFraction is not None


def test_residual_survives_another_module(host, preview, ui):
    import slicer

    job = preview._job
    host.leaveModule()
    assert not preview.overlay.visible
    slicer.util.selectModule("NSN2NDenoise")
    host.processEvents()
    assert preview._job is job and preview.overlay.visible
    assert "% of the voxels" in ui.matchedLabel.text


def test_looked_at_slices_come_first(host, module, volume, ui):
    import slicer

    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    slicer.util.getNode("vtkMRMLSliceNodeRed").SetSliceOffset(bounds[4] + 0.8 * (bounds[5] - bounds[4]))
    order = []
    ui.previewCheckBox.click()
    job = module.panel.matching._job
    shown = job.onSlices
    job.onSlices = lambda indices: (order.extend(indices), shown(indices))
    host.waitUntil(lambda: job.complete)
    focus = round(0.8 * (volume.GetImageData().GetDimensions()[2] - 1))
    distances = np.abs(np.array(order) - focus)
    assert distances[0] <= 1
    assert distances[:4].mean() < distances[-4:].mean()


def test_nothing_is_left_behind(host, preview):
    host.closeScene()
    host.wait(0.2)
    waitForNoFiles(host)
    assert not preview.overlay.visible


def layers():
    """The layers of every slice view."""
    import slicer

    return {
        node.GetID(): (
            node.GetBackgroundVolumeID(),
            node.GetForegroundVolumeID(),
            node.GetLabelVolumeID(),
            node.GetLabelOpacity(),
        )
        for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    }
