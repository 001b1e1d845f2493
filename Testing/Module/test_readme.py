"""The console examples of README.md, run as they are written, on the sample that they name."""

import re

import numpy as np

from Testing.Module.support import REPOSITORY, SHORT, voxels


def examples() -> list[str]:
    """The Python blocks of the section "Python console"."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text.split("### Python console", 1)[1].split("\n### ", 1)[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def test_console_examples(host, volume, logic, known, monkeypatch, capsys, tmp_path):
    import slicer

    volume.SetName("CTChestLIDC0314")
    process = logic.process
    monkeypatch.setattr(logic, "process", lambda *a, **k: process(*a, settings=SHORT, **k))
    blocks = examples()
    assert len(blocks) == 7
    console = {"__name__": "__main__"}
    exec(blocks[0], console)
    first = console["denoised"]
    assert first.GetName() == "CTChestLIDC0314 denoised"
    exec(blocks[1], console)
    assert "100 %" in capsys.readouterr().out
    assert np.array_equal(voxels(console["denoised"]).astype(int) + voxels(console["noise"]), voxels(volume))
    assert console["mask"].GetClassName() == "vtkMRMLLabelMapVolumeNode"
    assert set(np.unique(voxels(console["mask"]))) == {0, 1}
    before = voxels(console["denoised"])
    exec(blocks[2].split("\n")[0], console)
    assert np.abs(voxels(console["denoised"]) - before).max() > 0
    exec(blocks[2], console)
    assert np.array_equal(voxels(console["denoised"]), before)
    monkeypatch.chdir(tmp_path)
    withoutLesions, lesions = blocks[3].strip().rsplit("\n", 1)  # for which this volume has too little tissue
    exec(withoutLesions, console)
    assert "Quality report" in (tmp_path / "report.html").read_text(encoding="utf-8") and "lesions=True" in lesions
    assert "GB of memory" in capsys.readouterr().out
    wanted = regions(volume)
    exec(blocks[4], console)
    assert np.array_equal(voxels(console["denoised"])[~wanted], voxels(volume)[~wanted])
    exec(blocks[5], console)
    host.waitUntil(lambda: "done" in capsys.readouterr().out)
    results = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    assert sum("denoised" in name for name in results) == 5


def regions(volume) -> np.ndarray:
    """What the examples name: a ROI and a segment; returns where that is."""
    import slicer

    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Segmentation")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.GetSegmentation().AddEmptySegment("Segment_1", "liver")
    wanted = np.zeros(voxels(volume).shape, bool)
    wanted[4:8, 10:40, 10:40] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(wanted.astype(np.uint8), segmentation, "Segment_1", volume)
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "R")
    roi.SetCenter(*(bounds.reshape(3, 2).mean(axis=1)))
    roi.SetSize(*(0.5 * np.ptp(bounds.reshape(3, 2), axis=1)))
    return wanted


def test_console_examples_of_series(host, volume, logic, monkeypatch, tmp_path):
    import slicer

    monkeypatch.chdir(tmp_path)
    values = voxels(volume)[:8, :48, :48]
    for name in ("arterial", "venous"):
        slicer.util.addVolumeFromArray(values, name=name)
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "CTCardioSeq")
    for value in ("0", "1"):
        frame = slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(frame, values)
        sequence.SetDataNodeAtValue(frame, value)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    for name in ("process", "processSequence"):
        method = getattr(logic, name)
        monkeypatch.setattr(logic, name, lambda *a, method=method, **k: method(*a, settings=SHORT, **k))
    console = {"slicer": slicer, "logic": logic}
    exec(examples()[6], console)
    assert console["denoisedCine"].GetNumberOfDataNodes() == 2
    assert np.array_equal(voxels(console["venous"]), voxels(console["arterial"]))
    assert (tmp_path / "net.safetensors").is_file()


def test_pictures_are_there():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", text)
    assert pictures
    assert [path for path in pictures if not (REPOSITORY / path).is_file()] == []
