"""Odd folders and other Slicers: temporary folders that can't be written, vanish, or have names of all kinds."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from Testing.Module.support import MODULE_FOLDER, SHORT, jobDirectories, sceneContent, voxels, waitForNoFiles

#: A folder that nobody can write, not even root.
READ_ONLY = "/proc"
USER = "Jörg Müller-Łukasz 田中 ß"


@pytest.fixture
def temporary(host, monkeypatch):
    """Function: use another temporary folder."""
    before = host.app.temporaryPath

    def use(path):
        host.app.temporaryPath = str(path)

    yield use
    host.app.temporaryPath = before


def test_a_temporary_folder_that_is_read_only(host, logic, ui, module, volume, quickChild, temporary):
    module.panel.matching._inspectTimer.stop()
    before = sceneContent()
    temporary(READ_ONLY)
    words = "temporary folder can't be used .* choose another temporary folder"
    with host.expectDialog(words):
        ui.applyButton.click()
    assert not logic.isRunning() and ui.applyButton.text == "Apply" and ui.applyButton.enabled
    with host.expectDialog(words):
        ui.previewCheckBox.click()
    assert not ui.previewCheckBox.checked
    with host.expectDialog(words):
        ui.previewResultButton.click()
    assert not ui.previewResultButton.checked
    with pytest.raises(OSError, match=words):
        logic.process(volume)
    assert sceneContent() == before


def test_a_temporary_folder_that_is_gone_is_replaced_by_the_systems(logic, volume, quickChild, temporary, tmp_path):
    temporary(tmp_path / "gone")
    assert np.array_equal(voxels(logic.process(volume)), voxels(volume) // 2)


@pytest.mark.parametrize("when", ["copying", "running"])
def test_a_job_whose_folder_is_swept_away(host, logic, ui, volume, quickChild, monkeypatch, when):
    """Systems clean their temporary folders, of what lies there for days, too; the next run is none the worse."""
    from NSN2NDenoiseLib.logic import turns

    before = sceneContent()
    monkeypatch.setattr(turns, "TURN", 0)
    monkeypatch.setattr(turns, "PIECE", 1 << 14)
    quickChild.hold()
    with host.expectDialog("No such file or directory"):
        ui.applyButton.click()
        if when == "running":
            host.waitUntil(lambda: any("denoise" in name for name in quickChild.started))
        shutil.rmtree(logic._run._directory.path)
        quickChild.release()
        host.waitUntil(lambda: not logic.isRunning())
    assert sceneContent() == before and ui.applyButton.text == "Apply"
    waitForNoFiles(host, "denoise")
    assert np.array_equal(voxels(logic.process(volume)), voxels(volume) // 2)


def test_a_user_whose_name_has_spaces_and_letters_of_all_kinds(host, module, sampleFile, temporary, tmp_path):
    """The real child, with the temporary folder, the volume, its name, its result and its network in such a home."""
    import slicer

    module.panel.matching._inspectTimer.stop()
    home = tmp_path / USER
    (home / "AppData Local Temp").mkdir(parents=True)
    temporary(home / "AppData Local Temp")
    shutil.copy(sampleFile, home / f"{USER}.nrrd")
    volume = slicer.util.loadVolume(str(home / f"{USER}.nrrd"))
    logic = slicer.util.getModuleLogic("NSN2NDenoise")
    output = logic.process(volume, settings={**SHORT, "steps": 5}, saveNetwork=home / f"{USER}.safetensors")
    assert output.GetName() == f"{USER} denoised"
    assert json.loads(output.GetAttribute("NSN2N.Report"))["network"]["trainedHere"]
    assert slicer.util.saveNode(output, str(home / f"{USER} denoised.nrrd"))
    again = slicer.util.loadVolume(str(home / f"{USER} denoised.nrrd"))
    assert np.array_equal(voxels(again), voxels(output))
    waitForNoFiles(host)
    assert sorted(path.name for path in home.iterdir()) == sorted(
        [f"{USER}.nrrd", f"{USER} denoised.nrrd", f"{USER}.safetensors", "AppData Local Temp"]
    )


def test_another_slicer_keeps_its_files(host, logic, volume, quickChild):
    """Two Slicers share a temporary folder: one that quits, or removes what it left, removes only its own."""
    import slicer
    from NSN2NDenoiseLib.logic.job_directory import JobDirectory, removeLeftovers

    code = "import sys, tempfile; print(tempfile.mkdtemp(prefix='NSN2N-denoise-', dir=sys.argv[1]))"
    other = subprocess.run(
        [sys.executable, "-c", code, slicer.app.temporaryPath], capture_output=True, text=True, check=True
    ).stdout.strip()
    with open(os.path.join(other, "volume.npy"), "wb") as file:
        file.write(b"of the other")
    ours = [JobDirectory({"task": "denoise"}) for _ in range(2)]
    assert len({directory.path for directory in ours} | {other}) == 3
    logic.process(volume, waitForCompletion=False)
    for directory in ours:
        directory.remove()
    logic.stopEverything()
    removeLeftovers()
    assert [os.path.join(slicer.app.temporaryPath, name) for name in jobDirectories("denoise")] == [other]
    assert os.listdir(other) == ["volume.npy"]
    shutil.rmtree(other)


def test_what_a_killed_slicer_left_goes_with_the_first_job(host, logic, volume, quickChild, monkeypatch, tmp_path):
    """Killed while it copies a volume, say: no other process knows of the files then."""
    import slicer
    from NSN2NDenoiseLib.logic import job_directory, owned_folder

    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    monkeypatch.setattr(job_directory, "_swept", set())
    dead = subprocess.Popen(["true"])
    dead.wait()

    def folder(prefix, root, process, computer=None):
        with monkeypatch.context() as of:
            of.setattr(owned_folder.os, "getpid", lambda: process)
            if computer is not None:
                of.setattr(owned_folder.platform, "node", lambda: computer)
            path = owned_folder.makeFolder(prefix, root)
        with open(os.path.join(path, "volume.npy"), "wb") as file:
            file.truncate(3 * job_directory.STEP)
        return path

    places = ("NSN2N-denoise-", slicer.app.temporaryPath), ("NSN2N-networks-", None)
    left = [folder(*place, dead.pid) for place in places]
    others = [folder(*place, os.getppid()) for place in places]
    others += [folder(*places[0], dead.pid, "another computer"), tempfile.mkdtemp(prefix=places[0][0])]
    assert owned_folder.abandonedFolders(slicer.app.temporaryPath) == left[:1]
    with monkeypatch.context() as another:
        another.setattr(owned_folder.os, "getuid", lambda: os.stat(left[0]).st_uid + 1)
        assert owned_folder.abandonedFolders(slicer.app.temporaryPath) == []
    logic.process(volume)
    host.waitUntil(lambda: not any(map(os.path.exists, left)))
    for path in others:
        assert os.path.isdir(path)
        shutil.rmtree(path)
    waitForNoFiles(host, "denoise")


@pytest.mark.parametrize(
    ("handle", "answer", "isRunning"), [(None, 87, False), (None, 5, True), (1, 0, False), (1, 258, True)]
)
def test_windows_is_asked_for_a_process_without_ending_it(host, monkeypatch, handle, answer, isRunning):
    from NSN2NDenoiseLib.logic import owned_folder

    class Kernel:
        closed = 0

        def __init__(self):
            self.OpenProcess = lambda right, inherit, process: handle

        def WaitForSingleObject(self, opened, milliseconds):
            return answer

        def CloseHandle(self, opened):
            self.closed += 1

    monkeypatch.setattr(owned_folder.ctypes, "get_last_error", lambda: answer, raising=False)
    kernel = Kernel()
    assert owned_folder._isRunningOnWindows(42, kernel) == isRunning
    assert kernel.closed == (handle is not None)


#: Windows takes 260 characters, with the end; some of them are those of a temporary folder, and of a Slicer that a
#: user with a name of 20 letters has installed.
MOST, TEMPORARY = 259, len(r"C:\Users\abcdefghijklmnopqrst\AppData\Local\Temp\Slicer-abcdefghijklmnopqrst" + "\\")
INSTALLED = len(
    r"C:\Users\abcdefghijklmnopqrst\AppData\Local\slicer.org\Slicer 5.12.0\slicer.org\Extensions-34567\NSN2N\lib"
    r"\Slicer-5.12\qt-scripted-modules" + "\\"
)


def test_names_of_a_jobs_files_are_short(host, module):
    from NSN2NDenoiseLib.child import protocol
    from NSN2NDenoiseLib.logic.job_directory import JobDirectory

    names = [name for key, name in vars(protocol).items() if key.endswith("_FILE")]
    names += [make(99_999) for key, make in vars(protocol).items() if key.endswith("_file")]
    names.append(protocol.denoised_frame(99_999))
    assert len(names) == 13
    for task in (protocol.DENOISE, protocol.FRAMES, protocol.MATCH, protocol.SHOW):
        directory = JobDirectory({"task": task})
        folder = os.path.basename(directory.path)
        directory.remove()
        assert TEMPORARY + len(folder) + max(len(f"/{name}.part") for name in names) <= MOST - 100  # much room is left


def test_names_of_the_installed_files_are_short():
    """Those that numba keeps beside them, too: it adds function, line, Python, number and, while it writes, more."""
    for path in (MODULE_FOLDER / "NSN2NDenoiseLib").rglob("*.py"):
        folder = path.parent.relative_to(MODULE_FOLDER)
        longest = len(str(folder / "__pycache__" / path.stem)) + len(".cpython-312.pyc.0123456789012")
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef) and function.decorator_list and "filter" in folder.parts:
                kept = f"{path.stem}.{function.name}-{function.lineno}.py312.10.nbc.tmp.0123456789abcdef"
                longest = max(longest, len(str(folder / "__pycache__" / kept)))
        assert INSTALLED + longest <= MOST, path
