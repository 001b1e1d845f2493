"""Denoise a folder: the real command, two tiny volumes, and the page that opens."""

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.CommandLine.bids_files import boxes


@pytest.fixture
def opened(monkeypatch):
    """The pages that were opened."""
    import qt

    pages = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", lambda url: pages.append(url.toLocalFile()))
    return pages


@pytest.fixture
def folder(tmp_path, module, logic, monkeypatch):
    """Two volumes to be denoised by one process."""
    process = logic.processFolder
    monkeypatch.setattr(logic, "processFolder", lambda *args, **options: process(*args, workers=1, **options))
    module.panel.matching._inspectTimer.stop()
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a", "deep/b"):
        sitk.WriteImage(sitk.GetImageFromArray(boxes(20)), str(tmp_path / "in" / f"{name}.nrrd"))
    return tmp_path


def choose(ui, folder):
    ui.presetComboBox.setCurrentText("fast")
    assert not ui.folderButton.enabled and "with the volumes" in ui.folderButton.toolTip
    ui.folderPathEdit.currentPath = str(folder / "in")
    assert not ui.folderButton.enabled and "for the results" in ui.folderButton.toolTip
    ui.folderOutputPathEdit.currentPath = str(folder / "out")
    assert ui.folderButton.enabled


def test_all_volumes_and_the_table(host, ui, logic, folder, opened):
    (folder / "in" / "bad.nrrd").write_text("no image")
    choose(ui, folder)
    ui.folderButton.click()
    assert ui.folderButton.text == "Stop" and ui.applyButton.enabled  # the scene is free
    host.waitUntil(lambda: not logic.isFolderRunning())
    assert "1 of 3 volumes have no result" in ui.folderStatusLabel.text
    assert opened == [str(folder / "out" / "nsn2n-batch.html")]
    for name in ("a", "deep/b"):
        after = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "out" / f"{name}_denoised.nrrd")))
        assert np.std(after - boxes(0)) < 10
    assert ui.folderButton.text == "Denoise all volumes"
    (folder / "in" / "bad.nrrd").unlink()
    page = logic.processFolder(folder / "in", folder / "out", preset="fast", device="auto", seed=0, rician="auto")
    assert page == opened[0]  # finished before: nothing is left to do


def test_stopped(host, ui, logic, folder, opened):
    choose(ui, folder)
    ui.folderButton.click()
    host.wait(0.5)
    ui.folderButton.click()
    host.waitUntil(lambda: not logic.isFolderRunning())
    assert "Finished volumes stay" in ui.folderStatusLabel.text and opened == []


@pytest.mark.parametrize("failure", ["not found", "not started"])
def test_a_command_that_can_not_be_started(host, ui, logic, folder, opened, monkeypatch, failure):
    """It has ended, then; and what would stop it stops nothing else, Slicer least of all."""
    from NSN2NDenoiseLib.logic import folder_run

    def find():
        if failure == "not found":
            raise RuntimeError("no interpreter")
        return str(folder / "nothing")

    words = "no interpreter|could not be started"
    interrupted = []
    monkeypatch.setattr(folder_run, "findPython", find)
    monkeypatch.setattr(folder_run.os, "kill", lambda *how: interrupted.append(how))
    with pytest.raises(RuntimeError, match=words):
        logic.processFolder(folder / "in", folder / "out")
    choose(ui, folder)
    with host.expectDialog(words):
        ui.folderButton.click()
        host.waitUntil(lambda: not logic.isFolderRunning())
    logic.cancelFolder()
    logic.stopEverything()
    assert interrupted == [] and ui.folderButton.text == "Denoise all volumes"


def test_refused(host, ui, logic, folder, opened):
    with pytest.raises(ValueError, match="does not exist"):
        logic.processFolder(folder / "none", folder / "out")
    (folder / "out").mkdir()
    (folder / "out" / "mine.txt").write_text("mine")
    choose(ui, folder)
    ui.folderButton.click()
    with host.expectDialog("is not empty and no batch's"):
        host.waitUntil(lambda: not logic.isFolderRunning())
    assert opened == []
