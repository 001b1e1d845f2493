"""Fixtures: the module in the test host, with a real volume from a file and a training short enough for a test."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# two threads that wait for each other on busy cores make a training of seconds one of minutes
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest.importorskip("slicer", reason="slicer-core is not installed; see Testing/Host/README.md")

from Testing.Host.fixtures import *  # noqa: F403
from Testing.Module.support import LONG, MODULE, MODULE_FOLDER, SHORT

#: Size of the volume that most tests use, (i, j, k). A module of tests may have a SIZE of its own.
SIZE = (48, 48, 12)


@pytest.fixture(scope="module")
def sampleFile(request, tmp_path_factory):
    """A real volume of SIZE voxels in a file, cut from the middle of the sample that comes with the extension."""
    import SimpleITK as sitk

    samples = sorted((MODULE_FOLDER / "Resources" / "SampleData").glob("*.n*"))
    image = sitk.ReadImage(os.environ.get("NSN2N_TEST_VOLUME") or str(samples[0]))
    wanted = getattr(request.module, "SIZE", SIZE)
    size = [min(whole, part) for whole, part in zip(image.GetSize(), wanted, strict=True)]
    start = [(whole - part) // 2 for whole, part in zip(image.GetSize(), size, strict=True)]
    cut = tmp_path_factory.mktemp("volumes") / "chest.nrrd"
    sitk.WriteImage(sitk.RegionOfInterest(image, size, start), str(cut))
    return cut


@pytest.fixture
def volume(host, sampleFile):
    """The real volume, loaded from its file and shown in the slice views."""
    node = host.slicer.util.loadVolume(str(sampleFile))
    host.slicer.util.setSliceViewerLayers(background=node, fit=True)
    host.processEvents()
    return node


@pytest.fixture
def pythonReal(python, monkeypatch):
    """As in Slicer, the module finds its Python in the path: here, one that starts in a moment."""
    monkeypatch.setenv("PATH", os.path.dirname(python), prepend=os.pathsep)


@pytest.fixture(scope="session")
def knownProgram(python, tmp_path_factory):
    """A Python for `worker.py` that does no denoising job twice (known_child.py)."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "results").mkdir()
    script = Path(__file__).with_name("known_child.py")
    program = folder / "python-real"
    program.write_text(f'#!/bin/sh\nexec "{python}" "{script}" "{folder}/results" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def known(pythonReal, knownProgram, monkeypatch):
    """A volume that any test has denoised with the same parameters has its result at once, voxel for voxel."""
    monkeypatch.setenv("PATH", str(knownProgram.parent), prepend=os.pathsep)


@pytest.fixture
def module(host, volume, pythonReal):
    """The module's widget, opened with the volume in the scene."""
    return host.loadModule(str(MODULE))


@pytest.fixture
def logic(module):
    """The module's logic, as slicer.util.getModuleLogic gives it."""
    import slicer

    return slicer.util.getModuleLogic("NSN2NDenoise")


@pytest.fixture
def ui(module):
    """The panel's widgets by name."""
    return module.panel.ui


@pytest.fixture
def short(monkeypatch, module, logic):
    """Every run of the panel takes seconds, and nothing else is computed beside it."""
    module.panel.matching._inspectTimer.stop()
    _override(monkeypatch, logic, SHORT)


@pytest.fixture
def long(monkeypatch, module, logic):
    """Every run of the panel takes long enough to be stopped, and nothing else is computed beside it."""
    module.panel.matching._inspectTimer.stop()
    _override(monkeypatch, logic, LONG)


@pytest.fixture(autouse=True)
def samePackage():
    """The module's file loads the package anew; what else was imported from it comes back afterwards."""

    def ours():
        return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "NSN2NDenoiseLib"}

    before = ours()
    yield
    for name in ours():
        del sys.modules[name]
    sys.modules.update(before)


class QuickChild:
    """The stand-in for the child process (quick_child.py).

    `hold` makes it wait before it answers, `release` lets it go on; `started` lists the jobs so far. `sayFirst` gives
    it a first result, and then lets it die if wanted; `dieAfter` lets it go through stages and die in the last one.
    """

    def __init__(self, folder, python):
        self.folder = folder
        self.program = folder / "python"
        script = Path(__file__).with_name("quick_child.py")
        self.program.write_text(f'#!/bin/sh\nexec "{python}" "{script}" "{folder}" "$2"\n')
        self.program.chmod(0o755)

    def hold(self):
        (self.folder / "hold").touch()

    def sayFirst(self, thenCrash=False):
        (self.folder / "first").touch()
        if thenCrash:
            (self.folder / "crash").touch()

    def dieAfter(self, stages):
        (self.folder / "stages").write_text(" ".join(stages))

    def release(self):
        (self.folder / "hold").unlink(missing_ok=True)

    @property
    def started(self):
        file = self.folder / "started"
        return file.read_text().split() if file.exists() else []


@pytest.fixture
def quickChild(module, monkeypatch, tmp_path, python):
    """Jobs are done at once by a stand-in: for tests of what Slicer's side makes of them."""
    from NSN2NDenoiseLib.logic import child_process, dependencies

    child = QuickChild(tmp_path, python)
    monkeypatch.setattr(child_process, "findPython", lambda: str(child.program))
    monkeypatch.setattr(dependencies, "ensureForRun", lambda: None)
    yield child
    child.release()


def _override(monkeypatch, logic, settings):
    process = logic.process
    monkeypatch.setattr(logic, "process", lambda *args, **kwargs: process(*args, settings=settings, **kwargs))
