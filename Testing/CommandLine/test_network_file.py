"""``nsn2n denoise --save-network`` and ``--network``: the training of one series is used for another."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.CommandLine.bids_files import boxes
from Testing.CommandLine.test_frames import write_frames

QUICK = ("--device", "cpu", "--steps", "20")


def write(path, values):
    image = sitk.GetImageFromArray(np.rint(values).astype(np.int16))
    sitk.WriteImage(image, str(path))


@pytest.fixture
def two_series(tmp_path):
    """Two scans of one object, with noise of one kind."""
    noise = np.random.default_rng(3)
    for name in ("one.nrrd", "two.nrrd"):
        write(tmp_path / name, boxes(0) + noise.normal(0, 20, boxes(0).shape))
    return tmp_path


def test_a_sibling_takes_no_training(nsn2n, two_series):
    done = nsn2n("denoise", "one.nrrd", "a.nrrd", *QUICK, "--save-network", "net.safetensors")
    assert done.returncode == 0 and "wrote      net.safetensors" in done.stdout, done.stderr
    done = nsn2n(
        "denoise", "two.nrrd", "b.nrrd", "--device", "cpu", "--network", "net.safetensors", "--report", "b.json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((two_series / "b.json").read_text())
    assert report["steps"] == 0 and report["network"]["steps"] == 20 and not report["network"]["trainedHere"]
    assert f"by the network {report['network']['name']}" in done.stdout
    result = sitk.GetArrayFromImage(sitk.ReadImage(str(two_series / "b.nrrd")))
    assert np.std(result - boxes(0)) < 10

    page = ("report", "two.nrrd", "b.nrrd", "--run", "b.json")
    assert nsn2n(*page).returncode == 0
    assert "trained on another volume" in (two_series / "b-report.html").read_text(encoding="utf-8")
    refused = nsn2n(*page, "--lesions", "--overwrite")
    assert refused.returncode == 2 and "used a network that was trained on another volume" in refused.stderr


def test_frames_share_a_network(nsn2n, tmp_path):
    noise = np.random.default_rng(1)
    write_frames(tmp_path / "in.nii", [boxes(0) + noise.normal(0, 20, boxes(0).shape) for _ in range(3)])
    arguments = ("--frames", "all", "--report", "r.json", "--save-network", "net.safetensors")
    done = nsn2n("denoise", "in.nii", "out.nii", *QUICK, *arguments)
    assert done.returncode == 0, done.stderr
    seconds = [frame["seconds"] for frame in json.loads((tmp_path / "r.json").read_text())["frames"]]
    assert "pair" in seconds[0] and all("pair" not in later and "learn" in later for later in seconds[1:])  # to train
    assert (tmp_path / "net.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--network", "none.safetensors"), "the network none.safetensors does not exist"),
        (("--network", "one.nrrd"), "is no network, or damaged"),
        (("--save-network", "net.txt"), "must end in .safetensors"),
        (("--save-network", "n.safetensors", "--preset", "fast"), "preset fast or --without learn trains none"),
        (("--save-network", "n.safetensors", "--network", "n.safetensors"), "leave it or --network out"),
    ],
)
def test_refused(nsn2n, two_series, arguments, words):
    ended = nsn2n("denoise", "one.nrrd", "out.nrrd", *arguments)
    assert ended.returncode == 2 and words in " ".join(ended.stderr.split()), ended.stderr
    assert not (two_series / "out.nrrd").exists()


def test_without_noise_there_is_nothing_to_save(nsn2n, tmp_path):
    write(tmp_path / "clean.nrrd", boxes(0) + np.linspace(0, 200, 40))
    ended = nsn2n("denoise", "clean.nrrd", "out.nrrd", "--save-network", "net.safetensors")
    assert ended.returncode == 2 and "leave --save-network out" in " ".join(ended.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.nrrd"]
