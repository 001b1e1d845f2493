"""Runs from the panel and from the console: progress, result, and every way in which a run can end early."""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess

import numpy as np
import pytest

from Testing.Engine.phantoms import magnitude, mr_phantom
from Testing.Module.support import (
    MODULE_FOLDER,
    SHORT,
    Heartbeat,
    isAlive,
    layers,
    runInMiddle,
    sceneContent,
    voxels,
    waitForEnd,
    waitForNoFiles,
)

WITHOUT_STEPS = {name: value for name, value in SHORT.items() if name != "steps"}
CANCELED = "Canceled. The scene is as it was."


def applyAndWait(host, logic, ui):
    ui.applyButton.click()
    assert logic.isRunning()
    host.waitUntil(lambda: not logic.isRunning())


def test_apply_console_and_command_line_give_the_same_voxels(
    host, logic, ui, volume, short, sampleFile, tmp_path, monkeypatch, python
):
    import slicer

    before = voxels(volume)
    node = logic.getParameterNode()
    node.seed = 5
    ui.thresholdSlider.value = 0.02
    seen = []
    monkeypatch.setattr(
        logic, "onRunProgress", lambda progress, show=logic.onRunProgress: (seen.append(progress), show(progress))
    )
    views = viewState()
    applyAndWait(host, logic, ui)
    output = node.resultVolume
    assert output.GetName() == "chest denoised"
    assert "chest denoised" in ui.statusLabel.text
    stages = [p.stage for n, p in enumerate(seen) if n == 0 or p.stage != seen[n - 1].stage]
    assert stages == ["look", "match", "learn", "refine", "limit", "spare", "judge", "report"]
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions) and fractions[-1] > 0.9
    assert viewState() == views
    assert all(
        composite.GetForegroundVolumeID() == output.GetID()
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    )
    assert np.array_equal(voxels(volume), before)

    console = logic.process(volume, threshold=0.02, seed=5)
    assert console.GetName() != output.GetName()
    assert np.array_equal(voxels(console), voxels(output))

    written = tmp_path / "denoised.nrrd"
    settings = [f"{name}={value}" for name, value in SHORT.items()]
    code = (
        "import sys; from NSN2NDenoiseLib import engine; from NSN2NDenoiseLib.cli.main import main\n"
        f"short = {SHORT!r}\n"
        "make = engine.Settings.from_preset\n"
        "engine.Settings.from_preset = classmethod(lambda cls, name='default', **kw: make(name, **{**kw, **short}))\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [python, "-c", code, "denoise", str(sampleFile), str(written), "--threshold", "0.02"]
    run = subprocess.run(
        [*command, "--seed", "5", "--quiet"],
        env={**os.environ, "PYTHONPATH": str(MODULE_FOLDER)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr + str(settings)
    loaded = slicer.util.loadVolume(str(written))
    assert np.array_equal(voxels(loaded), voxels(output))


def test_slicer_stays_responsive_during_a_run(host, logic, ui, long, monkeypatch):
    """No turn of the event loop works for long, and none waits for the child."""
    from NSN2NDenoiseLib.logic.child_process import ChildProcess

    waits = []
    monkeypatch.setattr(ChildProcess, "wait", lambda *_: waits.append(1))
    with runInMiddle(host, logic, ui), Heartbeat() as heartbeat:
        assert ui.applyButton.text == "Cancel"
        assert ui.progressBar.visible
        host.wait(1.0)
    ui.applyButton.click()
    assert heartbeat.busiest < 0.25 and not waits
    assert "%" in ui.progressBar.format


def test_cancel_in_the_middle(host, logic, ui, long):
    before = sceneContent()
    with runInMiddle(host, logic, ui) as processId:
        ui.applyButton.click()
        assert not logic.isRunning()
        assert ui.applyButton.text == "Apply" and ui.applyButton.enabled
        assert ui.statusLabel.text == CANCELED
        assert not ui.progressBar.visible
        waitForEnd(host, processId)
    assert sceneContent() == before
    waitForNoFiles(host, "denoise")


def test_second_apply_right_after_cancel(host, logic, ui, monkeypatch):
    process = logic.process
    steps = iter([100_000, SHORT["steps"]])
    monkeypatch.setattr(logic, "process", lambda *a, **k: process(*a, settings={**SHORT, "steps": next(steps)}, **k))
    with runInMiddle(host, logic, ui) as first:
        ui.applyButton.click()
        ui.applyButton.click()
        assert logic.isRunning() and logic.processId != first
        waitForEnd(host, first)
    host.waitUntil(lambda: not logic.isRunning())
    assert logic.getParameterNode().resultVolume.GetName() == "chest denoised"
    waitForNoFiles(host, "denoise")


def test_killed_child(host, logic, ui, long):
    before = sceneContent()
    with runInMiddle(host, logic, ui) as processId, host.expectDialog("ended by the system or crashed"):
        os.kill(processId, signal.SIGKILL)
        host.waitUntil(lambda: not logic.isRunning())
    assert ui.applyButton.text == "Apply" and ui.applyButton.enabled
    assert "crashed" in ui.statusLabel.text
    assert sceneContent() == before
    waitForNoFiles(host, "denoise")


@pytest.mark.parametrize("chosen", [False, True])
def test_killed_child_at_every_stage(host, logic, ui, volume, quickChild, chosen):
    """Whatever it has said and written by then, a volume that was to be overwritten is as it was."""
    from NSN2NDenoiseLib.engine.stages import STAGES

    if chosen:
        logic.getParameterNode().outputVolume = host.slicer.util.addVolumeFromArray(voxels(volume) * 0, name="mine")
    before, shown = sceneContent(), layers()
    stages = ["look", *STAGES, "report", "half", "done"]
    for count in range(stages.index("first") if chosen else 0, len(stages) + 1, 4 if chosen else 1):
        quickChild.dieAfter(stages[:count])
        asked = host.expectDialog("overwrites 'mine'") if chosen else contextlib.nullcontext()
        with asked, host.expectDialog("ended by the system or crashed"):
            applyAndWait(host, logic, ui)
        assert sceneContent() == before and layers() == shown, stages[:count]
        assert ui.applyButton.text == "Apply" and "crashed" in ui.statusLabel.text
        waitForNoFiles(host, "denoise")


def test_scene_closed_in_the_middle(host, logic, ui, long):
    with runInMiddle(host, logic, ui) as processId:
        host.closeScene()
        assert not logic.isRunning()
        assert "scene was closed" in ui.statusLabel.text
        waitForEnd(host, processId)
    assert not ui.applyButton.enabled
    assert host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    waitForNoFiles(host)


def test_input_removed_in_the_middle(host, logic, ui, volume, long):
    with runInMiddle(host, logic, ui) as processId:
        host.scene.RemoveNode(volume)
        assert not logic.isRunning()
        assert "input volume was removed" in ui.statusLabel.text
        waitForEnd(host, processId)
    assert host.slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    waitForNoFiles(host)


def test_output_removed_in_the_middle(host, logic, ui, long):
    output = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "mine")
    logic.getParameterNode().outputVolume = output
    with runInMiddle(host, logic, ui) as processId:
        host.scene.RemoveNode(output)
        assert "output volume was removed" in ui.statusLabel.text
        waitForEnd(host, processId)
    waitForNoFiles(host, "denoise")


def test_module_left_and_unloaded_in_the_middle(host, logic, ui, long):
    with runInMiddle(host, logic, ui) as processId:
        host.leaveModule()
        host.wait(0.1)
        assert logic.isRunning() and isAlive(processId)
        host.unloadModule("NSN2NDenoise")
        assert not isAlive(processId)
    waitForNoFiles(host)


def test_application_quits_in_the_middle(host, logic, ui, long):
    with runInMiddle(host, logic, ui) as processId:
        host.slicer.app.aboutToQuit.emit()
        assert not isAlive(processId)
    waitForNoFiles(host)


@pytest.mark.parametrize("how", ["quit", "unload"])
def test_a_queue_ends_with_the_module(host, logic, ui, volume, quickChild, tmp_path, how):
    """Whoever starts the next run when one has ended is told, and nothing runs or stays."""
    quickChild.hold()
    waiting, said = [volume] * 6, []

    def denoiseNext(outcome=None):
        if outcome is not None:
            said.append(outcome.status)
        logic.process(waiting.pop(), waitForCompletion=False, finishedCallback=denoiseNext)

    denoiseNext()
    host.waitUntil(lambda: logic.processId)
    if how == "unload":
        host.unloadModule("NSN2NDenoise")
    else:
        host.slicer.app.aboutToQuit.emit()
    assert said == ["cancelled"] and len(waiting) == 4 and not logic.isRunning()
    waitForNoFiles(host)
    for start in (
        lambda: logic.process(volume),
        lambda: logic.processFolder(tmp_path, tmp_path / "out"),
        lambda: logic.suggestThreshold(volume),
        lambda: logic.qualityReport(volume, tmp_path / "page.html"),
        lambda: logic.previewJob(volume, {"axis": "auto"}, None, None, None, None, None),
    ):
        with pytest.raises(RuntimeError, match="closing"):
            start()


def test_failed_start(host, logic, ui, monkeypatch, tmp_path):
    from NSN2NDenoiseLib.logic import child_process

    before = sceneContent()
    monkeypatch.setattr(child_process, "findPython", lambda: str(tmp_path / "no-such-python"))
    with host.expectDialog("could not be started"):
        ui.applyButton.click()
        host.waitUntil(lambda: not logic.isRunning())
    assert ui.applyButton.text == "Apply"
    assert sceneContent() == before
    waitForNoFiles(host, "denoise")


def test_disk_full(host, logic, ui, volume, monkeypatch):
    """No file may be larger than 16 kB here: the first piece of the volume is refused by the system."""
    from NSN2NDenoiseLib import engine

    before = sceneContent()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, limit[1]))
    try:
        with host.expectDialog("File too large"):
            ui.applyButton.click()
            host.waitUntil(lambda: not logic.isRunning())
        with pytest.raises(engine.RunError, match="Free some disk space"):
            logic.process(volume)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not logic.isRunning() and ui.applyButton.text == "Apply"
    assert sceneContent() == before
    waitForNoFiles(host, "denoise")


def test_disk_full_in_the_process_that_denoises(host, logic, ui, volume, monkeypatch, tmp_path, quickChild):
    said = {"type": "error", "kind": "files", "message": "A file could not be written: [Errno 28].", "details": ""}
    quickChild.program.write_text(f"#!/bin/sh\necho 'NSN2N:{json.dumps(said)}'\nexit 1\n")
    before = sceneContent()
    with host.expectDialog(r"could not be written: \[Errno 28\]. Free some disk space, or choose another"):
        ui.applyButton.click()
        host.waitUntil(lambda: not logic.isRunning())
    assert sceneContent() == before
    waitForNoFiles(host, "denoise")


def test_a_volume_that_the_engine_refuses(host, logic, ui, volume):
    import slicer

    flat = slicer.util.addVolumeFromArray(np.full((12, 32, 32), 7, np.int16), name="flat")
    logic.getParameterNode().inputVolume = flat
    before = sceneContent()
    with host.expectDialog("constant") as shown:
        ui.applyButton.click()
        host.waitUntil(lambda: not logic.isRunning())
    assert "Traceback" in shown[0].detailedText
    assert sceneContent() == before
    from NSN2NDenoiseLib import engine

    with pytest.raises(engine.InputError, match="constant"):
        logic.process(flat)


def test_console_waits_reports_and_raises(host, logic, volume):
    seen = []
    output = logic.process(volume, settings=SHORT, progressCallback=seen.append, noiseVolume=True)
    from NSN2NDenoiseLib import engine

    assert isinstance(seen[0], engine.Progress) and seen[-1].fraction > 0.9
    assert voxels(output).dtype == np.int16
    with pytest.raises(RuntimeError, match="fail in the callback"):
        logic.process(volume, settings=SHORT, progressCallback=fail)
    assert not logic.isRunning()


def fail(progress):
    raise RuntimeError("fail in the callback")


def test_result_line_tells_gap_threshold_and_bias_correction(host, logic, ui, volume, short, known):
    applyAndWait(host, logic, ui)
    report = logic.getParameterNode().resultVolume.GetAttribute("NSN2N.Report")
    assert '"ricianCorrected": false' in report
    assert re.search(r"Threshold: 0\.\d+ \(automatic\)\. Slices \d apart were paired\.", ui.resultLabel.text)
    assert "No MR bias correction" in ui.resultLabel.text


def test_mr_bias_is_corrected_as_the_panel_says(host, logic, ui, short):
    import slicer

    image = magnitude(mr_phantom(slices=6, side=96), 12)
    node = slicer.util.addVolumeFromArray(np.rint(image).astype(np.int16), name="head")
    ui.inputSelector.setCurrentNode(node)
    for choice, text in ((0, "MR bias corrected (sigma 1"), (2, "No MR bias correction")):
        ui.ricianComboBox.currentIndex = choice
        applyAndWait(host, logic, ui)
        assert text in ui.resultLabel.text
        air = voxels(logic.getParameterNode().resultVolume)[:, :10]
        assert (air.mean() < 9) == (choice == 0)


def test_bias_correction_of_a_ct_on_request_is_refused(host, logic, ui, short):
    ui.ricianComboBox.currentIndex = 1
    with host.expectDialog("negative values"):
        ui.applyButton.click()
        host.waitUntil(lambda: not logic.isRunning())


def test_console_without_waiting(host, logic, volume, known):
    ended = []
    assert logic.process(volume, settings=SHORT, waitForCompletion=False, finishedCallback=ended.append) is None
    with pytest.raises(RuntimeError, match="already running"):
        logic.process(volume, settings=SHORT)
    host.waitUntil(lambda: ended)
    assert ended[0].status == "done" and ended[0].node.GetName() == "chest denoised"


def test_time_limit_of_the_panel(host, logic, ui, volume, monkeypatch):
    process = logic.process
    monkeypatch.setattr(logic, "process", lambda *a, **k: process(*a, settings=WITHOUT_STEPS, **k))
    ui.minutesSpinBox.value = 0.1
    applyAndWait(host, logic, ui)
    output = logic.getParameterNode().resultVolume
    report = json.loads(output.GetAttribute("NSN2N.Report"))
    assert report["minutes"] == 0.1 and report["steps"] >= 50
    again = process(volume, settings={**SHORT, "steps": report["steps"]})
    assert np.array_equal(voxels(again), voxels(output))


def viewState():
    """Position, zoom and window of every view: what a result must not move."""
    import slicer

    slices = [
        (node.GetSliceOffset(), node.GetFieldOfView(), node.GetXYZOrigin())
        for node in slicer.util.getNodesByClass("vtkMRMLSliceNode")
    ]
    display = slicer.util.getNode("chest").GetDisplayNode()
    return slices, display.GetWindow(), display.GetLevel()


def test_result_of_a_run_that_ends_while_another_module_is_shown(host, logic, ui, volume, short, known):
    import slicer

    def foregrounds():
        return {node.GetForegroundVolumeID() for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")}

    ui.applyButton.click()
    host.leaveModule()
    host.waitUntil(lambda: not logic.isRunning())
    output = slicer.util.getNode("chest denoised")
    assert output.GetID() not in foregrounds()
    slicer.util.selectModule("NSN2NDenoise")
    host.processEvents()
    assert foregrounds() == {output.GetID()}
    assert ui.resultCollapsibleButton.visible
