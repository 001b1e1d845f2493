"""``--within``: a label map limits a run."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.cli.module import parse_call

from Testing.CommandLine.conftest import SAMPLE
from Testing.CommandLine.test_frames import write_frames

FAST = ("--preset", "fast", "--device", "cpu")


def write_labels(path, like, where=np.s_[2:6, 10:60, 20:50], vector=False, **changes):
    """A label map on a volume's grid, or on one that differs; returns where it is not 0."""
    image = sitk.ReadImage(str(like))
    wanted = np.zeros(sitk.GetArrayFromImage(image).shape, bool)
    wanted[where] = True
    labels = wanted.astype(np.uint8)
    labels = sitk.GetImageFromArray(np.stack([labels * 0, labels * 3], axis=3) if vector else labels, isVector=vector)
    labels.CopyInformation(image)
    for name, value in changes.items():
        getattr(labels, name)(value)
    sitk.WriteImage(labels, str(path))
    return wanted


def voxels(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


@pytest.mark.parametrize("vector", [False, True])
def test_voxels_outside_stay(nsn2n, small, tmp_path, vector):
    wanted = write_labels(tmp_path / "liver.nrrd", small, vector=vector)
    done = nsn2n(
        "denoise", small, "out.nrrd", "--within", "liver.nrrd", *FAST, "--report", "r.json", "--mask", "w.nrrd"
    )
    assert done.returncode == 0, done.stderr
    before, after = voxels(small), voxels(tmp_path / "out.nrrd")
    np.testing.assert_array_equal(after[~wanted], before[~wanted])
    assert (after != before)[wanted].mean() > 0.5
    assert f"within     {wanted.sum()} voxels, 16 % of the volume; elsewhere it is as it was" in done.stdout
    assert "only where it was" in " ".join(done.stdout.split())
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["within"]["voxels"] == wanted.sum() and report["stages"][-1] == "within"


def test_a_label_map_in_another_place_is_refused(nsn2n, small, tmp_path):
    for changes, message in (
        ({"SetOrigin": (9, 0, 0)}, "origin 9 0 0"),
        ({"SetSpacing": (1, 1, 3)}, "1 1 3 mm"),
        ({"SetDirection": (1, 0, 0, 0, 1, 0, 0, 0, 1)}, "directions 1 0 0 0 1 0 0 0 1"),
    ):
        write_labels(tmp_path / "labels.nrrd", small, **changes)
        done = nsn2n("denoise", small, "out.nrrd", "--within", "labels.nrrd", *FAST)
        assert done.returncode == 2 and "another grid" in done.stderr and message in done.stderr
        assert "volume:    64 x 72 x 8 voxels" in done.stderr and not (tmp_path / "out.nrrd").exists()
    done = nsn2n("denoise", small, "out.nrrd", "--within", SAMPLE, *FAST)
    assert done.returncode == 2 and "another grid" in done.stderr


def test_what_is_no_label_map_is_refused(nsn2n, small, tmp_path):
    write_labels(tmp_path / "empty.nrrd", small, where=np.s_[:0])
    (tmp_path / "text.nrrd").write_text("nothing")
    for name, message in (
        ("empty.nrrd", "0 everywhere"),
        ("text.nrrd", "can't be read"),
        ("none.nrrd", "does not exist"),
    ):
        done = nsn2n("denoise", small, "out.nrrd", "--within", name, *FAST)
        assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_all_frames_within(nsn2n, tmp_path):
    random = np.random.default_rng(0)
    frames = write_frames(tmp_path / "in.nrrd", [random.normal(500, 20, (6, 40, 40)) + 300 * (n % 2) for n in range(2)])
    wanted = np.zeros(frames[0].shape, bool)
    wanted[1:5, 8:30, 8:30] = True
    labels = sitk.GetImageFromArray(wanted.astype(np.uint8))
    labels.SetSpacing((1, 1, 2))
    sitk.WriteImage(labels, str(tmp_path / "labels.nrrd"))
    done = nsn2n("denoise", "in.nrrd", "out.nrrd", "--frames", "all", "--within", "labels.nrrd", *FAST)
    assert done.returncode == 0, done.stderr
    after = voxels(tmp_path / "out.nrrd")
    np.testing.assert_array_equal(after[:, ~wanted], frames[:, ~wanted])
    assert (after != frames)[:, wanted].any()


def test_lesions_are_not_inserted_beside_the_region(nsn2n, small, tmp_path):
    write_labels(tmp_path / "liver.nrrd", small)
    nsn2n("denoise", small, "out.nrrd", "--within", "liver.nrrd", *FAST, "--report", "r.json")
    done = nsn2n("report", small, "out.nrrd", "--run", "r.json", "--lesions", "-o", "page.html")
    assert done.returncode == 2 and "within a part only" in done.stderr
    done = nsn2n("report", small, "out.nrrd", "--run", "r.json", "-o", "page.html")
    assert done.returncode == 0 and "only where it was wanted" in (tmp_path / "page.html").read_text("utf-8")


def test_the_module_takes_it(small):
    options = parse_call(["--within", "liver.nrrd", str(small), "out.nrrd"])
    assert options.within.name == "liver.nrrd" and parse_call([str(small), "out.nrrd"]).within is None
