"""A network that one run has trained is used by another, with the real child process."""

import json

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
    host.waitUntil(lambda: not logic.isRunning(), 60)
    assert "was trained on another volume" in ui.resultLabel.text
    assert networkOf(logic.getParameterNode().resultVolume)["name"] == networkOf(first)["name"]

    file = str(tmp_path / "net.safetensors")
    with host.expectDialog("Network of an earlier run", answer=file):
        box.setCurrentIndex(box.count - 1)
        box.activated(box.count - 1)
    assert box.currentText == "net.safetensors" and box.itemText(box.count - 1) == "Choose a file..."
    with host.expectDialog("Network of an earlier run", answer=""):
        box.activated(box.count - 1)
    assert box.currentText == "none"


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
