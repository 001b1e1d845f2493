"""Volumes that stay in their files: what is read, written and refused; the voxels are those of a run in memory."""

import json
import os
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli.stored import array_files, command, image_files
from NSN2NDenoiseLib.cli.stored.files import create_stored, open_stored
from NSN2NDenoiseLib.cli.stored.unfinished import Unfinished
from NSN2NDenoiseLib.engine.large import parts

FAST = ("--preset", "fast", "--device", "cpu", "--memory", "0.7")
BOX = np.s_[1:5, 3:9, 2:11]


def an_image(dtype=np.int16, shape=(6, 10, 12)) -> sitk.Image:
    """Oblique, with voxels that all differ and a note."""
    image = sitk.GetImageFromArray(np.arange(np.prod(shape)).reshape(shape).astype(dtype) - 100)
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((10, -20, 30))
    image.SetDirection((0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1))
    image.SetMetaData("note", "kept")
    return image


def voxels(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("suffix", image_files.READABLE)
def test_image_files_are_read_in_boxes_and_written_with_geometry_and_metadata(tmp_path, suffix, dtype):
    source = tmp_path / f"in{suffix}"
    sitk.WriteImage(an_image(dtype), str(source), False)
    before = sitk.ReadImage(str(source))
    volume = open_stored(source)
    assert volume.array.shape == (6, 10, 12) and volume.array.dtype == dtype and volume.spacing == (2.0, 0.75, 0.5)
    np.testing.assert_array_equal(volume.array[BOX], voxels(before)[BOX])
    for kind in image_files.WRITABLE:
        path = tmp_path / f"out{kind}"
        target = create_stored(path, volume)
        for box in (np.s_[0:6, 0:4, 0:12], np.s_[0:6, 4:10, 0:5], np.s_[0:6, 4:10, 5:12]):
            target[box] = voxels(before)[box]
        after = sitk.ReadImage(str(path))
        np.testing.assert_array_equal(voxels(after), voxels(before))
        assert after.GetSize() == before.GetSize() and after.GetPixelID() == before.GetPixelID()
        for name in ("GetSpacing", "GetOrigin", "GetDirection"):
            np.testing.assert_allclose(getattr(after, name)(), getattr(before, name)(), atol=1e-5)
        if suffix == kind == ".nrrd":
            assert after.GetMetaData("note") == "kept"


def test_other_ways_to_store_the_same(tmp_path):
    array = voxels(an_image())
    sitk.WriteImage(an_image(), str(tmp_path / "a.mhd"), False)
    header = (tmp_path / "a.mhd").read_text().replace("MSB = False", "MSB = True")
    (tmp_path / "a.mhd").write_text(header.replace("ElementDataFile", "HeaderSize = -1\nElementDataFile"))
    (tmp_path / "a.raw").write_bytes(b"a header of the scanner" + array.astype(">i2").tobytes())
    sitk.WriteImage(an_image(), str(tmp_path / "b.nrrd"), False)
    text, _, _ = (tmp_path / "b.nrrd").read_bytes().partition(b"\n\n")
    text = text.replace(b"endian: little", b"endian: big") + b"\nbyte skip: -1\ndata file: b.bin\n"
    (tmp_path / "b.nhdr").write_bytes(text)
    (tmp_path / "b.bin").write_bytes(b"junk" + array.astype(">i2").tobytes())
    for name in ("a.mhd", "b.nhdr"):
        np.testing.assert_array_equal(open_stored(tmp_path / name).array[BOX], array[BOX])
        np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / name)))[BOX], array[BOX])


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".zarr"])
def test_arrays_are_read_and_written_in_boxes(tmp_path, suffix):
    for library in ("tifffile", "zarr"):
        pytest.importorskip(library)
    array = voxels(an_image(np.uint16)) + np.uint16(200)
    np.save(tmp_path / "in.npy", array)
    volume = open_stored(tmp_path / "in.npy")
    path = tmp_path / f"out{suffix}"
    target = create_stored(path, volume)
    target[np.s_[0:6, 0:10, 0:5]], target[np.s_[0:6, 0:10, 5:12]] = array[:, :, :5], array[:, :, 5:]
    again = open_stored(path)
    assert again.array.shape == array.shape and again.array.dtype == array.dtype and again.spacing in (None, (1, 1, 1))
    np.testing.assert_array_equal(again.array[BOX], array[BOX])
    if suffix == ".tif":
        np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), array)


def test_tiff_stacks_of_files_and_of_compressed_pages(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    array = voxels(an_image(np.uint16)) + np.uint16(200)
    (tmp_path / "stack").mkdir()
    for number, page in enumerate(array):
        tifffile.imwrite(tmp_path / "stack" / f"s{number + 7}.tif", page, resolution=(50, 25), resolutionunit=3)
    tifffile.imwrite(tmp_path / "one.tif", array, compression="zlib", photometric="minisblack")
    for name in ("stack", "one.tif"):
        volume = open_stored(tmp_path / name)
        assert volume.array.shape == array.shape
        np.testing.assert_array_equal(volume.array[BOX], array[BOX])
    create_stored(tmp_path / "out.tif", open_stored(tmp_path / "stack"))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        tags = file.pages[0].tags
        assert len(file.pages) == 6 and tags["XResolution"].value == (50, 1) and tags["ResolutionUnit"].value == 3


def test_an_ome_zarr_says_its_spacing(tmp_path):
    zarr = pytest.importorskip("zarr")
    array = voxels(an_image(np.uint16))
    axes = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space", "unit": "micrometer"} for n in "zyx")]
    scale = {"type": "scale", "scale": [1, 4.0, 2.0, 2.0]}
    images = [{"axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": [scale]}]}]
    group = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", attributes={"ome": {"multiscales": images}})
    group.create_array("s0", data=array[None])
    volume = open_stored(tmp_path / "in.zarr")
    np.testing.assert_allclose(volume.spacing, (0.004, 0.002, 0.002))
    np.testing.assert_array_equal(volume.array[BOX], array[BOX])
    create_stored(tmp_path / "out.zarr", volume)
    assert open_stored(tmp_path / "out.zarr").spacing == volume.spacing
    np.testing.assert_array_equal(open_stored(tmp_path / "in.zarr" / "s0").array[BOX], array[BOX])


def test_an_ome_zarr_lies_where_all_its_transformations_say(tmp_path):
    """The dataset's come first, then those of the image; the place goes into other files, and from them into zarr."""
    zarr = pytest.importorskip("zarr")
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    own = [{"type": "scale", "scale": [500] * 3}, {"type": "translation", "translation": [1000, 2000, 3000]}]
    of_all = [{"type": "scale", "scale": [2, 2, 4]}, {"type": "translation", "translation": [500, 0, 0]}]
    dataset = {"path": "0", "coordinateTransformations": own}
    images = [{"axes": axes, "datasets": [dataset], "coordinateTransformations": of_all}]
    group = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", attributes={"ome": {"multiscales": images}})
    group.create_array("0", data=np.zeros((4, 5, 6), np.int16))
    create_stored(tmp_path / "out.nrrd", open_stored(tmp_path / "in.zarr"))
    create_stored(tmp_path / "out.zarr", open_stored(tmp_path / "out.nrrd"))
    create_stored(tmp_path / "more.nrrd", open_stored(tmp_path / "out.zarr"))
    for name in ("out.nrrd", "more.nrrd"):
        image = sitk.ReadImage(str(tmp_path / name))
        assert image.GetSpacing() == (2, 1, 1) and image.GetOrigin() == (12, 4, 2.5)
    sitk.WriteImage(an_image(), str(tmp_path / "oblique.nrrd"))  # zarr has no directions, so a corner says nothing
    create_stored(tmp_path / "oblique.zarr", open_stored(tmp_path / "oblique.nrrd"))
    assert open_stored(tmp_path / "oblique.zarr").like().GetOrigin() == (0, 0, 0)


def test_the_command_gives_the_voxels_of_a_run_in_memory(nsn2n, small, tmp_path, monkeypatch):
    sitk.WriteImage(sitk.ReadImage(str(small)), str(tmp_path / "in.nrrd"), False)
    assert nsn2n("denoise", "in.nrrd", "whole.nrrd", "--report", "whole.json", *FAST[:4]).returncode == 0
    monkeypatch.setattr(parts, "choose_bricks", lambda *_: [np.s_[0:8, 0:72, 0:24], np.s_[0:8, 0:72, 24:64]])
    done = nsn2n("denoise", "in.nrrd", "out.mha", "--report", "out.json", *FAST)
    assert done.returncode == 0, done.stderr
    one, other = (sitk.ReadImage(str(tmp_path / name)) for name in ("whole.nrrd", "out.mha"))
    np.testing.assert_array_equal(voxels(other), voxels(one))
    own, whole = (json.loads((tmp_path / name).read_text()) for name in ("out.json", "whole.json"))
    for name in ("inputSHA256", "resultSHA256", "noiseBefore", "threshold", "stages"):
        assert own[name] == whole[name]
    assert own["parts"]["count"] == 2 and own["predictedMemoryMB"] == pytest.approx(600, abs=60)
    assert "2 of 24 x 72 x 8 voxels, one after the other" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("wrote")) <= 80
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        ["in.nrrd", "whole.nrrd", "whole.json", "out.mha", "out.json"]
    )


def test_workers_make_the_same_voxels(quick_workers, nsn2n, small, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    sitk.WriteImage(sitk.ReadImage(str(small)), str(tmp_path / "in.nrrd"), False)
    call = ("denoise", "in.nrrd", "out.nrrd", "--report", "out.json", *FAST, "--overwrite")
    monkeypatch.setattr(parts, "choose_bricks", lambda *_: [np.s_[0:8, 0:72, at : at + 24] for at in (0, 24, 40)])
    reports, arrays = [], []
    for more in ((), ("--workers", "1")):
        done = nsn2n(*call, *more)
        assert done.returncode == 0, done.stderr
        reports.append(json.loads((tmp_path / "out.json").read_text()))
        arrays.append(voxels(sitk.ReadImage(str(tmp_path / "out.nrrd"))))
    np.testing.assert_array_equal(*arrays)
    assert reports[0]["resultSHA256"] == reports[1]["resultSHA256"]
    assert [report["parts"]["elsewhere"] for report in reports] == [0, 2]
    assert "3 of 24 x 72 x 8 voxels, 2 of them by other processes" in " ".join(done.stdout.split())
    assert not (tmp_path / "out.nrrd.unfinished").exists()


def test_what_does_not_fit_goes_in_parts_by_itself(nsn2n, small, tmp_path, monkeypatch):
    image = sitk.ReadImage(str(small))
    sitk.WriteImage(image, str(tmp_path / "in.nii"), False)
    monkeypatch.setattr(command, "free_memory_mb", lambda: 1.0)
    monkeypatch.setattr(parts, "free_memory_mb", lambda: 1000.0)
    facts = json.loads(nsn2n("inspect", "in.nii", "--json").stdout)
    assert facts["parts"]["count"] == 1 and facts["parts"]["sides"] == [8, 72, 64]
    text = nsn2n("inspect", "in.nii").stdout
    assert " GB to denoise it in parts: 1 of 64 x 72 x 8 voxels" in " ".join(text.split())
    sitk.WriteImage(image, str(tmp_path / "packed.nii.gz"))
    for arguments in (("packed.nii.gz", "out.nii"), ("in.nii", "out.nii.gz")):
        done = nsn2n("denoise", *arguments, "--preset", "fast")
        assert done.returncode == 2 and "It would be denoised in parts, but" in done.stderr
        assert "these can: .n" in done.stderr
    assert not list(tmp_path.glob("out*")) and not list(tmp_path.glob(".nsn2n*"))


def test_inspect_is_of_the_preset_and_device_that_are_asked_for(nsn2n, small, tmp_path, monkeypatch):
    sitk.WriteImage(sitk.ReadImage(str(small)), str(tmp_path / "in.nrrd"), False)
    facts = json.loads(nsn2n("inspect", "in.nrrd", "--memory", "4", "--preset", "nsn2n", "--json").stdout)
    assert "learn" in facts["stages"] and "similar" not in facts["stages"]
    asked = []
    monkeypatch.setattr(command, "added_memory_mb", lambda shape, dtype, settings: asked.append(settings) or 0.0)
    assert nsn2n("inspect", "in.nrrd", "--preset", "fast", "--device", "cpu").returncode == 0
    assert (asked[0].preset, asked[0].device) == ("fast", "cpu")


@pytest.mark.parametrize("suffix", [".mhd", ".zarr"])
def test_a_stopped_run_goes_on(nsn2n, tmp_path, monkeypatch, suffix):
    """What was written of the output is there again when the engine goes on, and nothing is left of it at the end."""
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    sitk.WriteImage(an_image(), str(tmp_path / "in.nrrd"), False)
    array, seen = voxels(an_image()), []

    def stopped(source, target, *_, journal, **__):
        target[np.s_[0:3, 0:10, 0:12]] = array[:3]
        (journal / "run.json").write_text("{}")
        raise engine.Cancelled("stopped on request")

    def goes_on(source, target, *_, journal, **__):
        seen.append(((journal / "run.json").read_text(), target[np.s_[0:3, 0:10, 0:12]].copy()))
        with pytest.raises(engine.SettingsError, match="another run is writing"):
            Unfinished(tmp_path / f"out{suffix}").__enter__()
        target[np.s_[3:6, 0:10, 0:12]] = array[3:]
        return {"warnings": []}

    call = ("denoise", "in.nrrd", f"out{suffix}", "--memory", "4", "--quiet")
    monkeypatch.setattr(command.engine, "denoise_stored", stopped)
    done = nsn2n(*call)
    assert done.returncode == 130 and f"what is done is in out{suffix}.unfinished, and the same command" in done.stderr
    assert not (tmp_path / f"out{suffix}").exists()
    monkeypatch.setattr(command.engine, "denoise_stored", goes_on)
    assert nsn2n(*call).returncode == 0
    assert seen[0][0] == "{}" and np.array_equal(seen[0][1], array[:3])
    np.testing.assert_array_equal(open_stored(tmp_path / f"out{suffix}").array[np.s_[0:6, 0:10, 0:12]], array)
    left = {"in.nrrd", f"out{suffix}"} | ({"out.raw"} if suffix == ".mhd" else set())
    assert {file.name for file in tmp_path.iterdir()} == left


def geometry(path) -> tuple:
    image = sitk.ReadImage(str(path))
    return image.GetOrigin(), image.GetSpacing(), image.GetMetaData("note")


@pytest.mark.parametrize("other", ["its geometry", "its note", "its file", "its time"])
def test_what_another_volume_has_left_is_not_gone_on_with(nsn2n, tmp_path, monkeypatch, other):
    """Of one size and type, begun for the same output: it differs in one thing from the volume that is denoised."""
    image = an_image()
    sitk.WriteImage(image, str(tmp_path / "in.nrrd"), False)

    def begins(source, target, *_, journal, **__):
        assert list(journal.iterdir()) == [] and not target[np.s_[0:6, 0:10, 0:12]].any()
        target[np.s_[0:6, 0:10, 0:12]] = voxels(image)
        (journal / "run.json").write_text("{}")
        if not seen:
            seen.append(source)
            raise engine.Cancelled("stopped on request")
        return {"warnings": []}

    seen, name = [], "in.nrrd"
    monkeypatch.setattr(command.engine, "denoise_stored", begins)
    assert nsn2n("denoise", name, "out.nrrd", "--memory", "4", "--quiet").returncode == 130
    if other == "its geometry":
        image.SetOrigin((-7, 0, 5))
    elif other == "its note":
        image.SetMetaData("note", "lost")  # of the same length
    elif other == "its file":
        name = str((tmp_path / name).rename(tmp_path / "b.nrrd").name)
    stat = (tmp_path / name).stat()
    sitk.WriteImage(image, str(tmp_path / name), False)
    os.utime(tmp_path / name, ns=(stat.st_atime_ns, stat.st_mtime_ns + (other == "its time")))
    done = nsn2n("denoise", name, "out.nrrd", "--memory", "4", "--quiet")
    assert done.returncode == 0, done.stderr
    assert geometry(tmp_path / "out.nrrd") == geometry(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("in.nrrd", "out.nrrd", "--mask", "w.nrrd", "--noise", "n.nrrd"), "in parts has no --noise, --mask"),
        (("in.nrrd", "out.nrrd", "--memory", "0"), "--memory is 0"),
        (("in.nrrd", "out.nrrd", "--workers", "0"), "--workers is 0; give 1 or more"),
        (("in.nrrd", "out.nrrd", "--workers", "2", "--scheduler", "tcp://a:1"), "leave one out"),
        (("in.nrrd", "out.nrrd", "--memory", "0.1"), "may take 0.1 GB: allow more"),
        (("in.nrrd", "out.nii.gz"), "out.nii.gz can't be written in parts; these can: .nrrd, .mha, .mhd, .nii, .npy"),
        (("packed.nrrd", "out.nrrd"), "packed.nrrd is compressed"),
        (("short.nrrd", "out.nrrd"), "short.nrrd ends early"),
        (("bits.npy", "out.npy"), "integers of 64 bits"),
        (("flat.npy", "out.npy"), "(slices, rows, columns) in C order is needed"),
        (("in.nrrd", "in.nrrd"), "is the input"),
        (("missing.nrrd", "out.nrrd"), "missing.nrrd does not exist"),
        (("empty", "out.nrrd"), "a DICOM series can't be read in parts"),
    ],
)
def test_what_is_refused_says_why(nsn2n, tmp_path, arguments, message):
    image = an_image()
    sitk.WriteImage(image, str(tmp_path / "in.nrrd"), False)
    sitk.WriteImage(image, str(tmp_path / "packed.nrrd"), True)
    (tmp_path / "short.nrrd").write_bytes((tmp_path / "in.nrrd").read_bytes()[:-10])
    np.save(tmp_path / "bits.npy", np.zeros((4, 20, 20), np.int64))
    np.save(tmp_path / "flat.npy", np.zeros((20, 20), np.int16))
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.iterdir())
    more = () if "--memory" in arguments else ("--memory", "4")
    done = nsn2n("denoise", *arguments, "--preset", "fast", *more)
    assert done.returncode in (1, 2) and message in " ".join(done.stderr.split())
    assert sorted(tmp_path.iterdir()) == before


def test_a_library_that_is_missing_is_named(nsn2n, tmp_path, monkeypatch):
    (tmp_path / "in.tif").write_bytes(b"II*\0")
    (tmp_path / "in.zarr").mkdir()
    for name, library in (("in.tif", "tifffile"), ("in.zarr", "zarr")):
        monkeypatch.setitem(sys.modules, library, None)
        done = nsn2n("denoise", name, "out.npy")
        assert done.returncode == 2 and f"{library} is needed for this file: pip install 'nsn2n[large]'" in done.stderr
    assert array_files.library("json") is json


def test_a_tiff_of_several_channels_is_refused(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "c.tif", np.zeros((4, 2, 20, 20), np.uint16), imagej=True, metadata={"axes": "ZCYX"})
    with pytest.raises(engine.InputError, match=r"c.tif holds ZCYX = "):
        open_stored(tmp_path / "c.tif")
