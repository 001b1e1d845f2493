"""What ``nsn2n batch`` finds in files, folders, DICOM trees and BIDS datasets, and how it calls the results."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.batch.find import find_items
from NSN2NDenoiseLib.batch.run import _gpus as gpus_of
from NSN2NDenoiseLib.batch.size import WORKER, predict
from NSN2NDenoiseLib.batch.workers import Job, count_workers

from Testing.CommandLine.bids_files import write_dataset, write_perfusion
from Testing.CommandLine.dicom_files import write_series

VALUES = np.arange(4 * 16 * 16, dtype=np.int16).reshape(4, 16, 16)


def outputs(items) -> list[str]:
    return [item.output.as_posix() for item in items]


def test_a_folder_is_searched_and_mirrored(tmp_path):
    for name in ("b/two.nii.gz", "a.nrrd", "b/three.mhd", "b/notes.txt", ".hidden/x.nrrd", "out/a_denoised.nrrd"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b/three.raw").touch()
    items = find_items([tmp_path], tmp_path / "out", as_dicom=False)
    assert outputs(items) == ["a_denoised.nrrd", "b/three_denoised.mha", "b/two_denoised.nii.gz"]
    assert [file.name for file in items[1].files] == ["three.mhd", "three.raw"]


def test_results_never_share_a_name(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "head.nrrd").touch()
    (tmp_path / "y/HEAD.nii").touch()
    found = find_items([tmp_path / "x/head.nrrd", tmp_path / "y"], tmp_path / "out", as_dicom=False)
    assert outputs(found) == ["head_denoised.nrrd", "HEAD_denoised_2.nii", "head_denoised_3.nrrd"]


def test_every_series_of_a_dicom_tree(tmp_path):
    (tmp_path / "p").mkdir()
    write_series(
        tmp_path / "p/s", VALUES, np.arange(4.0), name="one", SeriesNumber=4, SeriesDescription="Chest 1.0 B70f"
    )
    write_series(tmp_path / "p/s", VALUES, np.arange(4.0), name="two", start=4, SeriesNumber=5, SeriesDescription="")
    damaged = (tmp_path / "p/s").joinpath("z.dcm")
    damaged.write_bytes(bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\xff")
    items = find_items([tmp_path], tmp_path / "out", as_dicom=True)
    good = [item for item in items if item.problem is None]
    assert [len(item.files) for item in good] == [4, 4]
    ends = [item.series.uid.replace(".", "")[-8:] for item in good]
    assert outputs(good) == [f"p/s/004_CT_Chest_1.0_B70f_{ends[0]}_denoised", f"p/s/005_CT_{ends[1]}_denoised"]
    assert next(item.problem for item in items if "z.dcm" in item.name)
    plain = find_items([tmp_path], tmp_path / "out", as_dicom=False)
    assert outputs(plain)[-1] == f"p/s/005_CT_{ends[1]}_denoised.nii.gz"


def test_a_bids_dataset(tmp_path):
    root = write_dataset(tmp_path / "raw")
    items = {item.output.as_posix(): item for item in find_items([root], tmp_path / "out", as_dicom=False)}
    assert sorted(items) == [
        "sub-01/anat/sub-01_desc-denoised_T1w.nii.gz",
        "sub-01/ct/sub-01_ct_denoised.nii.gz",
        "sub-01/dwi/sub-01_desc-denoised_dwi.nii.gz",
        "sub-01/pet/sub-01_trc-FDG_desc-denoised_pet.nii.gz",
    ]
    t1 = items["sub-01/anat/sub-01_desc-denoised_T1w.nii.gz"].metadata
    assert t1["Sources"] == ["bids:raw:sub-01/anat/sub-01_T1w.nii.gz"]
    assert (t1["MagneticFieldStrength"], t1["FlipAngle"], t1["SkullStripped"]) == (3, 8, False)  # the nearer one counts
    assert items["sub-01/ct/sub-01_ct_denoised.nii.gz"].metadata is None


@pytest.mark.parametrize(
    ("source", "derived"),
    [
        ("bids::sub-01/perf/sub-01_asl.nii.gz", "bids::sub-01/perf/sub-01_desc-denoised_asl.nii.gz"),
        (["perf/sub-01_asl.nii.gz"], ["bids::sub-01/perf/sub-01_desc-denoised_asl.nii.gz"]),  # of a subject, deprecated
        (["bids::sub-01/perf/sub-01_gone.nii.gz"], ["bids:raw:sub-01/perf/sub-01_gone.nii.gz"]),
        ("bids:other:sub-01/a.nii.gz", "bids:other:sub-01/a.nii.gz"),
        (None, None),
    ],
)
def test_an_image_is_intended_for_the_derivative(tmp_path, source, derived):
    folder = write_perfusion(tmp_path / "raw")
    (folder / "sub-01_m0scan.json").write_text(json.dumps({"IntendedFor": source}))
    items = find_items([tmp_path / "raw"], tmp_path / "out", as_dicom=False)
    assert next(item.metadata for item in items if "m0scan" in item.name)["IntendedFor"] == derived


@pytest.mark.parametrize("damage", ["missing", "empty", "same", "mixed", "json"])
def test_inputs_that_can_not_be_a_batch(tmp_path, damage):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    root = write_dataset(tmp_path / "raw")
    if damage == "json":
        (root / "sub-01/anat/sub-01_T1w.json").write_text("{")
    inputs, words = {
        "missing": ([tmp_path / "none"], "does not exist"),
        "empty": ([folder], "no volume was found"),
        "same": ([out], "is the folder for the results"),
        "mixed": ([folder, root], "give it alone"),
        "json": ([root], "can't be read as JSON"),
    }[damage]
    out.mkdir()
    with pytest.raises((engine.InputError, engine.SettingsError), match=words):
        find_items(inputs, out, as_dicom=False)


def test_memory_is_what_the_plan_says(tmp_path, small):
    settings = engine.Settings.from_preset("fast")
    image = sitk.ReadImage(str(small))
    array = sitk.GetArrayFromImage(image)
    look, _ = engine.take_look(array, spacing=image.GetSpacing()[::-1])
    (item,) = find_items([small], tmp_path, as_dicom=False)
    voxels, memory = predict(item, settings)
    assert voxels == array.size
    assert memory == pytest.approx(engine.make_plan(look, settings).memory_mb + WORKER)


def test_workers_are_as_many_as_memory_allows(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8), raising=False)
    jobs = [Job(None, 1, memory) for memory in (1000.0, 4000.0, 9000.0)]
    assert count_workers(jobs, 100_000.0, None, gpus=0) == 3
    assert count_workers(jobs, 2500.0, None, gpus=0) == 2
    assert count_workers(jobs, 100.0, None, gpus=0) == 1
    assert count_workers(jobs, None, 2, gpus=0) == 2
    assert [count_workers(jobs, None, None, gpus=count) for count in (1, 2, 9)] == [1, 2, len(jobs)]
    assert count_workers(jobs, 2500.0, None, gpus=4) == 2


@pytest.mark.parametrize(
    ("visible", "names"), [(None, ["0", "1"]), ("5,3", ["5", "3"]), ("GPU-8a,GPU-91", ["GPU-8a", "GPU-91"])]
)
def test_gpus_are_shared_out_by_name(monkeypatch, visible, names):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr(
        "NSN2NDenoiseLib.engine.runtime.device._problem", lambda name: None if name == "cuda" else "none"
    )
    assert gpus_of(engine.Settings.from_preset("fast")) == names
    assert gpus_of(engine.Settings.from_preset("fast", device="cpu")) == []


def test_description_of_a_dataset_is_json(tmp_path):
    from NSN2NDenoiseLib.batch.bids import describe_dataset

    texts = describe_dataset(write_dataset(tmp_path / "raw"))
    description = json.loads(texts["dataset_description.json"])
    assert description["DatasetType"] == "derivative" and description["GeneratedBy"][0]["Name"] == "NSN2N"
    assert description["DatasetLinks"] == {"raw": (tmp_path / "raw").as_uri()}
