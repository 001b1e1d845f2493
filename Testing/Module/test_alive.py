"""What stays in memory: PythonQt keeps slots alive in C++, where gc can't see it, so it is counted here."""

import gc
import weakref

import numpy as np
import pytest

from Testing.Module.support import voxels

KINDS = ("DenoiseRun", "ResidualJob", "ChildProcess", "JobDirectory", "SceneWatch", "Turns", "InputState")


def alive(host) -> dict:
    """How many jobs and their parts are alive, and how many of our slots Qt objects hold."""
    host.processEvents()
    gc.collect()
    counts = dict.fromkeys(KINDS, 0)
    for thing in gc.get_objects():
        name = type(thing).__name__
        if name in counts and str(type(thing).__module__).startswith("NSN2NDenoiseLib"):
            counts[name] += 1
    owners = [getattr(slot, "__self__", slot) for slot in host.heldSlots()]
    modules = [getattr(owner, "__module__", None) or type(owner).__module__ for owner in owners]
    counts["slots"] = sum(str(module).startswith("NSN2NDenoiseLib") for module in modules)
    return counts


def test_many_volumes_and_runs_leave_nothing(host, module, logic, ui, volume, quickChild):
    import slicer

    section = module.panel.matching
    ui.previewCheckBox.click()
    host.waitUntil(lambda: quickChild.started)  # so that it is counted

    def look(n):
        node = slicer.util.addVolumeFromArray(np.roll(voxels(volume), n, axis=2), name=f"look {n}")
        ui.inputSelector.setCurrentNode(node)
        host.waitUntil(lambda: section._job is not None and section._job.volumeID == node.GetID())
        host.waitUntil(lambda: section._job.complete and logic._stopOnQuit.jobs == [])
        return node

    def run(output):
        ui.outputSelector.setCurrentNode(output)
        ui.applyButton.click()
        host.waitUntil(lambda: not logic.isRunning())
        return logic.getParameterNode().resultVolume

    look(0)
    output = run(None)
    before = alive(host)
    assert before["ResidualJob"] == 1 and before["DenoiseRun"] == 0, before
    for n in range(1, 5):
        look(n)
        run(output)
    assert alive(host) == before
    assert len(quickChild.started) == 11  # 6 volumes, 5 runs
    jobs = [thing for thing in gc.get_objects() if type(thing).__name__ == "ResidualJob"]
    assert jobs == [section._job]


def test_an_ended_job_is_free_before_its_process_is_deleted(host, logic, volume, quickChild):
    """`deleteLater` waits for the event loop, and a long script may not come back to it: no voxels may wait, too."""
    logic.process(volume, waitForCompletion=False)
    run, child = weakref.ref(logic._run), weakref.ref(logic._run._child)
    while run() is not None and run().running:
        run().wait(50)
    gc.collect()
    assert run() is None
    assert child() is not None  # as its process is
    host.processEvents()
    gc.collect()
    assert child() is None


@pytest.mark.parametrize("end", ["closed", "removed"])
def test_a_residual_of_the_console_goes_with_its_volume(host, module, logic, volume, quickChild, end):
    module.panel.matching._inspectTimer.stop()
    logic.computeMask(volume)
    job = weakref.ref(logic._residuals._jobs["console"])
    assert logic.computeMask(volume, threshold=0.1) and logic._residuals._jobs["console"] is job()  # computed once
    if end == "closed":
        host.closeScene()
    else:
        host.scene.RemoveNode(volume)
    host.processEvents()
    gc.collect()
    assert job() is None


@pytest.mark.parametrize("failure", ["nothing there", "not found"])
def test_a_child_that_could_not_be_started_is_not_stopped_at_quit(
    host, logic, ui, volume, monkeypatch, tmp_path, failure, module
):
    from NSN2NDenoiseLib import engine
    from NSN2NDenoiseLib.logic import child_job, child_process

    def find():
        if failure == "not found":
            raise RuntimeError("no interpreter")
        return str(tmp_path / "nothing")

    monkeypatch.setattr(child_process, "findPython", find)
    with pytest.raises(engine.RunError, match=r"could not be started|no interpreter"):
        logic.process(volume)
    stopped = []
    monkeypatch.setattr(child_job.ChildJob, "stopNow", lambda job: stopped.append(type(job).__name__))
    logic.stopEverything()
    assert "DenoiseRun" not in stopped  # the panel may have looked at the volume before all this


def test_use_after_the_end_is_harmless(host, logic, volume, quickChild):
    runs = []
    logic.process(volume, waitForCompletion=False)
    runs.append(logic._run)
    assert logic.processId > 0
    host.waitUntil(lambda: not logic.isRunning())
    host.processEvents()
    run = runs[0]
    assert run.processId == 0 and not run.childRunning
    run._child.send("cancel")
    run._child.kill()
    run.cancel()
    run.wait(10)
    run.stopNow()
    assert run.outcome.status == "done"
