"""Every unusable input ends with exit status 2, one clear message and nothing written."""

import os
import subprocess

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli import main, staged_files

from Testing.CommandLine.conftest import environment

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(0, 100, (6, 32, 32)).astype(np.float32)


def nan_volume():
    volume = NOISE.copy()
    volume[2, 3, 4] = np.nan
    return volume


def padded():
    volume = np.full((8, 64, 64), -2000, np.int16)
    volume[4, 30:33, 30:33] = RANDOM.integers(0, 500, (3, 3))
    return volume


ARRAYS = {
    "one_slice": (NOISE[:1], "one slice"),
    "two_slices": (NOISE[:2], "2 slices along axis k"),
    "nan": (nan_volume(), "NaN or infinite"),
    "infinite": (np.where(np.isnan(nan_volume()), np.inf, NOISE).astype(np.float32), "NaN or infinite"),
    "constant": (np.full((6, 32, 32), 3, np.int16), "constant"),
    "all_padding": (padded(), "padding"),
    "label_map": (RANDOM.integers(0, 4, (6, 32, 32)).astype(np.uint8), "label map"),
}


def refuse(nsn2n, tmp_path, words, *arguments):
    """Run, expect exit status 2 with these words, and the folder as it was."""
    before = sorted(os.listdir(tmp_path))
    done = nsn2n(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("command", ["inspect", "mask"])
def test_memory_that_runs_out_is_no_traceback(nsn2n, tmp_path, monkeypatch, command):
    """Whatever the error's type is; torch's are RuntimeErrors."""

    def fail(*_, **__):
        raise RuntimeError("could not create a primitive")

    sitk.WriteImage(sitk.GetImageFromArray(NOISE), str(tmp_path / "x.nrrd"))
    monkeypatch.setattr(engine, "inspect_volume" if command == "inspect" else "take_look", fail)
    done = nsn2n(command, "x.nrrd", *(["out.nrrd"] if command == "mask" else []))
    assert done.returncode == 1 and done.stderr == "nsn2n: out of memory; crop the volume or close other programs\n"
    assert os.listdir(tmp_path) == ["x.nrrd"]


def test_the_voxels_of_another_file_are_not_taken(nsn2n, tmp_path):
    """ITK reads those of x.nii for x.nii.gz."""
    for name, offset in (("x.nii", 0), ("x.nii.gz", 7)):
        sitk.WriteImage(sitk.GetImageFromArray(NOISE + np.float32(offset)), str(tmp_path / name))
    refuse(nsn2n, tmp_path, "x.nii lies beside x.nii.gz", "denoise", "x.nii.gz", "out.nrrd")
    assert nsn2n("inspect", "x.nii", "--preset", "fast").returncode == 0
    (tmp_path / "x.nii").unlink()
    assert nsn2n("inspect", "x.nii.gz", "--preset", "fast").returncode == 0


@pytest.mark.parametrize("name", ARRAYS)
def test_unusable_volumes(nsn2n, tmp_path, name):
    volume, words = ARRAYS[name]
    sitk.WriteImage(sitk.GetImageFromArray(volume), str(tmp_path / "in.nrrd"))
    refuse(nsn2n, tmp_path, words, "denoise", "in.nrrd", "out.nrrd")


def test_files_that_are_no_volume(nsn2n, tmp_path):
    sitk.WriteImage(
        sitk.GetImageFromArray(np.zeros((6, 32, 32, 3), np.uint8), isVector=True), str(tmp_path / "rgb.nrrd")
    )
    sitk.WriteImage(sitk.GetImageFromArray(NOISE[0]), str(tmp_path / "flat.mha"))
    (tmp_path / "text.nrrd").write_text("no image")
    (tmp_path / "empty").mkdir()
    refuse(nsn2n, tmp_path, "3 values per voxel", "denoise", "rgb.nrrd", "out.nrrd")
    refuse(nsn2n, tmp_path, "single 2-D image", "denoise", "flat.mha", "out.nrrd")
    refuse(nsn2n, tmp_path, "can't be read", "denoise", "text.nrrd", "out.nrrd")
    refuse(nsn2n, tmp_path, "does not exist", "denoise", "missing.nrrd", "out.nrrd")
    refuse(nsn2n, tmp_path, "no DICOM series", "denoise", "empty", "out.nrrd")


def test_a_segmentation_file_is_recognized(nsn2n, tmp_path):
    image = sitk.GetImageFromArray(RANDOM.integers(0, 50, (6, 32, 32)).astype(np.uint8))
    image.SetMetaData("Segment0_ID", "1")
    sitk.WriteImage(image, str(tmp_path / "seg.nrrd"))
    refuse(nsn2n, tmp_path, "label map", "denoise", "seg.nrrd", "out.nrrd")


def test_a_refusal_in_a_process_of_its_own(nsn2n_process, tmp_path):
    refuse(nsn2n_process, tmp_path, "does not exist", "denoise", "missing.nrrd", "out.nrrd")
    refuse(nsn2n_process, tmp_path, "required", "denoise", "missing.nrrd")


def test_unusable_outputs(nsn2n, small, tmp_path):
    (tmp_path / "there.nrrd").write_text("precious")
    (tmp_path / "folder.nrrd").mkdir()
    refuse(nsn2n, tmp_path, "does not exist", "denoise", small, "nowhere/out.nrrd")
    refuse(nsn2n, tmp_path, "--overwrite", "denoise", small, "there.nrrd")
    refuse(nsn2n, tmp_path, "--overwrite", "denoise", small, "out.nrrd", "--noise", "there.nrrd")
    refuse(nsn2n, tmp_path, "is the input", "denoise", small, small, "--overwrite")
    refuse(nsn2n, tmp_path, "is a folder", "denoise", small, "folder.nrrd", "--overwrite")
    refuse(nsn2n, tmp_path, "no known file type", "denoise", small, "out.jpg")
    refuse(nsn2n, tmp_path, "must end in .json", "denoise", small, "out.nrrd", "--report", "report.txt")
    refuse(nsn2n, tmp_path, "two outputs", "denoise", small, "out.nrrd", "--mask", "./out.nrrd")
    assert (tmp_path / "there.nrrd").read_text() == "precious"


def test_data_beside_a_header_is_not_replaced_in_passing(nsn2n, small, tmp_path):
    (tmp_path / "out.raw").write_text("precious")
    refuse(nsn2n, tmp_path, "out.raw exists already", "denoise", small, "out.mhd", "--overwrite")
    assert (tmp_path / "out.raw").read_text() == "precious"


def test_a_link_to_the_input_is_the_input(nsn2n, small, tmp_path):
    (tmp_path / "link.nrrd").symlink_to(small)
    refuse(nsn2n, tmp_path, "is the input", "denoise", small, "link.nrrd", "--overwrite")


def test_a_folder_that_cannot_be_written_to(monkeypatch, small, tmp_path, capsys):
    def refuse_files(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(staged_files.tempfile, "TemporaryFile", refuse_files)
    assert main.main(["denoise", str(small), str(tmp_path / "out.nrrd")]) == 2
    assert "can't be written to (Permission denied)" in capsys.readouterr().err


def test_a_full_disk_is_noticed_before_the_run(monkeypatch, small, tmp_path, capsys):
    monkeypatch.setattr(staged_files.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    assert main.main(["denoise", str(small), str(tmp_path / "out.nrrd")]) == 2
    assert "MB free" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--threshold", "1.5"], "from 0 to 1"),
        (["--threshold", "high"], "neither 'auto' nor a number"),
        (["--lambda-rc", "-1"], "lambda_rc"),
        (["--preset", "best"], "invalid choice"),
        (["--axis", "z"], "invalid choice"),
        (["--device", "tpu"], "invalid choice"),
        (["--seed", "-3"], "seed"),
        (["--steps", "x"], "invalid int"),
        (["--minutes", "0"], "minutes is 0"),
        (["--minutes", "1", "--steps", "9"], "steps and minutes"),
        (["--gap", "5"], "gap is 5"),
        (["--frame", "0"], "is 3-D"),
        (["--unknown"], "unrecognized"),
    ],
)
def test_unusable_options(nsn2n, small, tmp_path, options, words):
    refuse(nsn2n, tmp_path, words, "denoise", small, "out.nrrd", *options)


def test_cuda_by_name_where_there_is_none(nsn2n, small, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    refuse(nsn2n, tmp_path, "choose auto or cpu", "denoise", small, "out.nrrd", "--device", "cuda")


def test_doubtful_volumes_are_warned_about(nsn2n, tiny, tmp_path):
    image = sitk.ReadImage(str(tiny))
    image.SetSpacing((0.8, 0.8, 6))
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    low = nsn2n("denoise", "thick.nrrd", "low.nrrd", "--threshold", "0.0005", "--steps", "1")
    assert low.returncode == 0
    text = " ".join(low.stdout.split())
    assert "6.0 mm apart" in text and "raise the threshold" in text
    high = nsn2n("denoise", "thick.nrrd", "high.nrrd", "--threshold", "0.9", "--steps", "1")
    assert "Lower the threshold" in " ".join(high.stdout.split())


#: ``nsn2n`` where the system refuses files over 8 kB.
LITTLE_ROOM = """
import resource, sys
from NSN2NDenoiseLib.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
sys.exit(main(sys.argv[1:]))
"""


def test_a_failed_write_leaves_the_old_output(python, small, tmp_path):
    """As with a disk that fills up during the write."""
    (tmp_path / "out.nrrd").write_text("precious")
    command = [python, "-c", LITTLE_ROOM, "denoise", str(small), "out.nrrd", "--overwrite", "--preset", "fast"]
    how = {"cwd": tmp_path, "env": environment(), "capture_output": True, "text": True, "timeout": 240}
    done = subprocess.run(command, **how)
    assert done.returncode == 1, done.stderr
    assert "could not be written" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "out.nrrd").read_text() == "precious"
    assert os.listdir(tmp_path) == ["out.nrrd"]


def test_errors_of_the_run_are_exit_status_1(monkeypatch, small, tmp_path, capsys):
    from NSN2NDenoiseLib.cli import commands

    def fail(*_, **__):
        raise engine.RunError("the training collapsed")

    monkeypatch.setattr(commands.engine, "denoise", fail, raising=False)
    assert main.main(["denoise", str(small), str(tmp_path / "out.nrrd"), "--quiet"]) == 1
    assert capsys.readouterr().err == "nsn2n: the training collapsed\n"
    assert os.listdir(tmp_path) == []
