"""``nsn2n denoise`` end to end: files, report, picture, exit status."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.engine import settings
from NSN2NDenoiseLib.engine.runtime import time_limit
from PIL import Image
from scipy import ndimage

from Testing.CommandLine.conftest import environment
from Testing.Engine.phantoms import magnitude, mr_phantom

FEW = ("--steps", "4", "--device", "cpu")


def geometry(image: sitk.Image) -> tuple:
    return image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection(), image.GetPixelID()


def test_everything_at_once(nsn2n_process, small, tmp_path):
    outputs = ("--noise", "noise.nii.gz", "--mask", "mask.mha", "--report", "report.json", "--preview", "preview.png")
    done = nsn2n_process("denoise", small, "out.nrrd", *outputs, *FEW)
    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("wrote")) <= 80
    before, after = sitk.ReadImage(str(small)), sitk.ReadImage(str(tmp_path / "out.nrrd"))
    assert geometry(after) == geometry(before)
    assert after.GetMetaData("note") == "kept"
    x, y = sitk.GetArrayFromImage(before), sitk.GetArrayFromImage(after)
    assert not np.array_equal(x, y)
    noise = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "noise.nii.gz")))
    np.testing.assert_array_equal(noise, x - y)
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "mask.mha")))
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(np.unique(mask)) == {0, 1}
    assert report["matchedFraction"] == pytest.approx(mask.mean(), abs=1e-4)
    assert report["steps"] == 4 and report["seed"] == 0
    picture = Image.open(tmp_path / "preview.png")
    assert picture.width > 1000 and np.asarray(picture.convert("L")).std() > 20
    assert sorted(os.listdir(tmp_path)) == ["mask.mha", "noise.nii.gz", "out.nrrd", "preview.png", "report.json"]


KINDS = [
    ("float32", ".nrrd"),
    ("float64", ".nrrd"),
    ("uint16", ".nrrd"),
    ("int32", ".nrrd"),
    ("float32", ".nii.gz"),
    ("uint8", ".nii.gz"),
    ("uint8", ".mhd"),
]


@pytest.mark.parametrize(("kind", "suffix"), KINDS)
def test_pixel_types_and_file_types_survive(nsn2n, small, tmp_path, kind, suffix):
    image = sitk.ReadImage(str(small))[:40, :40, :4]
    values = np.clip(sitk.GetArrayFromImage(image) / 8 + 128, 0, 255).astype(kind)
    source = sitk.GetImageFromArray(values)
    source.CopyInformation(image)
    sitk.WriteImage(source, str(tmp_path / f"in{suffix}"))
    done = nsn2n("denoise", f"in{suffix}", f"out{suffix}", "--steps", "1", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    result = sitk.ReadImage(str(tmp_path / f"out{suffix}"))
    assert result.GetPixelID() == source.GetPixelID()
    assert result.GetSize() == source.GetSize()
    np.testing.assert_allclose(result.GetDirection(), source.GetDirection(), atol=1e-5)


def test_a_dicom_folder_is_a_volume(nsn2n, tiny, tmp_path):
    image = sitk.ReadImage(str(tiny))
    folder = tmp_path / "series"
    folder.mkdir()
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for number in range(image.GetSize()[2]):
        plane = image[:, :, number]
        tags = {
            "0008|0060": "CT",
            "0020|000d": "1.2.3",
            "0020|000e": "1.2.3.4",
            "0008|0018": f"1.2.3.4.{number + 1}",
            "0020|0013": str(number),
            "0020|0032": "\\".join(str(v) for v in image.TransformIndexToPhysicalPoint((0, 0, number))),
            "0020|0037": "\\".join(str(v) for v in np.array(image.GetDirection()).reshape(3, 3)[:, :2].T.ravel()),
        }
        for key, value in tags.items():
            plane.SetMetaData(key, value)
        writer.SetFileName(str(folder / f"{number}.dcm"))
        writer.Execute(plane)
    done = nsn2n("denoise", folder, "out.nrrd", "--steps", "1")
    assert done.returncode == 0, done.stderr
    assert sitk.ReadImage(str(tmp_path / "out.nrrd")).GetSize() == image.GetSize()
    refused = nsn2n("denoise", folder, folder / "out.nrrd")
    assert refused.returncode == 2 and "outside the DICOM series" in refused.stderr


def test_one_frame_of_a_4d_file(nsn2n, small, tmp_path):
    frame = sitk.ReadImage(str(small))[:40, :40, :5]
    frame.SetDirection(np.eye(3).ravel())
    sitk.WriteImage(sitk.JoinSeries([frame, frame + 5]), str(tmp_path / "four.nii.gz"))
    refused = nsn2n("denoise", "four.nii.gz", "out.nrrd")
    assert refused.returncode == 2 and "--frame" in refused.stderr
    assert nsn2n("denoise", "four.nii.gz", "out.nrrd", "--frame", "2").returncode == 2
    assert nsn2n("denoise", "four.nii.gz", "out.nrrd", "--frame", "1", "--steps", "1").returncode == 0
    assert sitk.ReadImage(str(tmp_path / "out.nrrd")).GetDimension() == 3


def test_a_time_limit(nsn2n, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(settings._PRESETS, "default", {"width": 4})  # the fewest steps that a limit allows are 50
    monkeypatch.setattr(time_limit, "step_seconds", lambda *a, measure=time_limit.step_seconds: 0.1 + measure(*a))
    done = nsn2n("denoise", tiny, "out.nrrd", "--minutes", "0.1", "--report", "report.json", "--device", "cpu")
    assert done.returncode == 0 and "(limit 6 s)" in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["minutes"] == 0.1 and report["steps"] >= 50
    assert nsn2n("denoise", tiny, "same.nrrd", "--steps", str(report["steps"]), "--device", "cpu").returncode == 0
    assert (tmp_path / "same.nrrd").read_bytes() == (tmp_path / "out.nrrd").read_bytes()


def test_the_mask_alone_needs_no_torch(tiny, tmp_path):
    code = (
        "import sys; from NSN2NDenoiseLib.cli.main import main; status = main(sys.argv[1:]); "
        "sys.exit(status or ('torch' in sys.modules and 'torch was imported'))"
    )
    command = [sys.executable, "-c", code, "mask", str(tiny), str(tmp_path / "mask.nrrd")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mask.nrrd").exists()


def test_mask_is_the_mask_of_the_run(nsn2n, tiny, tmp_path):
    assert nsn2n("denoise", tiny, "out.nrrd", "--mask", "used.nrrd", "--threshold", "0.02", *FEW).returncode == 0
    done = nsn2n("mask", tiny, "mask.nrrd", "--threshold", "0.02")
    assert done.returncode == 0 and "% of the voxels matched" in done.stdout
    used, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f))) for f in ("used.nrrd", "mask.nrrd"))
    np.testing.assert_array_equal(used, mask)


def test_the_same_seed_gives_the_same_file(nsn2n_process, tiny, tmp_path):
    for name in ("a.nrrd", "b.nrrd"):
        assert nsn2n_process("denoise", tiny, name, "--seed", "7", *FEW).returncode == 0
    assert (tmp_path / "a.nrrd").read_bytes() == (tmp_path / "b.nrrd").read_bytes()


def test_rician_bias_is_found_corrected_and_told(nsn2n, tmp_path):
    image = sitk.GetImageFromArray(np.rint(magnitude(mr_phantom(slices=6, side=80), 12)).astype(np.int16))
    sitk.WriteImage(image, str(tmp_path / "head.nrrd"))
    page = nsn2n("inspect", "head.nrrd", "--preset", "fast").stdout
    assert "Rician noise: sigma 12" in page and max(map(len, page.splitlines())) <= 80
    told = {}
    for choice in ("auto", "off"):
        done = nsn2n("denoise", "head.nrrd", f"{choice}.nrrd", "--rician", choice, "--report", f"{choice}.json", *FEW)
        report = json.loads((tmp_path / f"{choice}.json").read_text())
        assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("wrote")) <= 80
        told[choice] = done.stdout, report["ricianCorrected"], report["settings"]["rician"]
    assert "Rician bias corrected (sigma 12" in told["auto"][0] and told["auto"][1:] == (True, "auto")
    assert "not corrected" in told["off"][0] and told["off"][1:] == (False, "off")


def test_rician_correction_of_a_ct(nsn2n, tiny, tmp_path):
    assert "no Rician noise found" in nsn2n("inspect", tiny, "--preset", "fast").stdout
    done = nsn2n("denoise", tiny, "out.nrrd", "--rician", "on", *FEW)
    assert done.returncode == 2 and "negative values" in done.stderr
    assert not (tmp_path / "out.nrrd").exists()
    assert nsn2n("denoise", tiny, "out.nrrd", "--rician", "maybe").returncode == 2


def test_inspect_prints_a_page_and_json(nsn2n, small, tiny):
    page = nsn2n("inspect", small)
    assert page.returncode == 0 and max(map(len, page.stdout.splitlines()[1:])) <= 80
    facts = json.loads(nsn2n("inspect", small, "--json").stdout)
    assert facts["size"] == [8, 72, 64] and len(facts["sliceCorrelation"]) == 3
    assert facts["noiseSD"] == pytest.approx(24, rel=0.25)
    assert 300 < facts["memoryMB"] < 1000 and " GB to denoise it" in page.stdout
    assert 0 < facts["suggestedThreshold"] < 0.2
    for row in facts["plan"]:
        assert row["seconds"] >= 0 and f"{row['stage']:11}" in page.stdout
    fast = json.loads(nsn2n("inspect", tiny, "--json", "--preset", "fast").stdout)
    assert [row["stage"] for row in fast["plan"]] == ["look", *fast["stages"], "report"]
    assert "learn" not in fast["stages"] and fast["seconds"] > 0
    assert (facts["steps"], fast["steps"]) == (400, 0) and fast["device"] in settings.DEVICES
    assert f"computed    400 training steps on {facts['device']}\n" in page.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing_behind(python, small, tmp_path, number):
    (tmp_path / "out.nrrd").write_text("precious")
    command = [python, "-m", "NSN2NDenoiseLib.cli", "denoise", str(small), "out.nrrd", "--overwrite"]
    command += ["--steps", "1000000", "--device", "cpu"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "filtering" in line or "training" in line:
            break
    process.send_signal(number)
    rest = process.stderr.read()  # all its steps would take days
    assert process.wait(240) == 130
    assert "stopped; nothing was written" in rest and "Traceback" not in rest
    assert os.listdir(tmp_path) == ["out.nrrd"]
    assert (tmp_path / "out.nrrd").read_text() == "precious"


@pytest.mark.parametrize("kind", ["float32", "int16"])
def test_a_volume_without_noise_comes_out_as_it_was_and_that_is_told(nsn2n, tmp_path, kind):
    smooth = ndimage.gaussian_filter(mr_phantom(slices=6, side=48), 1.5).astype(kind)
    sitk.WriteImage(sitk.GetImageFromArray(smooth), str(tmp_path / "in.nrrd"))
    done = nsn2n("denoise", "in.nrrd", "out.nrrd", "--report", "report.json", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out.nrrd"))), smooth)
    assert json.loads((tmp_path / "report.json").read_text())["leftAsItWas"] is True
    assert max(map(len, done.stdout.splitlines())) <= 80 and "None" not in done.stdout and "nan" not in done.stdout
    text = " ".join(done.stdout.split())
    assert "left as it was" in text.lower() and "hardly any noise" in text and "made by" not in text
    page = nsn2n("inspect", "in.nrrd").stdout
    assert "not worth denoising" in page and "none: it would be left as it is" in page
