"""Whatever happens, outputs are whole or as they were, the end is told by status and words, and nothing is left."""

import os
import re
import signal
import time

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.cli import staged_files

from Testing.CommandLine import faults
from Testing.CommandLine.conftest import ROOT
from Testing.CommandLine.dicom_files import write_series
from Testing.CommandLine.faults import STAGES, Fault

RANDOM = np.random.default_rng(5)
VOXELS = RANDOM.normal(1000, 30, (5, 24, 20)).astype(np.int16)
#: Outputs, in the order in which they are written.
OUTPUTS = ("out.nrrd", "noise.nii.gz", "mask.mhd", "report.json", "preview.png")
FILES = {*OUTPUTS, "mask.raw"}
DENOISE = ["denoise", "in.nrrd", "out.nrrd", "--preset", "nsn2n", "--steps", "1", "--device", "cpu", "--overwrite"]
DENOISE += ["--quiet"]
ALL = [*DENOISE, "--noise", OUTPUTS[1], "--mask", OUTPUTS[2], "--report", OUTPUTS[3], "--preview", OUTPUTS[4]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


@pytest.fixture(scope="module")
def server():
    return faults.start_server()


@pytest.fixture
def folder(tmp_path):
    """An input and, for each output, an older file."""
    folder = tmp_path / "work"
    folder.mkdir()
    image = sitk.GetImageFromArray(VOXELS)
    image.SetSpacing((1, 1, 2))
    sitk.WriteImage(image, str(folder / "in.nrrd"))
    for name in FILES:
        (folder / name).write_text("precious")
    return folder


def that_goes_through(stage: str) -> list[str]:
    """The command, with a preset that has the stage; "nsn2n" needs no compiled filter, which is slow to load."""
    return ["fast" if word == "nsn2n" and stage == "first" else word for word in ALL]


def is_as_it_was(folder) -> bool:
    hidden = [name for name in os.listdir(folder) if name.startswith(staged_files.PREFIX)]
    return not hidden and all((folder / name).read_text() == "precious" for name in FILES)


def is_new(folder) -> bool:
    return all(b"precious" not in (folder / name).read_bytes() for name in FILES)


def test_a_run_without_a_fault(server, folder):
    (done,) = faults.run(server, folder, [ALL])
    assert (done.returncode, done.stderr) == (0, "")
    assert is_new(folder) and set(os.listdir(folder)) == {*FILES, "in.nrrd"}


@pytest.mark.parametrize("stage", STAGES)
def test_kill_9(server, folder, stage):
    """Before the renames everything is as it was, between them each file is old or new; the next run cleans up."""
    (killed,) = faults.run(server, folder, [that_goes_through(stage)], Fault(signal.SIGKILL, stage))
    assert killed.returncode == -signal.SIGKILL
    old = [name for name in FILES if (folder / name).read_bytes() == b"precious"]
    if stage != "commit":
        assert len(old) == len(FILES)
        return
    assert len(old) == len(FILES) - 1
    assert sitk.ReadImage(str(folder / "out.nrrd")).GetSize() == (20, 24, 5)
    long_ago = time.time() - 2 * staged_files.ABANDONED
    for hidden in folder.glob(f"{staged_files.PREFIX}*"):
        os.utime(hidden, (long_ago, long_ago))
    assert faults.run(server, folder, [ALL])[0].returncode == 0
    assert is_new(folder) and set(os.listdir(folder)) == {*FILES, "in.nrrd"}


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c(server, folder, stage):
    """Until the renames the run stops and changes nothing; they are too short to stop in."""
    (stopped,) = faults.run(server, folder, [that_goes_through(stage)], Fault(signal.SIGINT, stage))
    if stage == "commit":
        assert stopped.returncode == 0 and is_new(folder)
    else:
        assert stopped.returncode == 130 and stopped.stderr == "nsn2n: stopped; nothing was written\n"
        assert is_as_it_was(folder)


@pytest.mark.parametrize("number", range(len(OUTPUTS)))
def test_a_disk_that_is_full_at_an_output(server, folder, number):
    (failed,) = faults.run(server, folder, [ALL], Fault(full_at=number))
    assert failed.returncode == 1 and "an output could not be written" in failed.stderr
    assert "nothing was changed" in failed.stderr and "Traceback" not in failed.stderr
    assert is_as_it_was(folder)


def test_a_disk_that_is_full_at_a_dicom_series(server, folder):
    write_series(folder / "s", VOXELS, 2.0 * np.arange(5))
    (failed,) = faults.run(server, folder, [["denoise", "s", "new", "--dicom", *DENOISE[3:]]], Fault(full_at=0))
    assert failed.returncode == 1 and "could not be written" in failed.stderr, failed
    assert is_as_it_was(folder) and not (folder / "new").exists()


def test_a_disk_that_is_full_at_a_network(server, folder):
    (failed,) = faults.run(server, folder, [[*DENOISE, "--save-network", "new.safetensors"]], Fault(full_at=1))
    assert failed.returncode == 1 and "could not be written" in failed.stderr and "Traceback" not in failed.stderr
    assert is_as_it_was(folder) and not (folder / "new.safetensors").exists()


@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"])
def test_a_disk_that_is_full_in_every_format(server, folder, suffix):
    target = [f"new{suffix}" if word == "out.nrrd" else word for word in DENOISE]
    (failed,) = faults.run(server, folder, [target], Fault(full_at=0))
    assert failed.returncode == 1 and "could not be written" in failed.stderr, failed
    assert is_as_it_was(folder) and not list(folder.glob("new*"))


@pytest.mark.parametrize("after", ["check", "header"])
def test_an_input_that_vanishes(server, folder, after):
    (failed,) = faults.run(server, folder, [ALL], Fault(vanish="in.nrrd", vanish_after=after))
    assert failed.returncode == 2 and "in.nrrd" in failed.stderr and "Traceback" not in failed.stderr
    assert is_as_it_was(folder)


def test_a_dicom_slice_that_vanishes(server, folder):
    write_series(folder / "s", VOXELS, 2.0 * np.arange(5))
    gone = sorted(os.listdir(folder / "s"))[3]
    command = ["s" if word == "in.nrrd" else word for word in ALL]
    (failed,) = faults.run(server, folder, [command], Fault(vanish=f"s/{gone}", vanish_after="header"))
    assert failed.returncode == 2 and gone in failed.stderr and "Traceback" not in failed.stderr
    assert is_as_it_was(folder)


def flipped(data: bytes, header: int, seed: int) -> bytes:
    """1 to 4 bits of the header, by the seed, the other way round."""
    random = np.random.default_rng(seed)
    damaged = bytearray(data)
    for place in random.integers(0, header, random.integers(1, 5)):
        damaged[place] ^= 1 << int(random.integers(8))
    return bytes(damaged)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".mha", ".dcm"])
def test_headers_with_flipped_bits(server, folder, suffix):
    """Read as far as they make sense, or refused in words; never a crash, a traceback or a status of its own."""
    commands = []
    if suffix == ".dcm":
        write_series(folder / "s", VOXELS, 2.0 * np.arange(5))
        source = sorted((folder / "s").iterdir())[2]
        data, header = source.read_bytes(), source.stat().st_size - VOXELS[0].nbytes
    else:
        sitk.WriteImage(sitk.GetImageFromArray(VOXELS), str(folder / f"whole{suffix}"), False)
        data = (folder / f"whole{suffix}").read_bytes()
        header = len(data) - VOXELS.nbytes
    for seed in range(50):
        if suffix == ".dcm":
            target = folder / f"s{seed}"
            target.mkdir()
            for file in (folder / "s").iterdir():
                os.link(file, target / file.name)
            os.unlink(target / source.name)
            (target / source.name).write_bytes(flipped(data, header, seed))
        else:
            target = folder / f"{seed}{suffix}"
            target.write_bytes(flipped(data, header, seed))
        commands.append(["inspect", target.name, "--preset", "fast"])  # no training steps are timed
    ended = faults.run(server, folder, commands)
    assert len(ended) == 50, f"the process ended at {commands[len(ended) - 1]}: {ended[-1]}"
    for command, one in zip(commands, ended, strict=True):
        assert one.returncode in (0, 2), (command, one)
        assert "Traceback" not in one.stderr, (command, one)
        assert one.returncode == 0 or "\nnsn2n: " in f"\n{one.stderr}", (command, one)  # behind what libraries print
    assert {one.returncode for one in ended} == {0, 2}


HUGE = {
    "huge.nrrd": "NRRD0004\ntype: short\ndimension: 3\nsizes: 100000 100000 100000\nencoding: raw\nendian: little\n\n",
    "huge.mha": "NDims = 3\nDimSize = 100000 100000 100000\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
}


@pytest.mark.parametrize("name", [*HUGE, "huge.nii", "huge"])
def test_sizes_that_claim_petabytes(server, folder, name):
    if name in HUGE:
        (folder / name).write_bytes(HUGE[name].encode() + bytes(1000))
    elif name == "huge.nii":
        sitk.WriteImage(sitk.GetImageFromArray(VOXELS), str(folder / name))
        data = bytearray((folder / name).read_bytes())
        data[42:48] = np.array([32767] * 3, "<i2").tobytes()
        (folder / name).write_bytes(bytes(data))
    else:
        write_series(folder / name, VOXELS, 2.0 * np.arange(5), Rows=65535, Columns=65535)
    command = [name if word == "in.nrrd" else word for word in ALL]
    (failed,) = faults.run(server, folder, [command])
    words = "GB of voxels" if "." in name else "huge"  # 65535 x 65535 x 5 fit into a large machine
    assert failed.returncode == 2 and words in failed.stderr and "Traceback" not in failed.stderr
    assert is_as_it_was(folder)


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32"]


def at_the_ends(kind: str) -> np.ndarray:
    """Noise around the middle of the type's range, with voxels at both of its ends."""
    limits = np.iinfo(kind) if kind[0] != "f" else np.finfo(kind)
    low, high = float(limits.min), float(limits.max)
    values = (low / 2 + high / 2) + (high / 40 - low / 40) * RANDOM.normal(size=VOXELS.shape)
    values = values.astype(kind)
    values[1, :3], values[3, -3:] = limits.min, limits.max
    return values


@pytest.mark.parametrize("kind", [*INTEGERS, "float32"])
def test_types_at_the_ends_of_their_range(server, folder, kind):
    """No value wraps around: what was at one end of the range stays in its half."""
    values = at_the_ends(kind)
    sitk.WriteImage(sitk.GetImageFromArray(values), str(folder / "in.nrrd"))
    (done,) = faults.run(server, folder, [DENOISE])
    if kind == "float32":  # differences don't fit into the type
        assert done.returncode == 2 and "rescale the volume" in done.stderr and is_as_it_was(folder)
        return
    assert done.returncode == 0, done.stderr
    result = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "out.nrrd")))
    assert result.dtype == values.dtype
    middle = values.min() / 2 + values.max() / 2
    assert (result[1, :3] < middle).all() and (result[3, -3:] > middle).all()


@pytest.mark.parametrize(
    ("kind", "words"), [("int64", "16 million"), ("uint64", "16 million"), ("float64", "rescale the volume")]
)
def test_types_whose_ends_are_out_of_reach(server, folder, kind, words):
    sitk.WriteImage(sitk.GetImageFromArray(at_the_ends(kind)), str(folder / "in.nrrd"))
    (failed,) = faults.run(server, folder, [DENOISE])
    assert failed.returncode == 2 and words in failed.stderr and failed.stderr.startswith("nsn2n: ")
    assert is_as_it_was(folder)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
@pytest.mark.parametrize("handed", [1, -1])
def test_oblique_and_left_handed_geometry(server, folder, suffix, handed):
    image = sitk.GetImageFromArray(VOXELS)
    turned = np.linalg.qr(RANDOM.normal(size=(3, 3)))[0]
    turned[:, 2] *= handed * np.sign(np.linalg.det(turned))
    image.SetDirection(turned.ravel())
    image.SetOrigin((-12.5, 7.25, 1000))
    image.SetSpacing((0.5, 0.75, 2))
    sitk.WriteImage(image, str(folder / f"turned{suffix}"))
    (done,) = faults.run(server, folder, [["denoise", f"turned{suffix}", f"new{suffix}", *DENOISE[3:]]])
    assert done.returncode == 0, done.stderr
    result = sitk.ReadImage(str(folder / f"new{suffix}"))
    assert result.GetDirection() == pytest.approx(image.GetDirection(), abs=1e-5)
    assert result.GetOrigin() == pytest.approx(image.GetOrigin(), abs=1e-3)
    assert result.GetSpacing() == pytest.approx(image.GetSpacing())


def test_the_page_of_faults_names_tests_that_there_are():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "Docs/Faults.md").read_text(encoding="utf-8")))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "Testing").rglob("test_*.py"))
    assert len(named) > 80 and not named - set(re.findall(r"^def (test_\w+)\(", tests, re.MULTILINE))
