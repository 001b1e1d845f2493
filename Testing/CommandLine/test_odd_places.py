"""Folders and names of all kinds: spaces, umlauts and other letters, and names that are too long for the disk."""

import json
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.CommandLine.dicom_files import write_series

USER = "Jörg Müller-Łukasz 田中 ß"
DENOISE = ("--preset", "nsn2n", "--steps", "1", "--device", "cpu", "--quiet")
VOXELS = np.random.default_rng(5).normal(1000, 30, (5, 24, 20)).astype(np.int16)


@pytest.fixture
def home(tmp_path):
    home = tmp_path / USER
    home.mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), str(home / f"{USER}.nii.gz"))
    write_series(home / "série 1", VOXELS, 2.0 * np.arange(5))
    return home


def test_every_file_may_have_a_name_of_all_kinds(home, nsn2n):
    outputs = {
        option: home / f"{USER} {name}"
        for option, name in {
            "--noise": "Rauschen.nii.gz",
            "--mask": "Maske.mhd",
            "--report": "größe.json",
            "--preview": "bild.png",
            "--save-network": "netz.safetensors",
        }.items()
    }
    options = [word for pair in outputs.items() for word in pair]
    source, target = home / f"{USER}.nii.gz", home / f"{USER} entrauscht.nrrd"
    ended = nsn2n("denoise", source, target, *options, *DENOISE)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert all(path.stat().st_size > 0 for path in (target, *outputs.values()))
    assert json.loads(outputs["--report"].read_text(encoding="utf-8"))["steps"] == 1
    ended = nsn2n("denoise", source, home / "zweites.nrrd", "--network", outputs["--save-network"], "--quiet")
    assert ended.returncode == 0, ended.stderr
    run = ("--run", outputs["--report"], "-o", home / f"{USER}.html")
    assert nsn2n("report", source, target, *run).returncode == 0
    assert USER not in (home / f"{USER}.html").read_text(encoding="utf-8")
    ended = nsn2n("denoise", home / "série 1", home / "série 2", "--dicom", *DENOISE)
    assert ended.returncode == 0 and len(list((home / "série 2").iterdir())) == 5, ended.stderr


def test_a_batch_of_such_names_and_of_one_that_grows_too_long(quick_workers, home, nsn2n):
    """The name of the last one just fits; that of what is noted of its result doesn't, and no time is lost on it."""
    shutil.copy(home / f"{USER}.nii.gz", home / f"{'x' * (255 - len('_denoised.nii.gz'))}.nii.gz")
    ended = nsn2n("batch", home, home / "Ergebnis ü", "--preset", "fast", "--device", "cpu", "--workers", "1")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "1 of 3 volumes have no result" in ended.stderr
    assert "name too long" in ended.stderr.lower()
    results = [path.name for path in (home / "Ergebnis ü").glob("*.nii.gz")]
    assert results == [f"{USER}_denoised.nii.gz"]


@pytest.mark.parametrize("length", [240, 300])
def test_an_output_whose_name_is_too_long(home, nsn2n, length):
    """It is refused in words; beside a short one, neither is written."""
    name = home / f"{'x' * length}.nrrd"
    ended = nsn2n("denoise", home / f"{USER}.nii.gz", home / "out.nrrd", "--noise", name, *DENOISE)
    if length == 240:
        assert ended.returncode == 0 and name.exists(), ended.stderr
        return
    assert ended.returncode in (1, 2) and "name too long" in ended.stderr.lower() and "Traceback" not in ended.stderr
    assert not (home / "out.nrrd").exists() and len(list(home.iterdir())) == 2
