"""DICOM folders and files: which series, which frame, where the slices are, and what is refused."""

import json
import os

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.cli.volume_io import read_volume

from Testing.CommandLine.dicom_files import OBLIQUE, write_multiframe, write_series
from Testing.CommandLine.test_real_files import DATA

#: Stored values; HU are 1024 less.
STORED = np.random.default_rng(0).normal(1064, 20, (8, 40, 48)).astype(np.int16)
REGULAR = 2.0 * np.arange(8)


def test_slices_are_where_the_headers_say(tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR)
    volume = read_volume(tmp_path / "s")
    np.testing.assert_array_equal(volume.array, STORED.astype(int) - 1024)
    assert volume.spacing == pytest.approx((2, 0.7, 0.7))
    assert volume.image.GetOrigin() == pytest.approx((10, 20, 30))
    normal = np.cross(OBLIQUE[:3], OBLIQUE[3:])
    expected = np.stack([OBLIQUE[:3], OBLIQUE[3:], normal], axis=1).ravel()
    assert volume.image.GetDirection() == pytest.approx(expected)
    assert (volume.positions, volume.problem, volume.warnings) == (None, None, ())


def test_positions_rounded_in_the_header_are_regular(tmp_path):
    write_series(tmp_path / "s", STORED, np.round(0.625 * np.arange(8), 1))
    volume = read_volume(tmp_path / "s")
    assert volume.problem is None and volume.spacing[0] == pytest.approx(0.629, abs=0.01)


def test_several_series_are_listed_and_chosen(nsn2n, tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR, name="one")
    long = "A description that is longer than a line of the list can show"
    write_series(tmp_path / "s", STORED[:4], REGULAR[:4], name="two", SeriesNumber=5, SeriesDescription=long)
    (tmp_path / "s" / "notes.txt").write_text("no DICOM")
    refused = nsn2n("inspect", "s")
    assert refused.returncode == 2 and "holds 2 DICOM series; choose one with --series N" in refused.stderr
    first, second = refused.stderr.splitlines()[1:]
    assert first.split()[:5] == ["1", "CT", "8", "files", "Chest"] and second.split()[:4] == ["2", "CT", "4", "files"]
    assert max(map(len, (first, second))) < 80
    ending = second.split("...")[-1]
    for choice, slices in (("1", 8), ("2", 4), (ending, 4)):
        done = nsn2n("inspect", "s", "--series", choice, "--json")
        assert json.loads(done.stdout)["size"][0] == slices
    for choice, words in (("3", "no series has"), ("7777", "no series has"), ("", "no series has")):
        refused = nsn2n("inspect", "s", "--series", choice)
        assert refused.returncode == 2 and words in refused.stderr and "\n   1  CT" in refused.stderr


def test_series_of_something_else(nsn2n, small):
    done = nsn2n("inspect", small, "--series", "1")
    assert done.returncode == 2 and "is a file; --series" in done.stderr


def test_ultrasound_is_told_which_preset_is_for_it(nsn2n, tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR, Modality="US")
    assert "--preset ultrasound" in nsn2n("inspect", "s", "--json").stdout  # no line of it is broken
    for preset, warned in (("fast", True), ("ultrasound", False)):
        done = nsn2n("denoise", "s", f"{preset}.nrrd", "--preset", preset, "--report", f"{preset}.json", "--quiet")
        assert done.returncode == 0, done.stderr
        report = json.loads((tmp_path / f"{preset}.json").read_text(encoding="utf-8"))
        assert any("ultrasound" in text for text in report["warnings"]) is warned


def refused_for_an_image(nsn2n, tmp_path, words):
    """inspect goes on and warns; denoise and mask, which would misplace slices, refuse with the same words."""
    page = nsn2n("inspect", "s")
    assert page.returncode == 0 and words in " ".join(page.stdout.split()).lower()
    assert max(map(len, page.stdout.splitlines())) <= 80
    for command in ("denoise", "mask"):
        done = nsn2n(command, "s", "out.nrrd")
        assert done.returncode == 2 and words in done.stderr and "wrong places" in done.stderr
    assert os.listdir(tmp_path) == ["s"]
    return page


def test_a_missing_slice(nsn2n, tmp_path):
    keep = [0, 1, 2, 3, 5, 6, 7]
    write_series(tmp_path / "s", STORED[keep], REGULAR[keep])
    page = refused_for_an_image(nsn2n, tmp_path, "1 slice is missing (slices are 2 mm apart; there is a hole between 4")
    assert "left out: 1 of 6" in page.stdout
    assert read_volume(tmp_path / "s").positions == pytest.approx(30 + REGULAR[keep])


def test_irregular_slices(nsn2n, tmp_path):
    write_series(tmp_path / "s", STORED, [0, 4, 8, 12, 13.08, 20.08, 27.08, 34.08])
    refused_for_an_image(nsn2n, tmp_path, "the slices are from 1.08 to 7 mm apart")


def test_a_tilted_gantry(nsn2n, tmp_path):
    angle = np.radians(18.5)
    orientation = (1, 0, 0, 0, np.cos(angle), -np.sin(angle))
    write_series(tmp_path / "s", STORED, [(0, 0, z) for z in REGULAR], orientation, GantryDetectorTilt=18.5)
    refused_for_an_image(nsn2n, tmp_path, "the slices are tilted by 18.5 degrees against their stack (gantry tilt)")


def test_what_is_no_volume(tmp_path, nsn2n):
    write_series(tmp_path / "sizes", STORED, REGULAR)
    write_series(tmp_path / "sizes", STORED[:1, :20], [99.0], start=8)
    write_series(tmp_path / "turned", STORED[:4], REGULAR[:4])
    write_series(tmp_path / "turned", STORED[:4], REGULAR[:4], (1, 0, 0, 0, 0, 1), start=4)
    write_series(tmp_path / "twice", STORED[:5], [0, 2, 2, 4, 6])
    for name, words in (
        ("sizes", "different sizes (48 x 20, 48 x 40)"),
        ("turned", "2 different orientations"),
        ("twice", "1 to 2 slices at the same position"),
    ):
        done = nsn2n("inspect", name)
        assert done.returncode == 2 and words in done.stderr, (name, done.stderr)


def test_a_copy_of_a_file_is_no_second_frame(tmp_path):
    files = write_series(tmp_path / "s", STORED, REGULAR)
    (tmp_path / "s" / "copy.dcm").write_bytes(files[2].read_bytes())
    assert read_volume(tmp_path / "s").array.shape == STORED.shape


def test_scales_that_differ_between_slices(tmp_path):
    slopes = [1.0, 0.25, 0.5, 2.0, 1.0, 1.0, 1.0, 0.125]
    write_series(tmp_path / "s", STORED, REGULAR, RescaleSlope=slopes, RescaleIntercept=0)
    np.testing.assert_allclose(read_volume(tmp_path / "s").array, STORED * np.array(slopes)[:, None, None])


def test_slices_without_a_position(tmp_path, nsn2n):
    files = write_series(tmp_path / "s", STORED, REGULAR, ImagePositionPatient=None)
    assert len(files) == 8
    done = nsn2n("denoise", "s", "out.nrrd", "--preset", "fast", "--report", "r.json")
    assert done.returncode == 0, done.stderr
    assert "the geometry of the output is a guess" in " ".join(done.stdout.split())
    assert "is a guess" in json.loads((tmp_path / "r.json").read_text())["warnings"][0]
    np.testing.assert_array_equal(read_volume(tmp_path / "s").array, STORED.astype(int) - 1024)


FRAMES = np.random.default_rng(1).integers(0, 900, (15, 32, 40)).astype(np.uint16)


@pytest.mark.parametrize("of", ["file", "folder"])
def test_a_multiframe_file_is_a_volume(tmp_path, of):
    (tmp_path / "m").mkdir()
    order = np.random.default_rng(2).permutation(15)
    write_multiframe(tmp_path / "m" / "a.dcm", FRAMES, 3.0 * order, np.zeros(15))
    volume = read_volume(tmp_path / "m" if of == "folder" else tmp_path / "m" / "a.dcm")
    np.testing.assert_array_equal(volume.array, FRAMES[np.argsort(order)])
    assert volume.spacing == pytest.approx((3, 1.5, 1.5)) and volume.image.GetOrigin() == (-5, -6, 0)


@pytest.mark.parametrize("each", [False, True])
def test_the_rescale_of_a_multiframe_file(tmp_path, nsn2n, each):
    rescale = [(2.5, -10.0)] * 15 if each else (2.5, -10.0)
    write_multiframe(tmp_path / "a.dcm", FRAMES, 3.0 * np.arange(15), np.zeros(15), rescale)
    np.testing.assert_allclose(read_volume(tmp_path / "a.dcm").array, 2.5 * FRAMES - 10)
    if each:
        rescale[4] = (2.0, -10.0)
        write_multiframe(tmp_path / "b.dcm", FRAMES, 3.0 * np.arange(15), np.zeros(15), rescale)
        done = nsn2n("inspect", "b.dcm")
        assert done.returncode == 2 and "frames of different rescale slopes" in done.stderr


def test_a_multiframe_file_with_several_frames_at_a_position_is_4d(tmp_path, nsn2n):
    (tmp_path / "m").mkdir()
    write_multiframe(tmp_path / "m" / "a.dcm", FRAMES, 3.0 * (np.arange(15) // 3), np.arange(15) % 3)
    for source in ("m", "m/a.dcm"):
        refused = nsn2n("inspect", source)
        assert refused.returncode == 2 and "4-D with 3 frames; choose one with --frame N (0 to 2)" in refused.stderr
        assert nsn2n("inspect", source, "--frame", "3").returncode == 2
        np.testing.assert_array_equal(read_volume(tmp_path / source, frame=1).array, FRAMES[1::3])


def test_a_4d_series_of_single_frame_files(tmp_path, nsn2n):
    values = np.concatenate([STORED, STORED + 100])
    times = [1] * 8 + [2] * 8
    write_series(tmp_path / "s", values, np.tile(REGULAR, 2), TemporalPositionIdentifier=times)
    refused = nsn2n("inspect", "s")
    assert refused.returncode == 2 and "4-D with 2 frames" in refused.stderr
    np.testing.assert_array_equal(read_volume(tmp_path / "s", frame=1).array, STORED.astype(int) + 100 - 1024)


def test_an_array_outlives_the_volume_that_it_came_from(tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR)
    array = read_volume(tmp_path / "s").array
    sitk.GetImageFromArray(np.full((60, 200, 200), 7, np.int16))
    np.testing.assert_array_equal(array, STORED.astype(int) - 1024)


@pytest.mark.skipif(not DATA.name, reason="NSN2N_DATA names no folder")
def test_real_odd_series(nsn2n):
    words = {
        "dicom_ct_ge_tilt_irregular": "tilted by 18.5 degrees against their stack (gantry tilt); the slices are from",
        "dicom_t2w_missing_slice": "1 slice is missing (slices are 2.5 mm apart; there is a hole between 20 and 21)",
    }
    for name, said in words.items():
        assert said in " ".join(nsn2n("inspect", DATA / "odd" / name).stdout.split())
    assert json.loads(nsn2n("inspect", DATA / "odd" / "dicom_enh_mr_acr", "--json").stdout)["size"] == [11, 256, 256]
