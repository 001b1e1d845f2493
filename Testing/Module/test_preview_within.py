"""Preview result follows Only within and Use network of, as the run would."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

from Testing.Engine.phantoms import phantom
from Testing.Module.support import voxels
from Testing.Module.test_within import roiAround

#: Of the volume, (i, j, k): large enough for a region that is a small part of it.
SIZE = (80, 80, 12)


@pytest.fixture
def preview(host, module, ui, volume):
    """The preview, not switched on yet."""
    module.panel.matching._inspectTimer.stop()
    return module.panel.preview


def shown(host, preview):
    """Wait until all that is looked at, and wanted, is known."""
    host.waitUntil(lambda: not preview._timer.isActive() and preview._wish is None and preview.layer.visible)


def lookedAt(volume) -> np.ndarray:
    from NSN2NDenoiseLib.widget.slice_views import lookedAtBoxes

    where = np.zeros(voxels(volume).shape, bool)
    for box in lookedAtBoxes(volume):
        where[box] = True
    return where


def test_it_shows_what_a_run_within_a_roi_gives(host, logic, ui, volume, preview):
    middle = np.array(voxels(volume).shape) // 2
    roi = roiAround(volume, middle - 8, middle + 8)
    ui.roiSelector.setCurrentNode(roi)
    ui.previewResultButton.click()
    host.waitUntil(lambda: preview.layer._known)
    shown(host, preview)
    assert max(np.prod([s.stop - s.start for s in box]) for box, _ in preview.layer._known) < 0.5 * voxels(volume).size
    found, before, where = voxels(preview.layer.node), voxels(volume), lookedAt(volume)
    run = voxels(logic.process(volume, preset="fast", roi=roi))
    assert np.abs(found.astype(int) - run)[where].max() <= 1  # rounded twice in the seam
    assert (found == run)[where].mean() > 0.99 and (run != before)[where].sum() > 500

    ui.previewResultButton.checked = True
    shown(host, preview)
    asked = preview._job._number
    roi.SetSize(*(0.5 * np.array(roi.GetSize())))
    shown(host, preview)
    assert preview._job._number == asked  # all that is wanted is known already
    changed = np.argwhere(voxels(preview.layer.node) != before)
    assert (np.abs(changed - middle) <= 4).all() and len(changed) > 50

    roi.SetCenter(5000, 0, 0)
    shown(host, preview)
    assert np.array_equal(voxels(preview.layer.node), before)
    assert "nothing that is looked at lies inside" in ui.previewResultLabel.text


def test_a_roi_without_size_is_told(host, ui, volume, preview):
    import slicer

    ui.roiSelector.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Region"))
    ui.previewResultButton.click()
    host.waitUntil(lambda: "'Region' has no size" in ui.previewResultLabel.text)
    assert np.array_equal(voxels(preview.layer.node), voxels(volume))


def test_a_network_that_is_chosen_is_the_previews_too(host, ui, volume, preview, tmp_path):
    """This one looks further than a preview can, which the label says."""
    how = {"learn": True, "steps": 1, "width": 2, "levels": 5, "batch": 1, "crop": 32, "device": "cpu"}
    settings = engine.Settings.from_preset(**how)
    engine.save_network(engine.denoise(phantom(4, 32)[1], settings).network, tmp_path / "deep.safetensors")
    ui.previewResultButton.click()
    box = ui.networkComboBox
    with host.expectDialog("Network of an earlier run", answer=str(tmp_path / "deep.safetensors")):
        box.activated(box.count - 1)
    assert not ui.previewResultButton.checked  # it was of another network
    ui.previewResultButton.click()
    assert preview._what == "the result with the network of 'deep.safetensors'"
    host.waitUntil(lambda: "5 levels" in ui.previewResultLabel.text)
