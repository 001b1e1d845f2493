"""The quality report of a result in the panel and the console, with the real child process."""

import json
import re
import shutil

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from Testing.Module.support import MODULE_FOLDER, isAlive, jobDirectories, voxels, waitForEnd, waitForNoFiles
from Testing.Module.test_folder import opened  # noqa: F401
from Testing.Module.test_strength import fast, report  # noqa: F401


def pageOf(path) -> tuple[str, dict]:
    """Source and figures of a page."""
    source = path.read_text(encoding="utf-8")
    return source, json.loads(re.search(r'id="figures">(.*?)</script>', source, re.DOTALL).group(1))


def figuresOf(path) -> dict:
    """Its figures, without date and machine."""
    return {key: part for key, part in pageOf(path)[1].items() if key != "made"}


def byCommand(volume, result, folder) -> dict:
    """The figures of ``nsn2n report`` for the same two volumes and the report that the result was stored with."""
    from NSN2NDenoiseLib.cli.main import main

    names = [str(folder / name) for name in ("in.nrrd", "out.nrrd", "run.json", "command.html")]
    for node, name in ((volume, names[0]), (result, names[1])):
        image = sitk.GetImageFromArray(voxels(node))
        image.SetSpacing(node.GetSpacing())
        sitk.WriteImage(image, name)
    (folder / "run.json").write_text(json.dumps(report(result)))
    call = ["report", *names[:2], "--run", names[2], "-o", names[3], "--quiet"]
    assert main(call) == 0
    return figuresOf(folder / "command.html")


#: Parts of the sample, (i, j, k): one has enough for lesions.
SMALL, ENOUGH = np.s_[60:124, 70:134, 6:18], np.s_[40:180, 60:188, 6:19]
for_lesions = pytest.mark.parametrize("sampleFile", [ENOUGH], indirect=True, ids=["enough"])


@pytest.fixture(scope="module")
def sampleFile(request, tmp_path_factory):
    """A part of the sample, SMALL unless a test asks for another one."""
    sample = next((MODULE_FOLDER / "Resources" / "SampleData").glob("*.nrrd"))
    path = tmp_path_factory.mktemp("volumes") / "chest.nrrd"
    sitk.WriteImage(sitk.ReadImage(str(sample))[getattr(request, "param", SMALL)], str(path))
    return path


@pytest.fixture
def result(host, logic, ui, fast):  # noqa: F811
    """A result of preset fast, shown in the panel."""
    logic.getParameterNode().resultVolume = fast
    host.processEvents()
    assert ui.resultCollapsibleButton.visible
    return fast


def test_the_page_of_the_panel_is_that_of_the_command(host, ui, logic, volume, result, opened, tmp_path):  # noqa: F811
    from NSN2NDenoiseLib.logic import volumes

    hierarchy, item = volumes.hierarchyItem(volume)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    volume.SetName("Doe^John")
    volume.Modified()
    with host.expectDialog("Save the quality report", answer=""):
        ui.qualityButton.click()
    assert not logic.isReporting() and opened == []
    with host.expectDialog("Save the quality report", answer=str(tmp_path / "page")):
        ui.qualityButton.click()
    assert ui.qualityButton.text == "Cancel report" and ui.applyButton.enabled
    host.waitUntil(lambda: not logic.isReporting(), 300)
    page = tmp_path / "page.html"
    assert opened == [str(page)] and str(page) in ui.qualityStatusLabel.text
    assert ui.qualityButton.text == "Quality report..." and ui.qualityButton.enabled
    source, figures = pageOf(page)
    identity = figures["identity"]
    assert identity["modality"] == "CT" and "CT, int16" in source
    wanted = byCommand(volume, result, tmp_path)
    assert {**wanted["identity"], "modality": "CT"} == identity  # a file says none
    assert {**wanted, "identity": identity} == figuresOf(page)
    stored, run = figures["figures"], report(result)
    for key in ("noiseBefore", "homogeneousBlocks", "sliceCorrelation"):
        assert stored[key] == run[key]
    for key in ("noiseBefore", "noiseAfter", "meanShift", "worstBlockShift"):
        assert f"{run[key]:.5g}".replace("-", "−") in source
    assert identity["inputSHA256"] == run["inputSHA256"]
    assert identity["resultSHA256"] == run["resultSHA256"] and "hashes differ" not in source
    shown = re.sub(r'"data:image/png;base64,[^"]*"', "", source)
    for private in ("Doe", "John", "chest", "denoised.", str(tmp_path), "http:", "https:"):
        assert private not in shown
    assert "Not measured" in source
    waitForNoFiles(host, "quality")
    loaded = savedAndLoaded(host, tmp_path, volume, result)
    assert ui.qualityButton.enabled
    with pytest.raises(ValueError, match="exists already"):
        logic.qualityReport(loaded, page)
    first = figuresOf(page)
    assert logic.qualityReport(loaded, page, overwrite=True) == str(page)
    assert figuresOf(page) == first
    slicer.util.arrayFromVolume(slicer.util.getNode("Doe^John"))[2, 3, 4] += 1
    with pytest.raises(ValueError, match="its voxels were changed"):
        logic.qualityReport(loaded, tmp_path / "changed.html")
    assert not (tmp_path / "changed.html").exists()


def savedAndLoaded(host, folder, volume, result):
    """The result, after the scene was saved, emptied and loaded."""
    for number, node in enumerate((volume, result)):
        slicer.util.saveNode(node, str(folder / f"{number}.nrrd"))
    name = result.GetName()
    assert slicer.util.saveScene(str(folder / "scene.mrml"))
    slicer.mrmlScene.Clear()
    host.processEvents()
    slicer.util.loadScene(str(folder / "scene.mrml"))
    host.processEvents()
    return slicer.util.getNode(name)


@for_lesions
def test_lesions_have_a_price_and_are_inserted(host, ui, logic, volume, result, opened, tmp_path):  # noqa: F811
    logic.setStrength(result, 0.5)
    box, run = ui.lesionsCheckBox, report(result)
    price = logic.qualityReportPrice(result)
    assert f"about {sum(run['seconds'].values()):.0f} s" in price and "GB" in price
    assert box.enabled and "about" in box.text and price in box.toolTip
    box.checked = True
    with host.expectDialog("Save the quality report", answer=str(tmp_path / "page.html")):
        ui.qualityButton.click()
    said = []
    host.waitUntil(lambda: said.append(ui.qualityStatusLabel.text) or not logic.isReporting(), 300)
    assert any(text.startswith("With lesions: ") and "%" in text for text in said)
    source, figures = pageOf(tmp_path / "page.html")
    cells = figures["figures"]["contrast"]
    assert cells and all(0.2 < cell["recovered"] < 1.2 for cell in cells)  # half of the input is in it
    assert "Not measured" not in source and "hashes differ" not in source and "0.5" in source


def test_refused(host, ui, logic, volume, result, tmp_path):
    with pytest.raises(ValueError, match="no result of NSN2N"):
        logic.qualityReport(volume, tmp_path / "a.html")
    for path in ("a.pdf", "none/a.html"):
        with pytest.raises(ValueError, match="its name end in"):
            logic.qualityReport(result, tmp_path / path)
    whole = report(result)
    for change, words in (
        ({"within": {"fraction": 0.1}}, "within a part only"),
        ({"network": {"trainedHere": False, "name": "n"}}, "trained on another volume"),
    ):
        result.SetAttribute("NSN2N.Report", json.dumps({**whole, **change}))
        with pytest.raises(ValueError, match=words):
            logic.qualityReport(result, tmp_path / "a.html", lesions=True)
        logic.getParameterNode().Modified()
        assert not ui.lesionsCheckBox.enabled and words in ui.lesionsCheckBox.toolTip and ui.qualityButton.enabled
    result.SetAttribute("NSN2N.Report", json.dumps({"seed": 0}))
    with pytest.raises(ValueError, match="Another version"):
        logic.qualityReport(result, tmp_path / "a.html")
    result.SetAttribute("NSN2N.Report", json.dumps(whole))
    slicer.util.updateVolumeFromArray(volume, voxels(volume)[:-1])
    logic.getParameterNode().Modified()
    assert not ui.qualityButton.enabled and "another size" in ui.qualityButton.toolTip
    with pytest.raises(ValueError, match="another size or pixel type"):
        logic.qualityReport(result, tmp_path / "a.html")
    slicer.mrmlScene.RemoveNode(volume)
    with pytest.raises(ValueError, match="not in the scene any more"):
        logic.qualityReport(result, tmp_path / "a.html")
    assert not list(tmp_path.glob("*.html*")) and jobDirectories("quality") == []


@for_lesions
def test_canceled_or_left(host, ui, logic, volume, result, opened, tmp_path):  # noqa: F811
    ui.lesionsCheckBox.checked = True
    with host.expectDialog("Save the quality report", answer=str(tmp_path / "page.html")):
        ui.qualityButton.click()
    with pytest.raises(RuntimeError, match="made already"):
        logic.qualityReport(result, tmp_path / "other.html")
    host.waitUntil(lambda: "With lesions" in ui.qualityStatusLabel.text, 300)
    processId = logic._qualityRun._child.processId
    assert isAlive(processId)
    ui.qualityButton.click()
    assert not logic.isReporting() and "canceled" in ui.qualityStatusLabel.text
    waitForEnd(host, processId)
    logic.qualityReport(result, tmp_path / "page.html", waitForCompletion=False)
    slicer.mrmlScene.RemoveNode(result)
    assert not logic.isReporting()
    waitForNoFiles(host, "quality")
    assert opened == [] and not list(tmp_path.glob("*.html*"))


def test_a_page_is_replaced_as_a_whole_or_not_at_all(logic, volume, quickChild, tmp_path, monkeypatch):
    from NSN2NDenoiseLib.report.runs import ENTRIES

    def fill(source, target):
        with open(target, "w") as file:
            file.write("half a p")
        raise OSError(28, "No space left on device")

    output = logic.process(volume)
    output.SetAttribute("NSN2N.Report", json.dumps({**dict.fromkeys(ENTRIES), "strength": 1}))
    folder = tmp_path / "pages"
    folder.mkdir()
    page, users = folder / "page.html", folder / "page.html.part"
    page.write_text("an older one")
    users.write_text("the user's")
    with monkeypatch.context() as full, pytest.raises(RuntimeError, match="No space left"):
        full.setattr(shutil, "copyfile", fill)
        logic.qualityReport(output, page, overwrite=True)
    assert page.read_text() == "an older one"
    logic.qualityReport(output, page, overwrite=True)
    assert page.read_text() == "a page"
    assert users.read_text() == "the user's" and sorted(folder.iterdir()) == [page, users]


def test_what_is_kept_of_a_run_is_made_again():
    from NSN2NDenoiseLib.engine import Settings
    from NSN2NDenoiseLib.engine.judge.contrast import settings_of

    stored = {
        "settings": {"preset": "default", "learn": True, "minutes": 2.0, "seed": 3},
        "threshold": 0.02,
        "gap": 2,
        "axis": "k",
        "strength": 0.7,
        "steps": 0,
        "stages": ["first", "similar", "spare"],
        "ended": "kept",
    }
    wanted = Settings(learn=False, refine=False, seed=3, threshold=0.02, gap=2, axis="k", strength=0.7)
    assert settings_of(stored) == wanted
    with pytest.raises(ValueError, match="stopped after its first, quick stage"):
        settings_of({**stored, "stages": ["first", "limit"]})
    made = settings_of({**stored, "ended": "whole", "steps": 40})
    assert made.learn and made.refine and made.steps == 40 and np.isclose(made.strength, 0.7)
    left_to_the_run = {**stored, "settings": {"preset": "default"}, "ended": "whole", "steps": 400}
    for stages, learn in ((["first", "similar"], False), (["first", "similar", "learn", "refine"], True), ([], None)):
        assert settings_of({**left_to_the_run, "stages": stages}).learn is learn
