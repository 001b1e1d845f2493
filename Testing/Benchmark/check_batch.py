"""What a batch costs beside a loop of the shell, for each volume, and how it would scale to 1,000 workers.

    python Testing/Benchmark/check_batch.py [--volumes 24] [--jobs 300] [--folder DIR]

1. Volumes of 100 x 100 x 16 by `nsn2n batch` on two processes, and by a shell that runs two `nsn2n denoise` at once:
   seconds and CPU time of both; exit status 1 when a voxel differs.
2. Jobs without work, with 2, 100 and 1,000 of them under way at once: what one costs the process that hands them out.
3. From these costs, a simulation: volumes that take as long as those of a cluster do (one thread), on 1 to 1,000
   workers, handed out one after the other. It leaves out what shared disks and networks cost.
"""

import argparse
import heapq
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from NSN2NDenoiseLib.batch.items import Item
from NSN2NDenoiseLib.batch.workers import Job, connect, run_jobs
from NSN2NDenoiseLib.engine import Settings
from scipy import ndimage

OPTIONS = ("--preset", "fast", "--device", "cpu", "--quiet")
#: Jobs under way at once, and the workers of the simulation.
UNDER_WAY, WORKERS = (2, 100, 1000), (1, 2, 10, 100, 300, 1000)
#: Simulated: volumes, and seconds that one takes (a chest CT takes 75 to 130 s, `check_part.py` and `make numbers`).
VOLUMES, SECONDS = 20_000, (2.0, 20.0, 100.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volumes", type=int, default=24, help="0: only the simulation")
    parser.add_argument("--jobs", type=int, default=300, help="without work, in each of the three measurements")
    parser.add_argument("--folder", type=Path, default=None, help="where the volumes are written (a temporary folder)")
    options = parser.parse_args()
    same = True
    if options.volumes:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            same = beside_a_shell(Path(folder), options.volumes)
    costs = {under_way: empty_job(under_way, options.jobs) for under_way in UNDER_WAY}
    for under_way, cost in costs.items():
        print(f"a job without work, {under_way} under way: {1000 * cost:.1f} ms", flush=True)
    print("simulated " + " ".join(f"{workers:>8}" for workers in WORKERS) + "  workers")
    for seconds in SECONDS:
        parts = [efficiency(workers, seconds, costs) for workers in WORKERS]
        print(f"{seconds:7.0f} s " + " ".join(f"{100 * part:7.0f}%" for part in parts) + "  of them at work")
    return int(not same)


def beside_a_shell(folder: Path, count: int) -> bool:
    """Part 1; whether the voxels are the same."""
    (folder / "in").mkdir()
    (folder / "loop").mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        anatomy = ndimage.gaussian_filter(random.standard_normal((16, 100, 100)), 4, mode="wrap")
        voxels = 1000 + 200 * anatomy / anatomy.std() + 20 * random.standard_normal(anatomy.shape)
        sitk.WriteImage(sitk.GetImageFromArray(voxels.astype(np.int16)), str(folder / "in" / f"v{number:02}.nrrd"))
    nsn2n = [sys.executable, "-m", "NSN2NDenoiseLib.cli"]
    batch = [*nsn2n, "batch", str(folder / "in"), str(folder / "out"), "--workers", "2", *OPTIONS]
    one = " ".join([*nsn2n, "denoise", f"{folder}/in/{{}}.nrrd", f"{folder}/loop/{{}}.nrrd", *OPTIONS])
    names = [f"v{number:02}" for number in range(count)]
    timed(f"{count} volumes by nsn2n batch, 2 processes", batch)
    timed(f"{count} volumes by a shell, 2 at once", ["xargs", "-P", "2", "-I{}", "sh", "-c", one], "\n".join(names))
    pairs = [(folder / "out" / f"{name}_denoised.nrrd", folder / "loop" / f"{name}.nrrd") for name in names]
    return all(np.array_equal(*(sitk.GetArrayFromImage(sitk.ReadImage(str(p))) for p in pair)) for pair in pairs)


def timed(name: str, command: list[str], text: str | None = None) -> None:
    """Run a command and print its seconds and its CPU time, its children's included."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, input=text, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {time.monotonic() - start:.0f} s, {used:.0f} s CPU", flush=True)


class _Wide:
    """A client whose cluster claims to have so many threads, so that as many jobs are under way."""

    def __init__(self, client, threads: int) -> None:
        self._client, self._threads = client, threads

    def nthreads(self) -> dict:
        return {"": self._threads}

    def submit(self, *arguments, **options):
        return self._client.submit(*arguments, **options)


def empty_job(under_way: int, count: int) -> float:
    """CPU seconds that a job without work takes of the process that hands it out, its scheduler included."""
    count = max(count, under_way)
    jobs = [Job(Item(f"v{n}", Path("none"), Path(f"v{n}"), problem="nothing to do"), 1, 1.0) for n in range(count)]
    rows: list = []
    with tempfile.TemporaryDirectory() as folder, connect(None, 2) as client:
        start = time.process_time()
        run_jobs(
            _Wide(client, under_way), jobs, Settings(), Path(folder), False, None, lambda *row: rows.append(row), bool
        )
        used = time.process_time() - start
    assert len(rows) == count
    return used / count


def efficiency(workers: int, seconds: float, costs: dict[int, float]) -> float:
    """Part of the workers' time in which they work: jobs are handed out one after the other as workers get free."""
    cost = float(np.interp(workers, list(costs), list(costs.values())))
    random = np.random.default_rng(0)
    times = seconds * random.lognormal(0, 0.4, VOLUMES)  # volumes differ
    times = np.sort(times)[::-1]  # the largest first, as the batch does
    free, handed_out = [0.0] * workers, 0.0
    for own in times:
        handed_out = max(handed_out, heapq.heappop(free)) + cost
        heapq.heappush(free, handed_out + own)
    return float(times.sum() / (workers * max(free)))


if __name__ == "__main__":
    sys.exit(main())
