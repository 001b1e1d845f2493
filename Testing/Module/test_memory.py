"""What will not fit the memory is said before Apply, with the choice that does."""

import pytest


@pytest.fixture
def free(monkeypatch):
    """Say how much memory is free, in MB."""
    from NSN2NDenoiseLib.logic import memory

    return lambda megabytes: monkeypatch.setattr(memory, "free_memory_mb", lambda: megabytes)


def test_what_does_not_fit_is_said_with_what_does(module, logic, ui, volume, free):
    module.panel.matching._inspectTimer.stop()
    node, label = logic.getParameterNode(), ui.memoryLabel
    node.inputVolume = volume
    run = module.panel.run
    for megabytes in (None, 1e5):
        free(megabytes)
        run.update()
        assert not label.visible and label.text == ""
    free(515.0)  # the sample takes 0.5 GB with preset fast, and a network more
    node.preset = "default"
    run.update()
    assert label.visible and ui.applyButton.enabled
    assert "GB of memory, and 0.5 GB are free. Choose the preset fast (0.5 GB), or a region" in label.text
    node.preset, node.learn, node.refine = "fast", "off", False
    run.update()
    assert not label.visible
    free(100.0)
    run.update()
    assert "Choose a region under Only within; or save the volume as NRRD" in label.text
    assert "nsn2n denoise --memory" in label.text and "preset" not in label.text
    import slicer

    node.roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Region")
    run.update()
    assert not label.visible
    node.inputVolume = None
    run.update()
    assert not label.visible and not ui.applyButton.enabled
