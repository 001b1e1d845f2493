"""What `nsn2n batch` costs beside a shell, and what its scheduler costs with up to 1,000 workers.

    python Testing/Benchmark/check_batch.py [--volumes 24]

First the same small volumes by the batch, by a shell loop, and by a shell that runs two at once; the voxels must be the
same. Then jobs that only wait, on 2 to 1,000 slots of one Dask worker, given out and gathered by the batch's own code:
what they take beyond the waiting is what scheduler and messages cost. Some minutes; exit status 1 if voxels differ.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

if __package__ in (None, ""):
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "NSN2NDenoise")]

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.batch import workers
from NSN2NDenoiseLib.batch.items import Item, output_name
from NSN2NDenoiseLib.batch.task import DONE, Row

from Benchmark import REPOSITORY

SAMPLE = REPOSITORY / "NSN2NDenoise" / "Resources" / "SampleData" / "CTChestLIDC0314.nrrd"
#: Slices, rows and columns of a volume.
SIZE = (16, 100, 100)
#: Slots, and how long (s) each of three jobs on each of them waits.
SLOTS, WAITS, ROUNDS = (2, 10, 100, 1000), 10.0, 3
NSN2N = [sys.executable, "-m", "NSN2NDenoiseLib.cli"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volumes", type=int, default=24)
    count = parser.parse_args().volumes
    with tempfile.TemporaryDirectory() as folder:
        same = beside_a_shell(Path(folder), count)
    waiting()
    return int(not same)


def beside_a_shell(folder: Path, count: int) -> bool:
    """Time the batch and two shells; whether the voxels are the same."""
    names = write_volumes(folder / "in", count)
    once = [*NSN2N, "denoise", "--preset", "fast", "--device", "cpu", "--quiet"]
    run([*once, f"in/{names[0]}", "warm.nrrd"], folder)  # compiles the kernels
    batch = run([*NSN2N, "batch", "in", "batch", "--preset", "fast", "--device", "cpu", "--quiet"], folder)
    print(f"batch, {count} volumes of {SIZE}: {batch:.0f} s", flush=True)
    for at_once in (1, 2):
        (folder / f"shell{at_once}").mkdir()
        one = shlex.join(once)
        loop = f"ls in | xargs -P {at_once} -I NAME {one} in/NAME shell{at_once}/NAME"
        seconds = run(["sh", "-c", loop], folder, threads=2 // at_once)
        print(f"shell, {at_once} at once: {seconds:.0f} s, {seconds / batch:.1f} times as long", flush=True)
    results = [[read(folder / "batch" / output_name(Path(name))) for name in names]]
    results += [[read(folder / shell / name) for name in names] for shell in ("shell1", "shell2")]
    same = all(np.array_equal(a, b) for other in results[1:] for a, b in zip(results[0], other, strict=True))
    print("the voxels are the same" if same else "the voxels are OTHERS")
    return same


def write_volumes(folder: Path, count: int) -> list[str]:
    """Crops of the sample, each from another place; their names."""
    folder.mkdir()
    whole = read(SAMPLE)
    random, names = np.random.default_rng(0), []
    for number in range(count):
        first = [int(random.integers(0, max(1, side - size + 1))) for side, size in zip(whole.shape, SIZE, strict=True)]
        crop = whole[tuple(slice(f, f + size) for f, size in zip(first, SIZE, strict=True))]
        names.append(f"{number:02}.nrrd")
        sitk.WriteImage(sitk.GetImageFromArray(crop), str(folder / names[-1]))
    return names


def waiting() -> None:
    """Jobs that wait, on many slots."""
    from distributed import Client, LocalCluster

    workers.denoise_item = wait_only
    for slots in SLOTS:
        jobs = [workers.Job(Item(f"{n}", Path(f"{n}"), Path(f"/nowhere/{n}")), 1, 0.0) for n in range(ROUNDS * slots)]
        with (
            LocalCluster(n_workers=1, threads_per_worker=slots, processes=False, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            start, rows = time.perf_counter(), []
            workers.run_jobs(
                client,
                jobs,
                engine.Settings.from_preset("fast"),
                Path("/nowhere"),
                False,
                None,
                lambda job, row, rows=rows: rows.append(row),
                lambda: False,
            )
            seconds = time.perf_counter() - start
        assert len(rows) == len(jobs) and {row.status for row in rows} == {DONE}
        more = seconds - ROUNDS * WAITS
        print(
            f"{slots} slots, {len(jobs)} jobs that wait {WAITS:g} s: {seconds:.1f} s, {1000 * more / len(jobs):.1f} ms "
            f"a job beyond the waiting; jobs of ten minutes would keep {100 * at_work(more / ROUNDS):.1f} % of the "
            "slots at work",
            flush=True,
        )


def at_work(overhead: float, job: float = 600.0) -> float:
    """The part of the time that slots work, if a round of jobs takes so much longer than the jobs (s)."""
    return job / (job + overhead)


def wait_only(item, settings, folder, as_dicom) -> Row:
    """Instead of `denoise_item`."""
    time.sleep(WAITS)
    return Row(item.name, DONE)


def run(command: list[str], folder: Path, threads: int | None = None) -> float:
    """Wall seconds of a command in a folder."""
    found = {**os.environ, "PYTHONPATH": str(REPOSITORY / "NSN2NDenoise")}
    if threads is not None:
        found["OMP_NUM_THREADS"] = str(threads)
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=found, check=True)
    return time.perf_counter() - start


def read(path: Path) -> np.ndarray:
    """The voxels of a file."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


if __name__ == "__main__":
    sys.exit(main())
