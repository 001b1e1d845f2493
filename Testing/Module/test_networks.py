"""A network that one run has trained is used by another, with the real child process."""

import json
import os
import shutil
import tempfile

import numpy as np
import pytest

from Testing.Module.support import SHORT, voxels

#: Few steps: what it has learned is of no interest here.
QUICK = {**SHORT, "steps": 5, "refine": False}


@pytest.fixture
def siblings(host, module, volume):
    """Two small volumes of one object with noise of one kind."""
    import slicer

    module.panel.matching._inspectTimer.stop()
    clean = voxels(volume)[:8, :48, :48].astype(float)
    nodes = []
    for number, name in enumerate(("arterial", "venous")):
        noise = np.random.default_rng(number).normal(0, 60, clean.shape)
        nodes.append(slicer.util.addVolumeFromArray(np.rint(clean + noise).astype(np.int16), name=name))
    return nodes


def networkOf(node) -> dict:
    return json.loads(node.GetAttribute("NSN2N.Report"))["network"]


def test_a_network_is_kept_and_used(host, ui, logic, siblings, tmp_path):
    first = logic.process(siblings[0], settings=QUICK, saveNetwork=tmp_path / "net.safetensors")
    assert networkOf(first)["trainedHere"] and (tmp_path / "net.safetensors").stat().st_size > 10_000
    for network in (first, tmp_path / "net.safetensors"):
        second = logic.process(siblings[1], network=network, refine=False)
        assert networkOf(second) == {**networkOf(first), "trainedHere": False}
        assert f"network {networkOf(first)['name']}, trained on another volume" in second.GetDescription()

    logic.getParameterNode().inputVolume = siblings[1]
    host.processEvents()
    box = ui.networkComboBox
    offered = [box.itemText(n) for n in range(box.count)]
    assert offered[:2] == ["none", "arterial denoised"] and offered[-1] == "Choose a file..."
    box.setCurrentIndex(1)
    ui.refineCheckBox.checked = False
    ui.applyButton.click()
    host.waitUntil(lambda: not logic.isRunning())
    assert "was trained on another volume" in ui.resultLabel.text
    assert networkOf(logic.getParameterNode().resultVolume)["name"] == networkOf(first)["name"]

    check_the_preview_uses_the_network(host, ui, logic, first)

    file = str(tmp_path / "net.safetensors")
    with host.expectDialog("Network of an earlier run", answer=file):
        box.setCurrentIndex(box.count - 1)
        box.activated(box.count - 1)
    assert box.currentText == "net.safetensors" and box.itemText(box.count - 1) == "Choose a file..."
    with host.expectDialog("Network of an earlier run", answer=""):
        box.activated(box.count - 1)
    assert box.currentText == "none"


def check_the_preview_uses_the_network(host, ui, logic, result):
    """Its voxels are those of a run with `Use network of`; convolutions over other regions may round otherwise."""
    import slicer

    volume, node = result.GetNodeReference("NSN2N.Input"), logic.getParameterNode()
    node.inputVolume, node.resultVolume, node.refine = volume, result, True
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    run = voxels(logic.process(volume, network=result, refine=True))
    node.resultVolume = result
    preview = slicer.util.getModuleWidget("NSN2NDenoise").panel.preview
    ui.previewResultButton.click()
    host.waitUntil(lambda: preview._job is not None and preview._wish is None and preview.layer._known)
    assert f"the result with the network of '{result.GetName()}'" in ui.previewResultLabel.text
    found, before = voxels(preview.layer.node), voxels(volume)
    for box, _full in preview.layer._known:
        assert np.abs(found[box].astype(int) - run[box]).max() <= 1  # the noise's SD is 60
        assert np.abs(found[box].astype(int) - before[box]).mean() > 10
    node.learn = "off"  # then a run would use no network
    assert not ui.previewResultButton.checked
    ui.previewResultButton.click()
    assert "network" not in preview._what
    ui.previewResultButton.click()
    node.learn = "auto"


def test_a_network_that_can_not_be_kept_costs_nobody_the_result(host, logic, volume, quickChild, tmp_path, monkeypatch):
    """The run takes hours, perhaps; meanwhile both places for its network are gone, or full."""
    from NSN2NDenoiseLib.logic import networks

    folder = tmp_path / "networks"
    folder.mkdir()
    quickChild.hold()
    ended = []
    how = {"saveNetwork": folder / "net.safetensors", "waitForCompletion": False, "finishedCallback": ended.append}
    logic.process(volume, **how)
    host.waitUntil(lambda: quickChild.started)
    with open(logic._run._directory.file("network.safetensors"), "w") as file:
        file.write("a network")
    folder.rmdir()
    monkeypatch.setattr(networks, "_folder", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    quickChild.release()
    host.waitUntil(lambda: ended)
    assert (ended[0].status, ended[0].message) == ("done", "")
    assert np.array_equal(voxels(ended[0].node), voxels(volume) // 2)
    warnings = json.loads(ended[0].node.GetAttribute("NSN2N.Report"))["warnings"]
    assert [text.split(" (")[0] for text in warnings] == [
        "The network could not be kept for other volumes",
        "The network could not be saved",
    ]
    assert str(folder) in warnings[1] and ended[0].node.GetAttribute(networks.FILE) is None


def test_a_network_is_replaced_as_a_whole_or_not_at_all(host, module, tmp_path, monkeypatch):
    from NSN2NDenoiseLib.logic import networks

    def fill(source, target):
        with open(target, "w") as file:
            file.write("half a n")
        raise OSError(28, "No space left on device")

    (tmp_path / "network.safetensors").write_text("a network")
    target = tmp_path / "mine.safetensors"
    target.write_text("an older one")
    (tmp_path / "mine.safetensors.part").write_text("the user's")
    monkeypatch.setattr(shutil, "copyfile", fill)
    kept, warnings = networks.keep(str(tmp_path), str(target))
    assert kept is None and len(warnings) == 2 and all("No space left" in text for text in warnings)
    assert target.read_text() == "an older one"
    monkeypatch.undo()
    kept, warnings = networks.keep(str(tmp_path), str(target))
    assert warnings == [] and target.read_text() == "a network"
    (part,) = tmp_path.glob("*.part")
    assert part.read_text() == "the user's"
    with open(kept) as file:
        assert file.read() == "a network"
    assert os.path.basename(os.path.dirname(kept)).startswith("NSN2N-networks-")


def test_refused(host, logic, siblings, tmp_path):
    (tmp_path / "net.safetensors").write_text("nothing")
    for arguments, words in (
        ({"network": siblings[1]}, "no network of 'venous'"),
        ({"network": tmp_path / "none.safetensors"}, "does not exist"),
        ({"network": tmp_path / "net.safetensors", "saveNetwork": tmp_path / "b.safetensors"}, "Leave one out"),
        ({"saveNetwork": tmp_path / "none" / "net.safetensors"}, "its folder must exist"),
        ({"saveNetwork": tmp_path / "net.bin"}, "end in .safetensors"),
        ({"network": tmp_path / "net.safetensors", "preset": "fast"}, "stage learn is off"),
    ):
        with pytest.raises(ValueError, match=words):
            logic.process(siblings[0], **arguments)
    with pytest.raises(ValueError, match="is no network, or damaged"):
        logic.process(siblings[0], network=tmp_path / "net.safetensors")
    assert not logic.isRunning()
