"""torch, which Slicer does not bring: asked for at Apply, with a clear word when it is missing."""

import importlib.util
import sys
import types

import pytest

from Testing.Module.support import voxels


@pytest.fixture
def hide(monkeypatch, logic):
    """Function: from now on a package can't be found."""
    found = importlib.util.find_spec

    def hidden(*names):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name in names else found(name, *a))

    return hidden


@pytest.fixture
def packaging(monkeypatch):
    """slicer.packaging, with what was asked of it."""
    import slicer.packaging

    asked = []
    monkeypatch.setattr(slicer.packaging, "pip_ensure", lambda reqs, **kw: asked.append([str(r) for r in reqs]))
    return slicer.packaging, asked


def test_preview_asks_for_nothing(host, module, ui, hide, packaging):
    hide("skimage", "torch")
    ui.previewCheckBox.click()
    host.waitUntil(lambda: module.panel.matching._job is not None and module.panel.matching._job.complete)
    assert packaging[1] == []


def test_missing_torch_goes_through_the_pytorch_extension(host, ui, hide, packaging, monkeypatch, logic):
    hide("torch")
    asked = []

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation=False, torchVersionRequirement=None):
            asked.append((askConfirmation, torchVersionRequirement))

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))
    with host.expectDialog("PyTorch"):
        ui.applyButton.click()
    assert asked == [(True, ">=2.2")]
    assert not logic.isRunning()


def test_older_pytorch_extension(hide, packaging, monkeypatch, host, logic, volume):
    from NSN2NDenoiseLib.logic import dependencies

    hide("torch")
    asked = []

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation=False):
            asked.append(askConfirmation)

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))
    with pytest.raises(dependencies.DependencyError, match="not installed"):
        logic.process(volume)
    assert asked == [True]


def test_no_pytorch_extension(host, hide, packaging, monkeypatch, logic, volume):
    from NSN2NDenoiseLib.logic import dependencies

    hide("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with host.testingMode(), pytest.raises(dependencies.DependencyError, match="PyTorch extension"):
        logic.process(volume)
    assert not logic.isRunning()


@pytest.mark.parametrize("answer", ["ok", "cancel"])
def test_the_pytorch_extension_is_offered(host, hide, packaging, monkeypatch, logic, ui, answer):
    """Installed by the Extensions Manager if the user wants it; needed, and said so, in any case."""
    installed = []
    manager = types.SimpleNamespace(installExtensionFromServer=installed.append)
    hide("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    monkeypatch.setattr(type(host.app), "extensionsManagerModel", lambda app: manager, raising=False)
    with host.expectDialog("Install it now and restart", answer=answer), host.expectDialog("then restart Slicer"):
        ui.applyButton.click()
    assert installed == (["PyTorch"] if answer == "ok" else []) and not logic.isRunning()


def test_old_torch_is_not_enough(monkeypatch, logic):
    from NSN2NDenoiseLib.logic import dependencies

    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.1.2+cu118")
    assert not dependencies._haveTorch()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.13.0+cpu")
    assert dependencies._haveTorch()


@pytest.mark.parametrize("declined", [False, True])
def test_numba_is_asked_for_and_may_be_missing(hide, packaging, monkeypatch, logic, declined):
    from NSN2NDenoiseLib.logic import dependencies

    def decline(*_, **__):
        raise RuntimeError("User declined package installation")

    hide("numba", "safetensors")
    if declined:
        monkeypatch.setattr(packaging[0], "pip_ensure", decline)
    dependencies.ensureForRun()
    assert packaging[1] == ([] if declined else [["numba>=0.59", "safetensors>=0.4"]])


@pytest.fixture
def installing(monkeypatch, quickChild):
    """Function: while torch is installed, which lets Slicer handle clicks line by line, something is done once."""
    from NSN2NDenoiseLib.logic import dependencies

    def use(meanwhile):
        todo = [meanwhile]
        monkeypatch.setattr(dependencies, "ensureForRun", lambda: todo.pop()() if todo else None)

    return use


def test_nothing_else_starts_while_packages_are_installed(host, module, logic, ui, quickChild, installing, volume):
    """One click more is no second run, which nobody could cancel."""
    enabled = []

    def click():
        enabled.append(ui.applyButton.enabled)
        ui.applyButton.click()
        for start in (logic.process, logic.processFolder):
            with pytest.raises(RuntimeError, match="are being installed"):
                start(volume, None)
        with host.expectDialog("are being installed"):
            ui.previewResultButton.click()
        enabled.append(ui.previewResultButton.checked)

    module.panel.matching._inspectTimer.stop()
    installing(click)
    quickChild.hold()
    ui.applyButton.click()
    assert enabled == [False, False] and ui.applyButton.text == "Cancel"
    host.waitUntil(lambda: quickChild.started)
    quickChild.release()
    host.waitUntil(lambda: not logic.isRunning())
    assert len(quickChild.started) == 1 and ui.applyButton.text == "Apply" and ui.applyButton.enabled


def test_a_preview_that_is_switched_off_while_packages_are_installed(host, module, logic, ui, quickChild, installing):
    installing(ui.previewResultButton.click)
    ui.previewResultButton.click()
    assert not ui.previewResultButton.checked and module.panel.preview._job is None
    assert module.panel.preview.layer.node is None and not logic.isPreparing()


@pytest.mark.parametrize("change", ["removed", "edited", "closed"])
def test_a_volume_that_changes_while_packages_are_installed(host, logic, ui, quickChild, installing, volume, change):
    changes = {
        "removed": lambda: host.scene.RemoveNode(volume),
        "edited": lambda: host.slicer.util.updateVolumeFromArray(volume, voxels(volume)[:5]),
        "closed": host.closeScene,
    }
    installing(changes[change])
    with host.expectDialog("'chest' was changed or removed while"):
        ui.applyButton.click()
    assert not logic.isRunning() and not any("denoise" in job for job in quickChild.started)
