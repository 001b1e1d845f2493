"""``nsn2n batch`` with real worker processes: killed ones, a killed batch, bad files, the table."""

import csv
import io
import os
import re
import shutil
import signal
import subprocess
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.batch.items import Item
from NSN2NDenoiseLib.batch.page import make_page
from NSN2NDenoiseLib.batch.progress import BatchProgress
from NSN2NDenoiseLib.batch.table import make_csv
from NSN2NDenoiseLib.batch.task import DONE, FAILED, Row, denoise_item
from NSN2NDenoiseLib.batch.workers import Job, connect, run_jobs

from Testing.CommandLine.bids_files import boxes, write_dataset, write_perfusion
from Testing.CommandLine.conftest import environment

FAST = ("--preset", "fast", "--device", "cpu")
SETTINGS = engine.Settings.from_preset("fast", device="cpu")


@pytest.fixture
def volumes(small, tmp_path) -> Path:
    """A folder with four volumes and a file that is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    image = sitk.ReadImage(str(small))[:, :, :6]
    for index in range(4):
        sitk.WriteImage(image[index : index + 40, :40], str(folder / f"v{index}.nrrd"))
    (folder / "bad.nrrd").write_text("no image")
    return folder


def table(folder: Path) -> dict[str, dict]:
    with (folder / "nsn2n-batch.csv").open(encoding="utf-8") as file:
        return {Path(row["name"]).name: row for row in csv.DictReader(file)}


def test_workers_that_die_are_replaced_and_their_volume_is_tried_once_more(quick_workers, volumes, tmp_path):
    jobs = [Job(Item(f"v{n}", volumes / f"v{n}.nrrd", Path(f"v{n}.nrrd")), 40 - n, 1.0) for n in range(4)]
    rows = {}

    from distributed import WorkerPlugin

    class Deadly(WorkerPlugin):
        """The worker that begins v0 for the first time ends at once, and each that begins v1."""

        def __init__(self, notes: Path) -> None:
            self.notes = notes

        def transition(self, key, start, finish, **_) -> None:
            name = str(key)[:2]
            if finish == "executing" and (name == "v1" or (name == "v0" and not (self.notes / "v0").exists())):
                with (self.notes / name).open("a") as note:
                    note.write("x")
                os.kill(os.getpid(), signal.SIGKILL)

    notes = tmp_path / "notes"
    notes.mkdir()
    with connect(None, 2, gpus=["4", "7"]) as client:
        client.register_plugin(Deadly(notes))
        run_jobs(
            client, jobs, SETTINGS, tmp_path, False, 9e9, lambda job, row: rows.update({row.name: row}), lambda: False
        )
        client.wait_for_workers(2)  # those that were replaced among them
        seen = client.run(os.getenv, "CUDA_VISIBLE_DEVICES")
    assert sorted(seen.values()) == ["4", "7"]
    assert [(notes / name).read_text() for name in ("v0", "v1")] == ["x", "xx"]
    assert {name: row.status for name, row in rows.items()} == {"v0": DONE, "v1": FAILED, "v2": DONE, "v3": DONE}
    assert "were ended, again and again" in rows["v1"].reason
    assert sorted(path.name for path in tmp_path.glob("v*")) == ["v0.nrrd", "v2.nrrd", "v3.nrrd"]


async def heard_an_hour_ago(dask_scheduler) -> list[str]:
    """What a scheduler sees after the lid was closed for an hour; it looks, if it ever does, and has these workers."""
    for worker in dask_scheduler.workers.values():
        worker.last_seen -= 3600
    if "worker-ttl" in dask_scheduler.periodic_callbacks:
        await dask_scheduler.check_worker_ttl()
    return sorted(dask_scheduler.workers)


def test_workers_that_slept_with_the_computer_go_on(quick_workers):
    with connect(None, 1) as client:
        before = client.submit(os.getpid).result()
        address = sorted(client.scheduler_info()["workers"])
        assert client.run_on_scheduler(heard_an_hour_ago) == address
        assert client.submit(os.getpid, pure=False).result() == before


#: ``nsn2n batch in out``, which first tells its number.
BATCH = f"""
import multiprocessing, os, sys
from NSN2NDenoiseLib.cli.main import main
print(os.getpid(), flush=True)
multiprocessing.set_executable(sys.argv[1])
main(["batch", "in", "out", "--workers", "1", *{FAST}])
"""


def test_a_killed_batch_leaves_whole_files_and_goes_on(python, quick_workers, volumes, tmp_path, nsn2n):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([python, "-c", BATCH, python], cwd=tmp_path, env=environment(), **pipes, text=True) as first:
        batch = psutil.Process(int(first.stdout.readline()))
        assert any(" of 5" in line for line in first.stderr)  # after what Dask may have to say
        workers = batch.children(recursive=True)
        assert workers
        batch.kill()
    assert psutil.wait_procs(workers, timeout=240)[1] == []
    results = list((tmp_path / "out").glob("*.nrrd"))
    assert results
    for path in results:
        assert sitk.ReadImage(str(path)).GetSize() == (40, 40, 6)
    before = {
        path: path.stat().st_mtime_ns for path in results if (tmp_path / "out/.batch" / f"{path.name}.json").exists()
    }
    assert before

    second = nsn2n("batch", "in", "out", "--workers", "1", *FAST)
    assert second.returncode == 1  # the bad file
    assert f"{len(before)} finished before, 1 without a result" in second.stdout
    assert "bad.nrrd can't be read as an image" in second.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    rows = table(tmp_path / "out")
    assert {name: row["status"] for name, row in rows.items() if row["status"] not in ("done", "kept")} == {
        "bad.nrrd": "refused"
    }
    for name in ("v0", "v1", "v2", "v3"):
        assert float(rows[f"{name}.nrrd"]["noise_after"]) < float(rows[f"{name}.nrrd"]["noise_before"])
        assert (tmp_path / "out" / f"{name}_denoised.nrrd").is_file()
    page = (tmp_path / "out/nsn2n-batch.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert not re.search(r"(src|href)=\"(https?:)?//", page) and "@import" not in page


def test_a_bids_dataset_becomes_a_derivative_that_is_not_made_twice(quick_workers, tmp_path, nsn2n):
    from bids import BIDSLayout

    root = write_dataset(tmp_path / "raw")
    done = nsn2n("batch", "raw", "out", "--workers", "1", *FAST)
    assert done.returncode == 0, done.stderr
    layout = BIDSLayout(root, derivatives=tmp_path / "out")
    found = layout.get(desc="denoised", extension=".nii.gz", scope="derivatives")
    assert sorted((file.entities["datatype"], file.entities["suffix"]) for file in found) == [
        ("anat", "T1w"),
        ("dwi", "dwi"),
        ("pet", "pet"),
    ]
    assert (tmp_path / "out/sub-01/dwi/sub-01_desc-denoised_dwi.bval").read_text() == "1000\n"
    assert (tmp_path / "out/sub-01/dwi/sub-01_desc-denoised_dwi.bvec").read_text() == "26\n"  # the nearer one
    metadata = next(file for file in found if file.entities["suffix"] == "T1w").get_metadata()
    assert metadata["Sources"] == ["bids:raw:sub-01/anat/sub-01_T1w.nii.gz"]
    assert metadata["FlipAngle"] == 8 and metadata["Denoising"]["preset"] == "fast"

    again = nsn2n("batch", "raw", "out", *FAST)
    assert "0 denoised, 4 finished before" in again.stdout
    other = nsn2n("batch", "raw", "out", *FAST, "--seed", "1")
    assert other.returncode == 2 and "4 results of other runs" in other.stderr and "seed 0" in other.stderr


def test_the_context_of_perfusion_goes_with_it(tmp_path):
    from NSN2NDenoiseLib.batch.find import find_items
    from NSN2NDenoiseLib.batch.task import denoise_item

    folder = write_perfusion(tmp_path / "raw")
    item = next(one for one in find_items([tmp_path / "raw"], tmp_path / "out", False) if "asl" in one.name)
    assert denoise_item(item, SETTINGS, tmp_path / "out", False).status == DONE
    copied = tmp_path / "out/sub-01/perf/sub-01_desc-denoised_aslcontext.tsv"
    assert copied.read_text() == (folder / "sub-01_aslcontext.tsv").read_text()


def test_what_is_recognized(volumes, tmp_path):
    from NSN2NDenoiseLib.batch.records import differences, read_record, record_path

    out, source = tmp_path / "out", volumes / "v0.nrrd"
    item = Item("v0", source, Path("v0.nrrd"))
    assert denoise_item(item, SETTINGS, out, False).status == DONE
    record = read_record(out, item)
    assert differences(record, item, SETTINGS) == []
    assert differences(record, item, engine.Settings.from_preset("fast", device="cpu", strength=0.5)) == [
        "strength 1.0"
    ]
    assert differences({**record, "version": "0"}, item, SETTINGS) == ["version 0"]
    os.utime(source)  # a copy of the same content
    assert differences(record, item, SETTINGS) == []
    image = sitk.ReadImage(str(source))
    image[0, 0, 0] += 1
    sitk.WriteImage(image, str(source))
    assert differences(record, item, SETTINGS) == ["another input"]
    (out / "v0.nrrd").write_bytes(b"half")
    assert read_record(out, item) is None
    record_path(out, item).write_text("{")
    assert read_record(out, item) is None


@pytest.fixture
def serial(monkeypatch):
    """Batches denoise here, one volume after the other."""

    def run_here(client, jobs, settings, folder, as_dicom, budget, on_row, should_stop) -> None:
        for job in jobs:
            on_row(job, denoise_item(job.item, settings, folder, as_dicom))

    monkeypatch.setattr("NSN2NDenoiseLib.batch.run.connect", lambda *_: nullcontext())
    monkeypatch.setattr("NSN2NDenoiseLib.batch.run.run_jobs", run_here)


@pytest.mark.parametrize("of", ["a batch", "somebody"])
@pytest.mark.parametrize("kind", ["file", "series"])
def test_what_was_changed_or_is_no_batchs_is_replaced_only_on_request(tmp_path, nsn2n, serial, kind, of):
    from Testing.CommandLine.dicom_files import write_series

    values = boxes(20).astype(np.int16)
    if kind == "file":
        (tmp_path / "in").mkdir()
        sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "in/v.nrrd"))
    else:
        write_series(tmp_path / "in", values, np.arange(6.0))
    call = ("batch", "in", "out", *FAST, *(("--dicom",) if kind == "series" else ()))
    assert nsn2n(*call).returncode == 0
    (result,) = (path for path in (tmp_path / "out").iterdir() if "_denoised" in path.name)
    mine = result if kind == "file" else result / "note.txt"
    mine.write_text("by hand")
    if of == "somebody":
        shutil.rmtree(tmp_path / "out/.batch")
        (tmp_path / "out/.batch").mkdir()
    refused = nsn2n(*call)
    assert refused.returncode == 2 and f"{result.name} (changed since, or not a batch's)" in refused.stderr
    assert "--overwrite" in refused.stderr and mine.read_text() == "by hand"
    again = nsn2n(*call, "--overwrite")
    assert again.returncode == 0 and "1 denoised" in again.stdout, again.stderr
    assert not mine.exists() or kind == "file"
    assert "1 finished before" in nsn2n(*call).stdout


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_what_appears_in_a_results_place_meanwhile_is_not_replaced(tmp_path, nsn2n, serial, monkeypatch, more):
    """Nor what was there to be overwritten, and is changed while the batch runs."""
    from NSN2NDenoiseLib.batch import task

    (tmp_path / "in").mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(boxes(20)), str(tmp_path / "in/v.nrrd"))
    result, run = tmp_path / "out/v_denoised.nrrd", task._run
    if more:
        assert nsn2n("batch", "in", "out", *FAST).returncode == 0
    with monkeypatch.context() as patch:
        patch.setattr(task, "_run", lambda *args: result.write_text("by hand") and run(*args))
        done = nsn2n("batch", "in", "out", *FAST, "--strength", "0.5", *more)
    assert done.returncode == 1 and result.read_text() == "by hand"
    row = table(tmp_path / "out")["v.nrrd"]
    assert row["status"] == "refused" and "v_denoised.nrrd appeared or was changed while the batch ran" in row["reason"]
    assert "changed since, or not a batch's" in nsn2n("batch", "in", "out", *FAST).stderr


@pytest.mark.parametrize("moved", [0, 1])
def test_a_batch_that_was_killed_between_result_and_record_goes_on(tmp_path, nsn2n, serial, monkeypatch, moved):
    """Also where it was replacing a result; `moved`: whether the new one was in its place."""
    from NSN2NDenoiseLib.batch import task

    class Killed(task.StagedFiles):
        def commit(self) -> None:
            for folder, target in self._staged[:moved]:
                os.replace(folder / target.name, target)
            raise KeyboardInterrupt

    (tmp_path / "in").mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(boxes(20)), str(tmp_path / "in/v.nrrd"))
    assert nsn2n("batch", "in", "out", *FAST).returncode == 0
    with monkeypatch.context() as patch:
        patch.setattr(task, "StagedFiles", Killed)
        assert nsn2n("batch", "in", "out", *FAST, "--strength", "0.5", "--overwrite").returncode == 130
    again = nsn2n("batch", "in", "out", *FAST)
    assert again.returncode == 0 and "1 denoised, 0 finished before" in again.stdout, again.stderr
    assert "1 finished before" in nsn2n("batch", "in", "out", *FAST).stdout


def test_a_result_that_was_removed_is_made_again(tmp_path, nsn2n, serial):
    (tmp_path / "in").mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(boxes(20)), str(tmp_path / "in/v.nrrd"))
    for _ in range(2):
        assert "1 denoised" in nsn2n("batch", "in", "out", *FAST).stdout
        (tmp_path / "out/v_denoised.nrrd").unlink()


def test_progress_tells_rate_and_time_left(monkeypatch):
    now, stream = [0.0], io.StringIO()
    monkeypatch.setattr("NSN2NDenoiseLib.batch.progress.awake_seconds", lambda: now[0])
    progress = BatchProgress(4, 400, stream=stream)
    for now[0], status in ((100.0, DONE), (130.0, FAILED), (160.0, DONE)):
        progress(Row("v", status, reason="why"), 100)
    lines = stream.getvalue().splitlines()
    assert lines[-1].endswith("] 3 of 4, 1 bad  2 a minute  0:30 left") and "failed: v: why" in lines


def test_folders_of_others_are_not_touched(volumes, tmp_path, nsn2n):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").touch()
    ended = nsn2n("batch", "in", "out", *FAST)
    assert ended.returncode == 2 and "is not empty and no batch's" in ended.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_scheduler_that_does_not_answer(volumes, tmp_path, nsn2n, monkeypatch):
    monkeypatch.setattr("NSN2NDenoiseLib.batch.workers.ANSWER", 1)
    ended = nsn2n("batch", "in", "out", *FAST, "--scheduler", "tcp://127.0.0.1:9")
    assert ended.returncode == 2 and "no Dask scheduler answers at tcp://127.0.0.1:9" in ended.stderr


def test_dicom_in_and_out(tmp_path):
    from NSN2NDenoiseLib.batch.find import find_items
    from NSN2NDenoiseLib.cli.volume_io import read_volume

    from Testing.CommandLine.dicom_files import write_series

    values = boxes(20).astype(np.int16)
    write_series(tmp_path / "in", values, np.arange(6.0))
    (item,) = find_items([tmp_path / "in"], tmp_path / "out", as_dicom=True)
    for _ in range(2):  # a folder that a killed call left without a record is replaced
        row = denoise_item(item, SETTINGS, tmp_path / "out", True)
        assert row.status == DONE, row.reason
    assert 0 <= row.anatomy_removed < 0.7
    assert next(csv.DictReader(make_csv([row]).splitlines()))["anatomy_removed"] == str(row.anatomy_removed)
    assert f'<td class="n">{row.anatomy_removed:.3g}</td>' in make_page([row], "")
    assert row.effect.startswith("Predicted gain in tissue: +") and row.effect in make_csv([row])
    assert f"<div>{row.effect}</div>" in make_page([row], "")
    noise = read_volume(tmp_path / "out" / item.output).array[:, 2:18, 2:18]
    assert noise.std() < values[:, 2:18, 2:18].std() / 2
