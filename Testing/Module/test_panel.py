"""The panel: what it refuses and says, what the scene keeps of it, and the lives it must survive."""

import os
import re

import numpy as np
import pytest

from Testing.Module.support import LONG, MODULE, MODULE_FOLDER, SHORT, isAlive, runInMiddle, voxels

NAMES = [
    "inputSelector",
    "outputSelector",
    "noiseSelector",
    "thresholdSlider",
    "autoThresholdButton",
    "previewCheckBox",
    "previewOpacitySlider",
    "matchedLabel",
    "lambdaRCSpinBox",
    "lambdaICSpinBox",
    "applyButton",
    "keepButton",
    "strengthSlider",
    "firstCheckBox",
    "learnComboBox",
    "refineCheckBox",
    "progressBar",
    "statusLabel",
]


def test_promised_names_and_tooltips(ui):
    for name in NAMES:
        assert hasattr(ui, name), name
    untold = [
        name
        for name, widget in vars(ui).items()
        if re.match("(?!.*(Layout|Row|CaptionLabel|Spacer|CollapsibleButton|NSN2NDenoise)).*", name)
        and name not in ("noiseViewLabel", "qualityLabel", "lesionsLabel")  # they only fill a column
        and name not in ("Slider", "SpinBox")  # what a real ctkSliderWidget calls its parts
        and not name.startswith("qt_")
        and widget.inherits("QWidget")
        and not widget.toolTip
    ]
    assert untold == []


def test_parameters_are_described_as_on_the_command_line(ui):
    from NSN2NDenoiseLib.engine.parameters import BY_NAME
    from NSN2NDenoiseLib.widget.tool_tips import WIDGETS

    assert set(WIDGETS) == set(BY_NAME) - {"steps", "gap"}  # the panel has none of these
    for parameter, names in WIDGETS.items():
        sentence = BY_NAME[parameter].text
        for name in names:
            assert str(getattr(ui, name).toolTip).startswith(sentence[0].upper() + sentence[1:] + "."), name


def test_long_texts_do_not_widen_the_panel(host, module, ui, volume):
    """They wrap or are cut: else numbers and buttons at the right would lie outside of Slicer's panel."""
    ui.resultCollapsibleButton.visible = True
    texts = [widget for widget in vars(ui).values() if widget.inherits("QLabel") and widget.wordWrap]
    assert ui.resultLabel in texts and ui.warningLabel in texts and ui.statusLabel in texts
    for label in texts:
        label.visible = True
        label.text = "short"
    host.processEvents()
    width, height = module.panel.widget.minimumSizeHint.width(), module.panel.widget.sizeHint.height()
    for label in texts:
        label.text = "a sentence of many words " * 20
    volume.SetName("a volume with a long name " * 20)
    host.processEvents()
    assert module.panel.widget.minimumSizeHint.width() == width
    assert module.panel.widget.heightForWidth(width) > height


def test_first_state(ui, volume, logic):
    assert ui.inputSelector.currentNode() is volume
    assert ui.outputSelector.currentNode() is None and ui.outputSelector.noneDisplay == "Create new volume"
    assert ui.applyButton.enabled and ui.applyButton.text == "Apply"
    assert not ui.progressBar.visible and not ui.resultCollapsibleButton.visible
    from NSN2NDenoiseLib import engine

    preset = engine.Settings.from_preset("default")
    assert (ui.lambdaRCSpinBox.value, ui.lambdaICSpinBox.value) == (preset.lambda_rc, preset.lambda_ic)
    assert ui.thresholdSlider.singleStep <= 0.001 and ui.thresholdSlider.maximum <= 0.5


def refused(kind, volume):
    """A selection that can't be used, and a word of the reason."""
    import slicer

    array = voxels(volume)
    scene = slicer.mrmlScene
    if kind == "none":
        return None, "Select an input volume"
    if kind == "empty":
        return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"), "has no voxels"
    if kind == "two slices":
        return slicer.util.addVolumeFromArray(array[:2].copy(), name="pair"), "too few slices"
    if kind == "label map":
        return slicer.util.addVolumeFromArray(array, nodeClassName="vtkMRMLLabelMapVolumeNode"), "label map"
    color = np.zeros((4, 20, 20, 3), np.uint8)
    return slicer.util.addVolumeFromArray(color, nodeClassName="vtkMRMLVectorVolumeNode"), "gray-scale"


@pytest.mark.parametrize("kind", ["none", "empty", "two slices"])
def test_unusable_input_disables_apply_and_says_why(ui, volume, logic, kind):
    node, reason = refused(kind, volume)
    ui.inputSelector.setCurrentNode(node)
    assert not ui.applyButton.enabled
    assert reason in ui.applyButton.toolTip
    assert not ui.previewCheckBox.enabled and not ui.autoThresholdButton.enabled
    ui.inputSelector.setCurrentNode(volume)
    assert ui.applyButton.enabled


@pytest.mark.parametrize("kind", ["label map", "color"])
def test_other_volumes_are_not_offered_and_refused_by_the_console(ui, volume, logic, kind):
    node, reason = refused(kind, volume)
    ui.inputSelector.setCurrentNode(node)
    assert ui.inputSelector.currentNode() is not node
    with pytest.raises(ValueError, match=reason):
        logic.process(node)


def test_outputs_must_not_cost_the_input(ui, volume, logic):
    ui.outputSelector.setCurrentNode(volume)
    assert not ui.applyButton.enabled and "would be lost" in ui.applyButton.toolTip
    ui.outputSelector.setCurrentNode(None)
    ui.noiseSelector.setCurrentNode(volume)
    assert not ui.applyButton.enabled and "would be lost" in ui.applyButton.toolTip
    other = ui.outputSelector.addNode("vtkMRMLScalarVolumeNode")
    ui.outputSelector.setCurrentNode(other)
    ui.noiseSelector.setCurrentNode(other)
    assert not ui.applyButton.enabled and "same volume" in ui.applyButton.toolTip


WRONG = [
    ({"inputVolume": "chest"}, "not a str"),
    ({"outputVolume": 3}, "not a int"),
    ({"noiseVolume": "noise"}, "not a str"),
    ({"threshold": 1.5}, "threshold"),
    ({"threshold": "auto"}, "threshold"),
    ({"threshold": True}, "threshold"),
    ({"threshold": float("nan")}, "threshold"),
    ({"lambdaRC": -1}, "lambda_rc"),
    ({"lambdaIC": "1"}, "lambda_ic"),
    ({"preset": "best"}, "default, fast, nsn2n, paper"),
    ({"sliceAxis": "z"}, "auto, k, j, i"),
    ({"device": "tpu"}, "cuda"),
    ({"rician": "yes"}, "auto, on, off"),
    ({"minutes": 0}, "minutes"),
    ({"minutes": 1, "settings": {"steps": 40}}, "steps and minutes"),
    ({"seed": 1.5}, "whole number"),
    ({"seed": -1}, "seed"),
    ({"learn": "yes"}, "auto, on, off"),
    ({"strength": 1.1}, "strength"),
    ({"learn": "off", "first": False, "refine": False}, "nothing would be done"),
    ({"settings": {"stepz": 3}}, "stepz"),
    ({"settings": {"steps": -3}}, "steps"),
]


def test_wrong_arguments_raise_before_anything_starts(volume, logic):
    for arguments, word in WRONG:
        with pytest.raises(ValueError, match=word):
            logic.process(**{"inputVolume": volume, **arguments})
        assert not logic.isRunning(), arguments


def test_wrong_arguments_of_the_mask(volume, logic):
    with pytest.raises(ValueError, match="label map"):
        logic.computeMask(volume, 0.02, labelVolume=volume)
    with pytest.raises(ValueError, match="threshold"):
        logic.computeMask(volume, 2)
    with pytest.raises(ValueError, match="input volume"):
        logic.suggestThreshold(None)


def test_choosing_a_preset_takes_its_loss_weights_and_bias_correction(ui):
    assert ui.ricianComboBox.currentText == "auto"
    paper = ui.presetComboBox.findText("paper")
    ui.presetComboBox.currentIndex = paper
    ui.presetComboBox.activated.emit(paper)
    assert (ui.lambdaRCSpinBox.value, ui.lambdaICSpinBox.value) == (0.5, 1.0)
    assert ui.ricianComboBox.currentText == "off"


def test_scene_keeps_the_parameters(host, ui, volume, logic, tmp_path):
    import slicer

    ui.thresholdSlider.value = 0.037
    ui.lambdaRCSpinBox.value = 0.25
    ui.seedSpinBox.value = 11
    assert ui.minutesSpinBox.text == "Automatic"
    ui.minutesSpinBox.value = 2.5
    ui.presetComboBox.currentIndex = ui.presetComboBox.findText("paper")
    ui.sliceAxisComboBox.currentIndex = 2
    ui.ricianComboBox.currentIndex = 1
    volume.GetStorageNode().SetFileName(volume.GetStorageNode().GetFileName())
    path = tmp_path / "scene.mrml"
    assert slicer.util.saveScene(str(path))
    host.closeScene()
    assert ui.thresholdSlider.value != 0.037
    slicer.util.loadScene(str(path))
    host.processEvents()
    assert ui.thresholdSlider.value == pytest.approx(0.037)
    assert (ui.lambdaRCSpinBox.value, ui.seedSpinBox.value) == (0.25, 11)
    assert ui.minutesSpinBox.value == 2.5 and logic.getParameterNode().minutes == 2.5
    assert (ui.presetComboBox.currentText, ui.sliceAxisComboBox.currentText) == ("paper", "j")
    assert ui.ricianComboBox.currentText == "on"
    assert ui.inputSelector.currentNode().GetName() == "chest"


def test_threshold_beyond_the_sliders_usual_reach(host, ui, logic):
    node = logic.getParameterNode()
    node.threshold = 0.6
    host.processEvents()
    assert ui.thresholdSlider.value == pytest.approx(0.6) and node.threshold == 0.6


def test_reload_takes_the_new_code(host, module, volume):
    import sys

    import slicer

    first = sys.modules["NSN2NDenoiseLib.logic.module_logic"]
    slicer.util.reloadScriptedModule("NSN2NDenoise")
    host.processEvents()
    assert sys.modules["NSN2NDenoiseLib.logic.module_logic"] is not first
    widget = slicer.modules.NSN2NDenoiseWidget
    assert widget is not module and widget.panel.ui.inputSelector.currentNode() is volume
    assert slicer.util.getModuleLogic("NSN2NDenoise") is widget.logic
    module_overlay = slicer.util.getNodes("NSN2N matching overlay*")
    assert not module_overlay


def test_the_developer_section_reloads(host, module, volume):
    """In developer mode Slicer puts "Reload" above the panel; a click takes the new code, and the panel below works."""
    import qt
    import slicer

    host.unloadModule("NSN2NDenoise")
    qt.QSettings().setValue("Developer/DeveloperMode", "true")
    widget = host.loadModule(str(MODULE))
    assert widget.layout.itemAt(0).widget() is widget.reloadCollapsibleButton
    widget.reloadButton.click()
    host.processEvents()
    fresh = slicer.modules.NSN2NDenoiseWidget
    assert fresh is not widget and fresh.reloadButton.text == "Reload"
    assert fresh.panel.ui.inputSelector.currentNode() is volume and fresh.panel.ui.applyButton.enabled


def test_reload_in_the_middle_of_a_run_stops_it(host, logic, ui, monkeypatch):
    import slicer

    process = logic.process
    monkeypatch.setattr(logic, "process", lambda *a, **k: process(*a, settings=LONG, **k))
    with runInMiddle(host, logic, ui) as processId:
        slicer.util.reloadScriptedModule("NSN2NDenoise")
        assert not isAlive(processId)


def test_opened_twice(host, module, volume):
    import slicer

    second = slicer.util.getNewModuleWidget("NSN2NDenoise")
    host.processEvents()
    module.panel.ui.thresholdSlider.value = 0.044
    host.processEvents()
    assert second.panel.ui.thresholdSlider.value == pytest.approx(0.044)
    for widget in (module, second):
        widget.panel.ui.previewCheckBox.click()
    host.waitUntil(lambda: second.panel.matching.overlay.visible)
    for widget in (module, second):
        widget.panel.ui.previewCheckBox.click()
    labels = {node.GetLabelVolumeID() for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")}
    assert labels == {None}
    second.cleanup()


def test_without_main_window(host, volume, known):
    with host.withoutMainWindow():
        module = host.loadModule(str(MODULE), show=False)
        widget = module.widgetRepresentation().self()
        assert widget.panel.ui.applyButton.enabled
        import slicer

        output = slicer.util.getModuleLogic("NSN2NDenoise").process(volume, settings=SHORT)
        assert voxels(output).shape == voxels(volume).shape


def test_leaving_and_entering(host, module, ui, logic):
    host.leaveModule()
    logic.getParameterNode().threshold = 0.06
    host.processEvents()
    assert ui.thresholdSlider.value != pytest.approx(0.06)
    import slicer

    slicer.util.selectModule("NSN2NDenoise")
    host.processEvents()
    assert ui.thresholdSlider.value == pytest.approx(0.06)


def test_empty_scene_then_a_volume(host, sampleFile, pythonReal):
    import slicer

    widget = host.loadModule(str(MODULE))
    ui = widget.panel.ui
    assert not ui.applyButton.enabled
    volume = slicer.util.loadVolume(str(sampleFile))
    host.processEvents()
    ui.inputSelector.setCurrentNode(volume)
    assert ui.applyButton.enabled


def test_warning_about_overlapping_slices(host, volume, ui):
    """Each slice is the mean of two: their noise is correlated, and the panel says so."""
    import slicer

    array = voxels(volume).astype(np.float32)
    blurred = slicer.util.addVolumeFromArray((array[:-1] + array[1:]) / 2, name="overlapping")
    blurred.CopyOrientation(volume)
    ui.inputSelector.setCurrentNode(blurred)
    host.waitUntil(lambda: ui.warningLabel.visible and "correlated" in ui.warningLabel.text)


def test_the_modules_own_test_runs_and_can_fail(host, logic, known, monkeypatch, capfd):
    import slicer

    assert slicer.selfTests["NSN2NDenoise"].__self__ is not None
    monkeypatch.syspath_prepend(str(MODULE_FOLDER / "Testing" / "Python"))
    import NSN2NDenoiseModuleTest

    monkeypatch.setattr(NSN2NDenoiseModuleTest, "SHORT", SHORT)
    NSN2NDenoiseModuleTest.runAll()
    assert "Ran 5 tests" in capfd.readouterr().err

    def wrong(self):
        self.fail("on purpose")

    monkeypatch.setattr(NSN2NDenoiseModuleTest.NSN2NDenoiseModuleTest, "test_badArguments", wrong)
    for name in ("test_process", "test_firstResultAndStrength"):
        monkeypatch.setattr(NSN2NDenoiseModuleTest.NSN2NDenoiseModuleTest, name, lambda self: None)
    with pytest.raises(AssertionError, match="on purpose"):
        NSN2NDenoiseModuleTest.runAll()


def test_sample_data_is_offered_and_loads(host, module):
    import SampleData
    import slicer
    from NSN2NDenoiseLib.logic.sample_data import sampleFiles

    assert [source.sampleName for source in slicer.modules.sampleDataSources["NSN2N"]] == ["CTChestLIDC0314"]
    node = SampleData.downloadSample("CTChestLIDC0314")
    node = node[0] if isinstance(node, list) else node
    assert node.GetName() == "CTChestLIDC0314" and len(sampleFiles()) == 1
    assert voxels(node).shape == (40, 224, 224)


def test_help_names_the_paper(host, module):
    import slicer

    described = slicer.util.getModule("NSN2NDenoise")
    assert "2411.10831" in described.acknowledgementText and "research" in described.helpText
    assert os.path.isfile(MODULE_FOLDER / "Resources" / "Icons" / "NSN2NDenoise.png")


def test_weights_have_the_engines_bound(ui):
    from NSN2NDenoiseLib import engine

    for box in (ui.lambdaRCSpinBox, ui.lambdaICSpinBox):
        assert box.maximum == engine.LAMBDA_MAX


def test_stages_follow_the_preset_and_each_preset_says_what_it_is(ui, logic):
    import qt
    from NSN2NDenoiseLib import engine

    texts = [ui.presetComboBox.itemData(n, qt.Qt.ToolTipRole) for n in range(ui.presetComboBox.count)]
    assert len(set(texts)) == len(engine.PRESETS) == ui.presetComboBox.count
    for index, name in enumerate(engine.PRESETS):
        ui.presetComboBox.currentIndex = index
        ui.presetComboBox.activated.emit(index)
        preset = engine.Settings.from_preset(name)
        assert (ui.firstCheckBox.checked, ui.refineCheckBox.checked) == (preset.first, preset.refine)
        assert ui.learnComboBox.currentText == {None: "auto", True: "on", False: "off"}[preset.learn]
    ui.presetComboBox.currentIndex = 0
    ui.firstCheckBox.checked = ui.refineCheckBox.checked = False
    ui.learnComboBox.currentIndex = ui.learnComboBox.findText("off")
    assert not ui.applyButton.enabled and "nothing would be done" in ui.applyButton.toolTip
    ui.refineCheckBox.checked = True
    assert ui.applyButton.enabled


def test_an_alarm_is_red(module, ui):
    section = module.panel.matching
    section.showWarnings(["What was removed looks like anatomy."], isAlarm=True)
    assert ui.warningLabel.visible and "#842029" in ui.warningLabel.styleSheet
    section.showWarnings(["Slices are thick."])
    assert "#842029" not in ui.warningLabel.styleSheet
    section.showWarnings([])
    assert not ui.warningLabel.visible
