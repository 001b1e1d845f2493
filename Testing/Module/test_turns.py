"""Large volumes are copied in turns of the event loop: to the child, and back from it."""

import os

import numpy as np
import pytest

from Testing.Module.support import sceneContent, voxels, waitForNoFiles

SIZE = (80, 80, 12)
#: Larger than a file's buffer, so that each piece is written at once.
PIECE = 16384


@pytest.fixture
def slow(monkeypatch, quickChild):
    """One small piece per turn."""
    from NSN2NDenoiseLib.logic import turns

    monkeypatch.setattr(turns, "PIECE", PIECE)
    monkeypatch.setattr(turns, "TURN", 0)


class Beats:
    """What `look` sees at each turn of the event loop."""

    def __init__(self, look):
        import qt

        self.seen = []
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", lambda: self.seen.append(look()))
        self._timer.start(0)

    def end(self):
        self._timer.stop()
        self._timer.deleteLater()
        return self.seen


def copied(logic):
    try:
        return os.path.getsize(logic._run._directory.file("volume.npy"))
    except (AttributeError, OSError):
        return None


def test_the_event_loop_turns_while_a_volume_is_copied(host, logic, volume, slow):
    beats = Beats(lambda: copied(logic))
    logic.process(volume, waitForCompletion=False)
    host.waitUntil(lambda: logic.processId > 0)
    sizes = [size for size in beats.end() if size is not None]
    whole = voxels(volume).nbytes
    assert max(sizes) >= whole
    assert len(set(sizes)) > whole // PIECE // 2
    assert max(np.diff(sizes)) <= 2 * PIECE  # the header and a piece
    host.waitUntil(lambda: not logic.isRunning())


def test_the_event_loop_turns_while_a_result_is_taken(host, logic, volume, slow):
    beats = Beats(lambda: logic.isRunning() and logic.processId == 0 and copied(logic) is not None)
    ended = []
    logic.process(volume, noiseVolume=True, waitForCompletion=False, finishedCallback=ended.append)
    host.waitUntil(lambda: ended)
    pieces = voxels(volume).nbytes // PIECE
    assert sum(beats.end()) > 3 * pieces  # copied to the child; result and noise from it
    output = ended[0].node
    assert np.array_equal(voxels(output), voxels(volume) // 2)
    noise = voxels(output.GetNodeReference("NSN2N.RemovedNoise"))
    assert np.array_equal(noise, voxels(volume) - voxels(output))


@pytest.mark.parametrize("stage", ["copying", "taking"])
@pytest.mark.parametrize("end", ["cancel", "removed", "quit"])
def test_stopped_while_copying_and_while_taking(host, logic, volume, slow, quickChild, stage, end):
    ended = []
    logic.process(volume, waitForCompletion=False, finishedCallback=ended.append)
    if stage == "taking":
        host.waitUntil(lambda: quickChild.started)
        host.waitUntil(lambda: logic.processId == 0)
    assert logic.isRunning() and logic.processId == 0
    before = sceneContent()
    if end == "cancel":
        logic.cancel()
    elif end == "removed":
        host.scene.RemoveNode(volume)
        before = sceneContent()
    else:
        logic.stopEverything()
    assert [outcome.status for outcome in ended] == ["cancelled"]
    waitForNoFiles(host, "denoise")
    host.wait(0.1)
    assert sceneContent() == before
    assert len([name for name in quickChild.started if "denoise" in name]) == (stage == "taking")


def endedWhileTheFirstResultWasTaken(host, logic, volume, monkeypatch):
    """The outcome of a run whose child has a first result; it takes thousands of turns, so all else comes meanwhile."""
    from NSN2NDenoiseLib.logic import turns

    before, ended, shown = sceneContent(), [], []
    logic.process(volume, waitForCompletion=False, finishedCallback=ended.append, firstCallback=shown.append)
    monkeypatch.setattr(turns, "TURN", 0)
    monkeypatch.setattr(turns, "PIECE", 8)
    host.waitUntil(lambda: ended)
    monkeypatch.setattr(turns, "TURN", 1)  # what was not stopped comes soon
    waitForNoFiles(host, "denoise")
    host.wait(0.1)
    assert sceneContent() == before and not shown
    return ended[0]


def test_killed_while_its_first_result_is_taken(host, logic, volume, quickChild, monkeypatch):
    """The files are cut short then, and whoever looks into them ends Slicer."""
    from NSN2NDenoiseLib.logic import job_directory

    monkeypatch.setattr(job_directory, "STEP", 4096)
    quickChild.sayFirst(thenCrash=True)
    outcome = endedWhileTheFirstResultWasTaken(host, logic, volume, monkeypatch)
    assert (outcome.status, outcome.kind) == ("failed", "crash")


def test_an_error_while_a_first_result_is_taken(host, logic, volume, quickChild, monkeypatch):
    def fail(progress):
        raise ArithmeticError("of the panel")

    monkeypatch.setattr(logic, "onRunProgress", fail)
    quickChild.sayFirst()
    outcome = endedWhileTheFirstResultWasTaken(host, logic, volume, monkeypatch)
    assert outcome.status == "failed" and "of the panel" in outcome.message


def test_voxels_changed_while_they_are_copied(host, logic, volume, slow):
    import slicer

    ended = []
    logic.process(volume, waitForCompletion=False, finishedCallback=ended.append)
    slicer.util.arrayFromVolumeModified(volume)
    host.waitUntil(lambda: ended)
    assert (ended[0].status, ended[0].message) == (
        "failed",
        "The input volume was changed while it was copied. Start again.",
    )
    waitForNoFiles(host, "denoise")


def test_voxels_changed_while_they_are_copied_for_the_preview(host, module, ui, volume, slow):
    """No error: the panel sees the change, too, and starts anew."""
    import slicer
    from NSN2NDenoiseLib.logic.residual_job import keyOf

    section = module.panel.matching
    ui.previewCheckBox.click()
    slicer.util.arrayFromVolumeModified(volume)
    host.waitUntil(lambda: section._job is not None and section._job.complete)
    assert section._job.key == keyOf(volume, "auto", "default") and ui.previewCheckBox.checked


def test_the_console_waits_through_all_turns(host, logic, volume, slow):
    output = logic.process(volume)
    assert np.array_equal(voxels(output), voxels(volume) // 2)


def test_removed_noise_on_request_is_made_in_turns(host, ui, logic, volume, slow):
    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    output = logic.getParameterNode().resultVolume
    ui.noiseViewButton.click()
    assert output.GetNodeReference("NSN2N.RemovedNoise") is None
    host.waitUntil(lambda: output.GetNodeReference("NSN2N.RemovedNoise") is not None)
    assert np.array_equal(voxels(output.GetNodeReference("NSN2N.RemovedNoise")), voxels(volume) - voxels(output))


def test_large_files_are_removed_in_turns_and_at_once_when_slicer_ends(host, logic, monkeypatch):
    from NSN2NDenoiseLib.logic import job_directory, turns

    monkeypatch.setattr(turns, "TURN", 0)
    for atOnce in (False, True):
        directory = job_directory.JobDirectory({"task": "match"})
        file = directory.file("volume.npy")
        with open(file, "wb") as large:
            large.truncate(5 * job_directory.STEP)
        directory.remove()
        assert 3 * job_directory.STEP <= os.path.getsize(file) < 5 * job_directory.STEP
        if atOnce:
            logic.stopEverything()
            assert not os.path.exists(directory.path)
        host.waitUntil(lambda path=directory.path: not os.path.exists(path))


def test_slices_that_pile_up_are_taken_in_turns(host, module, logic, volume, slow, monkeypatch):
    """The stand-in sends all slices in one message and ends: none is lost, and no turn takes more than one."""
    from NSN2NDenoiseLib.logic import residual_job

    module.panel.matching._inspectTimer.stop()  # the panel would take the job over
    monkeypatch.setattr(residual_job, "BATCH", 5)
    logic.dropResidual()
    job = logic.residualJob(volume, "auto", focus=(0, 0, 0))
    told = []
    job.onSlices = told.append
    beats = Beats(lambda: 0 if job.arrived is None else int(job.arrived.sum()))
    host.waitUntil(lambda: not job.running)
    seen = beats.end()
    slices = len(voxels(volume))
    assert job.complete and job.outcome.status == "done"
    assert [len(indices) for indices in told] == [5, 5, slices - 10]
    assert max(np.diff(seen)) <= 2


def test_the_event_loop_turns_before_the_result_is_previewed(host, module, ui, volume, slow, quickChild):
    """The layer is a copy of the input; switched off meanwhile, none comes."""
    quickChild.hold()
    layer, before = module.panel.preview.layer, sceneContent()
    beats = Beats(lambda: layer.visible)
    ui.previewResultButton.click()
    assert layer.node is None
    host.waitUntil(lambda: layer.visible)
    assert beats.end().count(False) > voxels(volume).nbytes // PIECE // 2
    assert np.array_equal(voxels(layer.node), voxels(volume))
    ui.previewResultButton.click()
    ui.previewResultButton.click()
    assert ui.previewResultButton.checked and layer.node is None
    ui.previewResultButton.click()
    host.wait(0.1)
    assert layer.node is None and sceneContent() == before


def test_another_preview_begins_where_the_last_one_was_written(host, module, ui, volume, quickChild):
    """And copies no more of the volume than that."""
    from NSN2NDenoiseLib.logic import volumes

    quickChild.hold()
    ui.previewResultButton.click()
    layer = module.panel.preview.layer
    host.waitUntil(lambda: layer.visible)
    first, second, elsewhere = np.s_[0:1, 0:8, 0:8], np.s_[2:3, 0:8, 0:8], (4, 4, 4)
    before, full = voxels(volume), np.full((1, 8, 8), 7, np.int16)
    layer.sketch(first, full, 1.0)
    volumes.arrayOf(layer.node)[elsewhere] = 1234
    layer.forget()
    assert (voxels(layer.node)[first] == 7).all()  # until something new comes
    layer.write(second, full, 1.0)
    assert np.array_equal(voxels(layer.node)[first], before[first]) and (voxels(layer.node)[second] == 7).all()
    assert voxels(layer.node)[elsewhere] == 1234
