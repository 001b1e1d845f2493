"""``nsn2n denoise --frames all``: 4-D in, 4-D out."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.batch.find import find_items
from NSN2NDenoiseLib.batch.items import Item
from NSN2NDenoiseLib.batch.size import WORKER, predict
from NSN2NDenoiseLib.batch.task import DONE, REFUSED, denoise_item
from NSN2NDenoiseLib.cli.volume_io import read_volume

from Testing.CommandLine.bids_files import boxes
from Testing.CommandLine.dicom_files import write_multiframe, write_series

FAST = ("--preset", "fast", "--device", "cpu")
SETTINGS = engine.Settings.from_preset("fast", device="cpu")


def write_frames(path, frames: list[np.ndarray]) -> np.ndarray:
    """A 4-D file, 1 x 1 x 2 mm and 3 s; returns its voxels, (T, K, J, I)."""
    volumes = []
    for values in frames:
        volumes.append(sitk.GetImageFromArray(np.rint(values).astype(np.int16)))
        volumes[-1].SetSpacing((1, 1, 2))
    image = sitk.JoinSeries(volumes, 0.0, 3.0)
    image.SetMetaData("note", "kept")
    sitk.WriteImage(image, str(path))
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_all_frames(nsn2n, tmp_path, suffix):
    noise = np.random.default_rng(1)
    clean = boxes(0)
    frames = write_frames(tmp_path / f"in{suffix}", [clean + noise.normal(0, 20, clean.shape) for _ in range(3)])
    outputs = ("--noise", f"noise{suffix}", "--mask", "mask.nrrd", "--report", "report.json", "--preview", "look.png")
    done = nsn2n("denoise", f"in{suffix}", f"out{suffix}", "--frames", "all", *FAST, *outputs)
    assert done.returncode == 0, done.stderr
    before, after = (sitk.ReadImage(str(tmp_path / f"{name}{suffix}")) for name in ("in", "out"))
    for of in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection", "GetPixelID"):
        assert getattr(after, of)() == getattr(before, of)()
    if suffix == ".nrrd":
        assert after.GetMetaData("note") == "kept"
    array = sitk.GetArrayFromImage(after)
    for frame, result in zip(frames, array, strict=True):
        assert np.std(result - clean) < np.std(frame - clean) / 2
    removed = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"noise{suffix}")))
    np.testing.assert_array_equal(frames.astype(int) - array, removed)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["looks"] == 1 and [frame["lookOfFrame"] for frame in report["frames"]] == [0, 0, 0]
    assert len({frame["noiseBefore"] for frame in report["frames"]}) == 1


def test_frames_that_are_not_alike_have_their_own_look(nsn2n, tmp_path):
    noise = np.random.default_rng(1)
    clean = boxes(0)
    sds = (20, 60, 20, 60)
    write_frames(tmp_path / "in.nii", [clean + noise.normal(0, sd, clean.shape) for sd in sds])
    done = nsn2n("denoise", "in.nii", "out.nii", "--frames", "all", *FAST, "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert [frame["lookOfFrame"] for frame in report["frames"]] == [0, 1, 0, 1]
    assert [frame["noiseBefore"] for frame in report["frames"]] == pytest.approx(sds, rel=0.15)
    assert "4 frames are of 2 kinds" in " ".join(done.stdout.split())


def test_frames_with_hardly_any_noise_are_left_as_they_were(nsn2n, tmp_path):
    clean = boxes(0) + np.linspace(0, 200, 40)
    frames = write_frames(tmp_path / "in.nii", [clean, clean + np.random.default_rng(1).normal(0, 20, clean.shape)])
    done = nsn2n("denoise", "in.nii", "out.nii", "--frames", "all", *FAST, "--report", "report.json")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out.nii")))[0], frames[0])
    gains = [frame["predictedGain"] for frame in json.loads((tmp_path / "report.json").read_text())["frames"]]
    assert gains[0] is None and gains[1] > 1
    text = " ".join(done.stdout.split())
    assert "1 of 2 frames was left as it was. Predicted gain" in text and "made by quick filter" in text


def write_list(path, frames: np.ndarray, first: bool, kind: str = "list") -> bytes:
    """A sequence as Slicer stores it, or with an axis of another kind; frames (T, K, J, I). Returns the header."""
    sizes, directions = [*map(str, frames.shape[::-1])], ["(1,0,0)", "(0,-1,0)", "(0,0,2)"]
    axis, kinds = (0 if first else 3), ["domain"] * 3
    for names, name in ((sizes, sizes.pop()), (directions, "none"), (kinds, kind)):
        names.insert(axis, name)
    header = (
        "NRRD0005\n# by Slicer\ntype: short\ndimension: 4\nspace: right-anterior-superior\n"
        f"sizes: {' '.join(sizes)}\nspace directions: {' '.join(directions)}\nkinds: {' '.join(kinds)}\n"
        "endian: big\nencoding: raw\nspace origin: (1,2,3)\nmeasurement frame: (1,0,0) (0,1,0) (0,0,1)\n"
        f"DataNodeClassName:=vtkMRMLScalarVolumeNode\naxis {axis} index type:=numeric\n"
        f"axis {axis} index values:=0 1.5 4\naxis {axis} item 1 Name:=a: b\n"
    ).encode()
    voxels = np.moveaxis(frames, 0, -1) if first else frames
    path.write_bytes(header + b"\n" + np.rint(voxels).astype(">i2").tobytes())
    return header


def list_header(path) -> list[bytes]:
    """Lines of a header but those of how the voxels are stored."""
    lines = path.read_bytes().split(b"\n\n")[0].splitlines()
    return [line for line in lines if line.partition(b":")[0] not in (b"type", b"endian", b"encoding")]


@pytest.mark.parametrize("first", [True, False])
def test_a_sequence_of_slicer_stays_one(nsn2n, tmp_path, first):
    noise = np.random.default_rng(1)
    clean = boxes(0)
    frames = np.rint([clean + noise.normal(0, 20, clean.shape) for _ in range(3)])
    write_list(tmp_path / "in.seq.nrrd", frames, first)
    done = nsn2n("denoise", "in.seq.nrrd", "out.seq.nrrd", "--frames", "all", *FAST, "--mask", "mask.seq.nrrd")
    assert done.returncode == 0, done.stderr
    assert list_header(tmp_path / "out.seq.nrrd") == list_header(tmp_path / "in.seq.nrrd")
    assert [line for line in list_header(tmp_path / "in.seq.nrrd") if not line.startswith(b"DataNode")] == (
        list_header(tmp_path / "mask.seq.nrrd")
    )
    before, after, mask = (sitk.ReadImage(str(tmp_path / f"{name}.seq.nrrd")) for name in ("in", "out", "mask"))
    for of in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection", "GetPixelID", "GetNumberOfComponentsPerPixel"):
        assert getattr(after, of)() == getattr(before, of)()
    assert mask.GetPixelID() == sitk.sitkVectorUInt8
    result = np.moveaxis(sitk.GetArrayFromImage(after), -1, 0)
    for frame, own in zip(frames, result, strict=True):
        assert np.std(own - clean) < np.std(frame - clean) / 2
    row = denoise_item(Item("in", tmp_path / "in.seq.nrrd", tmp_path / "batch.nrrd"), SETTINGS, tmp_path, False)
    assert row.status == DONE, row.reason
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "batch.nrrd"))), (
        sitk.GetArrayFromImage(after)
    ))  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
def test_a_frame_of_a_sequence_of_slicer(nsn2n, tmp_path, first):
    frames = np.stack([boxes(20) + 100 * number for number in range(3)])
    write_list(tmp_path / "in.seq.nrrd", frames, first)
    assert "4-D with 3 frames" in nsn2n("denoise", "in.seq.nrrd", "out.nrrd", *FAST).stderr
    done = nsn2n("denoise", "in.seq.nrrd", "out.nrrd", "--frame", "1", *FAST)
    assert done.returncode == 0, done.stderr
    image = sitk.ReadImage(str(tmp_path / "out.nrrd"))
    assert image.GetSize() == (40, 40, 6) and image.GetSpacing() == (1, 1, 2) and image.GetOrigin() == (-1, -2, 3)
    assert not any(key.startswith("axis ") for key in image.GetMetaDataKeys())
    assert np.abs(sitk.GetArrayFromImage(image) - frames[1]).mean() < 20
    assert nsn2n("inspect", "in.seq.nrrd", "--frame", "3").returncode == 2


def test_vectors_are_no_frames(nsn2n, tmp_path):
    write_list(tmp_path / "in.nrrd", np.stack([boxes(20)] * 3), True, kind="vector")
    for more in ((), ("--frames", "all"), ("--frame", "1")):
        done = nsn2n("denoise", "in.nrrd", "out.nrrd", *FAST, *more)
        assert done.returncode == 2 and ("color or vectors" in done.stderr or "no 4-D file" in done.stderr)


def test_layers_of_a_segmentation_are_no_frames(nsn2n, tmp_path):
    header = write_list(tmp_path / "in.seg.nrrd", np.stack([boxes(20)] * 3), True)
    stored = (tmp_path / "in.seg.nrrd").read_bytes()
    (tmp_path / "in.seg.nrrd").write_bytes(stored.replace(header, header + b"Segment0_ID:=liver\n"))
    for more in ((), ("--frame", "1"), ("--memory", "4")):
        done = nsn2n("denoise", "in.seg.nrrd", "out.nrrd", *FAST, *more)
        assert done.returncode == 2 and "says that it is a label map" in done.stderr
    assert nsn2n("denoise", "in.seg.nrrd", "out.nrrd", *FAST, "--frames", "all").returncode == 2
    row = denoise_item(Item("in", tmp_path / "in.seg.nrrd", tmp_path / "out.nrrd"), SETTINGS, tmp_path, False)
    assert row.status == REFUSED and "label map" in row.reason


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("flat.nii", "--frames", "all"), "is no 4-D file"),
        (("four.nii", "--frames", "all", "--frame", "1"), "leave --frame out"),
        (("four.nii", "--frames", "all", "--series", "1"), "is a file; --series chooses"),
        (("four.nii",), "or denoise --frames all"),
        (("none.nii", "--frames", "all"), "does not exist"),
        (("dull.nii", "--frames", "all"), "frame 1: "),
    ],
)
def test_refused(nsn2n, tmp_path, arguments, words):
    sitk.WriteImage(sitk.GetImageFromArray(boxes(10)), str(tmp_path / "flat.nii"))
    write_frames(tmp_path / "four.nii", [boxes(10)] * 2)
    write_frames(tmp_path / "dull.nii", [boxes(10), np.zeros((6, 40, 40))])
    ended = nsn2n("denoise", arguments[0], "out.nii", *arguments[1:], *FAST)
    assert ended.returncode == 2 and words in " ".join(ended.stderr.split())
    assert not (tmp_path / "out.nii").exists()


def test_a_sequence_is_one_volume_of_a_batch(tmp_path):
    frames = write_frames(tmp_path / "in.nii.gz", [boxes(20), boxes(20) + 3])
    item = Item("in", tmp_path / "in.nii.gz", tmp_path / "out.nii.gz")
    voxels, memory = predict(item, SETTINGS)
    assert voxels == frames.size and memory > WORKER
    row = denoise_item(item, SETTINGS, tmp_path, False)
    assert row.status == DONE and row.size == "40 x 40 x 6 x 2" and row.thumbnail
    assert sitk.ReadImage(str(tmp_path / "out.nii.gz")).GetSize() == (40, 40, 6, 2)


def write_4d(folder, kind: str) -> np.ndarray:
    """Two frames of five slices, stored slice by slice, as a series of ten files or as one enhanced file; returns
    them, (T, K, J, I), image units."""
    noise = np.random.default_rng(1)
    frames = np.rint([boxes(0)[:5] + 50 * n + noise.normal(0, 20, (5, 40, 40)) for n in range(2)]).astype(np.int16)
    stored, times, positions = np.concatenate(frames.swapaxes(0, 1)[..., None, :, :]), [1, 2] * 5, np.arange(10) // 2
    stored = stored.reshape(10, 40, 40)
    if kind == "files":
        write_series(folder, stored, 2.0 * positions, TemporalPositionIdentifier=times, RescaleIntercept=0)
    else:
        folder.mkdir()
        write_multiframe(folder / "m.dcm", stored.astype(np.uint16), 3.0 * positions, np.array(times) - 1)
    return frames


@pytest.mark.parametrize("kind", ["files", "one file"])
def test_all_frames_of_a_dicom_series(nsn2n, tmp_path, kind):
    """Into a derived series with the same frames, and into an image file."""
    frames = write_4d(tmp_path / "s", kind)
    done = nsn2n("denoise", "s", "out", "--frames", "all", "--dicom", *FAST, "--noise", "noise.nii")
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(
        file.name for file in (tmp_path / "s").iterdir()
    )
    removed = sitk.ReadImage(str(tmp_path / "noise.nii"))
    clean = boxes(0)[:5]
    for number, frame in enumerate(frames):
        before, after = (read_volume(tmp_path / name, number) for name in ("s", "out"))
        np.testing.assert_array_equal(before.array, frame)
        np.testing.assert_array_equal(after.array, frame - sitk.GetArrayFromImage(removed)[number])
        assert after.image.GetOrigin() == before.image.GetOrigin() and after.spacing == before.spacing
        assert np.std(after.array - clean) < np.std(frame - clean) / 2
    source = read_volume(tmp_path / "s", 0).image
    assert removed.GetSize() == (40, 40, 5, 2) and removed.GetSpacing()[:3] == pytest.approx(source.GetSpacing())
    assert removed.GetOrigin()[:3] == pytest.approx(source.GetOrigin())


def test_frames_of_a_dicom_series_that_are_no_sequence(nsn2n, tmp_path):
    values = np.rint(boxes(20)).astype(np.int16)
    write_series(tmp_path / "flat", values, 2.0 * np.arange(6))
    write_series(tmp_path / "hole", np.concatenate([values, values]), np.tile([0.0, 2, 4, 8, 10, 12], 2))
    places = [(x, 0, z) for x in (0, 3) for z in 2 * np.arange(6)]
    write_series(tmp_path / "moved", np.concatenate([values, values]), places, (1, 0, 0, 0, 1, 0))
    for name, words in (
        ("flat", "is no 4-D file; leave --frames out"),
        ("hole", "1 slice is missing"),
        ("moved", "frames 0 and 1 of the series in moved lie in different places"),
    ):
        done = nsn2n("denoise", name, "out", "--frames", "all", "--dicom", *FAST)
        assert done.returncode == 2 and words in " ".join(done.stderr.split()), done.stderr
    assert "or denoise --frames all" in nsn2n("inspect", "moved").stderr


@pytest.mark.parametrize("as_dicom", [True, False])
def test_a_4d_dicom_series_is_one_volume_of_a_batch(tmp_path, as_dicom):
    frames = write_4d(tmp_path / "s", "files")
    (item,) = find_items([tmp_path / "s"], tmp_path / "out", as_dicom)
    assert predict(item, SETTINGS)[0] == frames.size
    row = denoise_item(item, SETTINGS, tmp_path / "out", as_dicom)
    assert row.status == DONE and row.size == "40 x 40 x 5 x 2", row.reason
    result = tmp_path / "out" / item.output
    if as_dicom:
        assert read_volume(result, 1).array.shape == (5, 40, 40)
    else:
        assert sitk.ReadImage(str(result)).GetSize() == (40, 40, 5, 2)
