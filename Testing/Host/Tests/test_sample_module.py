"""An unchanged template-like module lives in the host: panel, parameters, child process, reload, scenes."""

import numpy as np
import pytest


@pytest.fixture
def widget(loadModule, samplePath):
    return loadModule(samplePath)


def test_panel_is_shown_and_entered(host, widget):
    assert widget.parent.isEntered
    assert widget.calls == ["enter"]
    assert widget.parent.visible
    assert widget.ui.advancedCollapsibleButton.collapsed
    assert not widget.ui.repeatsSpinBox.visible
    assert host.slicer.modules.hostsample.title == "Host Sample"
    assert host.slicer.modules.HostSampleWidget is widget
    assert host.slicer.util.getModuleLogic("HostSample") is widget.logic


def test_parameters_and_widgets_follow_each_other(widget, addVolume):
    volume = addVolume(np.zeros((3, 4, 5), np.int16))
    parameters = widget._parameterNode
    assert widget.ui.inputSelector.currentNode() is volume  # the only one
    assert parameters.inputVolume is volume
    assert (widget.ui.factorSlider.minimum, widget.ui.factorSlider.maximum) == (0, 10)
    assert widget.ui.factorSlider.value == 1.5

    widget.ui.factorSlider.value = 2.25
    widget.ui.invertCheckBox.click()
    widget.ui.modeComboBox.currentIndex = 1
    widget.ui.axisComboBox.currentText = "k"
    widget.ui.repeatsSpinBox.value = 7
    values = (parameters.factor, parameters.invert, parameters.mode, parameters.axis, parameters.repeats)
    assert values == (2.25, True, "Shift", "k", 7)

    parameters.factor = 0.5
    parameters.axis = "j"
    assert widget.ui.factorSlider.value == 0.5
    assert widget.ui.axisComboBox.currentText == "j"
    with pytest.raises(ValueError, match="within range"):
        parameters.factor = 11
    with pytest.raises(ValueError, match="one of"):
        parameters.axis = "i"


@pytest.mark.parametrize("fileName", ["saved.mrml", "saved.mrb"])
def test_scene_save_and_load_restores_parameters(host, widget, addVolume, tmp_path, fileName):
    import slicer

    volume = addVolume(np.arange(60, dtype=np.int16).reshape(3, 4, 5), name="kept")
    if fileName.endswith(".mrml"):
        assert slicer.util.saveNode(volume, str(tmp_path / "kept.nrrd"))
    widget._parameterNode.factor = 3.25
    widget._parameterNode.outputVolume = volume
    assert slicer.util.saveScene(str(tmp_path / fileName))
    host.closeScene()
    assert widget._parameterNode.inputVolume is None
    assert widget.ui.factorSlider.value == 1.5
    slicer.util.loadScene(str(tmp_path / fileName))
    host.processEvents()
    loaded = slicer.util.getNode("kept")
    assert widget._parameterNode.factor == 3.25
    assert widget.ui.factorSlider.value == 3.25
    assert widget._parameterNode.inputVolume is loaded
    assert widget.ui.outputSelector.currentNode() is loaded
    assert slicer.util.arrayFromVolume(loaded).sum() == 60 * 59 / 2


def test_child_process_runs_and_result_appears(host, widget, addVolume):
    import slicer

    volume = addVolume(np.full((3, 4, 5), 7, np.int16))
    assert widget.ui.applyButton.enabled
    widget.ui.factorSlider.value = 2
    widget.ui.applyButton.click()
    assert widget.ui.progressBar.maximum == 0
    host.waitUntil(lambda: widget.ui.progressBar.value == 100)
    result = widget.ui.outputSelector.currentNode()
    assert result is not volume
    assert (slicer.util.arrayFromVolume(result) == 28).all()


def test_apply_needs_an_input(widget):
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "Select an input volume"


def test_deleted_input_is_unselected(host, widget, addVolume):
    volume = addVolume(np.zeros((3, 4, 5), np.int16))
    host.scene.RemoveNode(volume)
    assert widget.ui.inputSelector.currentNode() is None
    assert widget._parameterNode.inputVolume is None
    assert not widget.ui.applyButton.enabled


def test_leave_and_come_back(host, widget):
    import slicer

    host.leaveModule()
    assert widget.calls == ["enter", "exit"]
    assert not widget.parent.isEntered
    slicer.util.selectModule("HostSample")
    assert widget.calls == ["enter", "exit", "enter"]


def test_reload_makes_a_new_widget(host, widget):
    import slicer

    slicer.util.reloadScriptedModule("HostSample")
    fresh = slicer.modules.HostSampleWidget
    assert fresh is not widget
    assert widget.calls == ["enter", "cleanup"]
    assert fresh.ui.applyButton.className() == "QPushButton"
    host.unloadModule("HostSample")
    assert fresh.calls[-1] == "cleanup"
    assert not hasattr(slicer.modules, "HostSampleWidget")


def test_without_main_window(host, samplePath):
    import slicer

    with host.withoutMainWindow():
        assert slicer.util.mainWindow() is None
        assert slicer.app.layoutManager() is None
        module = host.loadModule(samplePath, show=False)
        assert module.widgetRepresentation().self().ui.applyButton.text == "Apply"
        host.unloadModule("HostSample")
    assert slicer.util.mainWindow() is not None


def test_quit(host, widget):
    events = []
    host.app.connect("aboutToQuit()", lambda: events.append("about to quit"))
    host.quit()
    assert events == ["about to quit"]
    assert widget.calls == ["enter", "exit", "cleanup"]


def test_startup_completed_comes_once(host, samplePath):
    events = []
    host.app.connect("startupCompleted()", lambda: events.append("started"))
    host.loadModule(samplePath)
    host.loadModule(samplePath)
    assert events == ["started"]


def test_own_self_test_runs(host, widget):
    import slicer

    with host.testingMode():
        slicer.selfTests["HostSample"](msec=0)


def test_screenshot_shows_panel_and_views(host, widget, addVolume, tmp_path):
    import qt

    addVolume(np.random.default_rng(0).integers(0, 1000, (20, 30, 40)).astype(np.int16))
    image = qt.QImage(host.screenshot(tmp_path / "window.png"))
    size = host.mainWindow.size
    assert (image.width(), image.height()) == (size.width(), size.height())
    view = host.sliceView("Red")
    center = view.mapTo(host.mainWindow, view.rect.center())
    colors = {image.pixel(center.x() + x, center.y() + y) for x in range(-20, 20) for y in range(-20, 20)}
    assert len(colors) > 50
