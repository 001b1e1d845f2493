"""NIfTI in, NIfTI out: both transforms with their codes, the other fields of the header, and the extensions."""

import gzip
import json
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.batch.items import Item
from NSN2NDenoiseLib.batch.task import DONE, denoise_item
from NSN2NDenoiseLib.cli.frames import read_sequence
from NSN2NDenoiseLib.cli.stored.files import create_stored, open_stored
from NSN2NDenoiseLib.cli.volume_io import read_volume, write_like
from NSN2NDenoiseLib.engine import Settings

from Testing.CommandLine.bids_files import boxes

FAST = ("--preset", "fast", "--device", "cpu")
SCANNER = np.array([[-2.0, 0, 0, 10], [0, 1.5, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]])
ATLAS = np.array([[2.0, 0.1, 0, 99], [0, 1.5, 0.2, 21], [0, 0, 3, 31], [0, 0, 0, 1]])
#: Of the header: what is true of each image on the same grid, and what is said of the values of this one.
PLACE = (
    *("dim_info", "slice_start", "slice_end", "slice_code", "slice_duration", "toffset", "xyzt_units", "pixdim"),
    *("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("srow_x", "srow_y", "srow_z"),
)
VALUES = (
    *("cal_max", "cal_min", "descrip", "aux_file"),
    *("intent_code", "intent_name", "intent_p1", "intent_p2", "intent_p3"),
)


def write(path, array: np.ndarray, order: str = "<", kind=nibabel.Nifti1Image) -> None:
    """An image with an sform that differs from its qform, and something in each field; array (K, J, I) or (T, ...)."""
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(array.dtype)
    image = kind(np.transpose(array), None, header)
    image.set_qform(SCANNER, 1)
    image.set_sform(ATLAS, 4)
    header = image.header
    header.set_xyzt_units("mm", "sec")
    header.set_dim_info(0, 1, 2)
    header.set_intent("t test", (7,), "of rest")
    header["slice_end"], header["slice_code"], header["slice_duration"], header["toffset"] = 5, 3, 0.05, 1.5
    header["cal_max"], header["cal_min"], header["descrip"], header["aux_file"] = 400, -3, b"a head", b"colors"
    if array.ndim == 4:
        header["pixdim"][4] = 2.5
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"of the scanner"))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("afni", b"<a/>" * 9))
    nibabel.save(image, path)


def assert_kept(source, result, metadata: bool = True) -> None:
    before, after = nibabel.load(source), nibabel.load(result)
    np.testing.assert_array_equal(after.affine, before.affine)
    for name in (*PLACE, *(VALUES if metadata else ())):
        np.testing.assert_array_equal(after.header[name], before.header[name], err_msg=name)
    if not metadata:
        assert not after.header["cal_max"] and not after.header["descrip"] and not after.header["intent_code"]
    kept = [(one.get_code(), bytes(one.content)) for one in before.header.extensions] if metadata else []
    assert [(one.get_code(), bytes(one.content)) for one in after.header.extensions] == kept
    one, other = sitk.ReadImage(str(source)), sitk.ReadImage(str(result))
    for of in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(one, of)() == getattr(other, of)()


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_what_is_denoised_stays_where_it_is_in_the_world(nsn2n, tmp_path, suffix):
    write(tmp_path / "in.nii", np.rint(boxes(20)).astype(np.int16))
    more = ("--mask", f"mask{suffix}", "--noise", f"noise{suffix}", "--report", "report.json")
    done = nsn2n("denoise", "in.nii", f"out{suffix}", *FAST, *more)
    assert done.returncode == 0, done.stderr
    for name in ("out", "mask", "noise"):
        assert_kept(tmp_path / "in.nii", tmp_path / f"{name}{suffix}", metadata=name == "out")
    before, after, noise = (np.asarray(nibabel.load(tmp_path / f).dataobj) for f in (
        "in.nii", f"out{suffix}", f"noise{suffix}"
    ))  # fmt: skip
    assert after.dtype == np.int16 and after.std() > 0
    np.testing.assert_array_equal(before.astype(int) - after, noise)
    assert json.loads((tmp_path / "report.json").read_text())["noiseAfter"] < 5


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_voxels_of_each_type_are_written_as_they_are(tmp_path, dtype):
    array = np.arange(5, 125).reshape(4, 5, 6).astype(dtype)
    for order, name in (("<", "little.nii"), (">", "big.nii.gz")):
        write(tmp_path / name, array, order)
        volume = read_volume(tmp_path / name)
        write_like(volume.array, volume, tmp_path / f"out-{name}", metadata=True)
        assert_kept(tmp_path / name, tmp_path / f"out-{name}")
        after = nibabel.load(tmp_path / f"out-{name}")
        assert after.get_data_dtype() == np.dtype(dtype)
        np.testing.assert_array_equal(np.transpose(np.asarray(after.dataobj)), array)


def test_frames_and_one_of_them(tmp_path):
    array = np.arange(360).reshape(3, 4, 5, 6).astype(np.int16)
    write(tmp_path / "in.nii.gz", array)
    sequence, volume = read_sequence(tmp_path / "in.nii.gz"), read_volume(tmp_path / "in.nii.gz", frame=1)
    write_like(sequence.array, sequence, tmp_path / "all.nii.gz", metadata=True)
    write_like(volume.array, volume, tmp_path / "one.nii.gz", metadata=True)
    assert_kept(tmp_path / "in.nii.gz", tmp_path / "all.nii.gz")
    before, one = (nibabel.load(tmp_path / name) for name in ("in.nii.gz", "one.nii.gz"))
    assert one.shape == before.shape[:3] and one.header["sform_code"] == 4
    np.testing.assert_array_equal(one.affine, ATLAS.astype(np.float32))
    np.testing.assert_array_equal(np.transpose(np.asarray(one.dataobj)), array[1])


def test_in_parts(tmp_path):
    array = np.arange(120).reshape(4, 5, 6).astype(np.int16)
    write(tmp_path / "in.nii", array, ">")
    target = create_stored(tmp_path / "out.nii", open_stored(tmp_path / "in.nii"))
    target[np.s_[0:4, 0:5, 0:6]] = array
    assert_kept(tmp_path / "in.nii", tmp_path / "out.nii")
    np.testing.assert_array_equal(np.transpose(np.asarray(nibabel.load(tmp_path / "out.nii").dataobj)), array)


def test_scaled_integers_and_pairs_in_a_batch(tmp_path):
    """A batch writes one file; values that a slope makes are stored without it."""
    array = np.rint(boxes(20)).astype(np.int16)
    write(tmp_path / "in.hdr", array, kind=nibabel.Nifti1Pair)
    header = bytearray((tmp_path / "in.hdr").read_bytes())
    struct.pack_into("<2f", header, 112, 0.5, 3)
    (tmp_path / "in.hdr").write_bytes(header)
    item = Item("in", tmp_path / "in.hdr", tmp_path / "out.nii.gz")
    row = denoise_item(item, Settings.from_preset("fast", device="cpu"), tmp_path, False)
    assert row.status == DONE, row.reason
    assert_kept(tmp_path / "in.hdr", tmp_path / "out.nii.gz")
    after = np.transpose(nibabel.load(tmp_path / "out.nii.gz").get_fdata())
    assert np.abs(after - (0.5 * array + 3)).mean() < 12 and np.abs(after.mean() - (0.5 * array + 3).mean()) < 2


@pytest.mark.parametrize("size", [0, 7, 2**30, -16])
def test_damaged_extensions_are_left_out(tmp_path, size):
    array = np.arange(120).reshape(4, 5, 6).astype(np.int16)
    write(tmp_path / "in.nii", array)
    stored = bytearray((tmp_path / "in.nii").read_bytes())
    struct.pack_into("<i", stored, 352, size)
    (tmp_path / "in.nii").write_bytes(stored)
    volume = read_volume(tmp_path / "in.nii")
    write_like(volume.array, volume, tmp_path / "out.nii.gz", metadata=True)
    assert gzip.decompress((tmp_path / "out.nii.gz").read_bytes())[348:352] == bytes(4)
    np.testing.assert_array_equal(read_volume(tmp_path / "out.nii.gz").array, array)
