"""Dask's workers: a cluster on this computer, or one that stands already."""

import logging
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..engine import Cancelled, RunError, Settings, SettingsError
from .items import Item
from .task import FAILED, Row, denoise_item
from .worker_setup import GPUS

#: A volume whose worker died is given to another one so many times. A scheduler that stands already counts for itself.
RETRIES = 1
#: Seconds between two looks whether the user wants to stop.
LOOK = 0.25
#: Seconds that a scheduler may take to answer.
ANSWER = 15
#: Part of the free memory that the volumes in work may take together.
MEMORY = 0.9
LOST = "the connection to the Dask scheduler was lost; the same command goes on where it was"
INSTALL = "nsn2n batch needs Dask: pip install 'nsn2n[batch]'"


@dataclass(frozen=True)
class Job:
    """A volume to give to a worker, its voxels, and the memory (MB) that it takes."""

    item: Item
    voxels: int
    memory: float


def count_workers(jobs: list[Job], free: float | None, wanted: int | None, gpus: int) -> int:
    """How many processes work on this computer at once.

    Args:
        jobs: all that is to do.
        free: memory (MB), None where that is unknown.
        wanted: by the user.
        gpus: how many there are to work on, each of which one run fills; 0: they work on the CPU.
    """
    most = gpus or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    if free is not None:
        most = min(most, int(MEMORY * free / max(1.0, min(job.memory for job in jobs))))
    return max(1, min(wanted or most, len(jobs)))


@contextmanager
def connect(address: str | None, workers: int, gpus: Sequence[str] = ()) -> Iterator:
    """A Dask client, of the scheduler at `address` or of a new cluster of `workers` processes here.

    Args:
        address: of a scheduler, or None.
        workers: how many processes.
        gpus: names of the CUDA cards that these share out, in turn; without any, or with one, they all see the same.

    Raises:
        SettingsError: Dask is not installed, or nobody answers.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SettingsError(INSTALL) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if address is not None:
        try:
            client = Client(address, timeout=ANSWER)
        except (OSError, ValueError, TimeoutError) as error:
            raise SettingsError(f"no Dask scheduler answers at {address} ({error})") from error
        with client:
            yield client
        return
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    settings = {
        # Dask blames all that wait for a worker that dies; here nothing waits, and `run_jobs` counts
        "distributed.scheduler.allowed-failures": 0,
        # behind a closed lid no worker is heard for long; one that ends is noticed by its nanny
        "distributed.scheduler.worker-ttl": None,
        # the plan knows the memory; Dask would pause or kill what it deems too much
        **{f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause", "terminate")},
        "distributed.nanny.pre-spawn-environ": {
            **dask.config.get("distributed.nanny.pre-spawn-environ"),
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads),
            "OMP_WAIT_POLICY": "PASSIVE",
            GPUS: ",".join(gpus),
        },
        "distributed.worker.preload": ["NSN2NDenoiseLib.batch.worker_setup"],
        "logging.distributed": "critical",
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",  # any free port; with None it is 8787, or a warning that this is in use
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def run_jobs(
    client,
    jobs: list[Job],
    settings: Settings,
    folder: Path,
    as_dicom: bool,
    budget: float | None,
    on_row: Callable[[Job, Row], None],
    should_stop: Callable[[], bool],
) -> None:
    """Have the workers do the jobs, the largest first.

    Args:
        client: of Dask.
        jobs: what to do.
        settings, folder, as_dicom: of `denoise_item`.
        budget: memory (MB) that the jobs in work may take together; None: the workers stand already, and their memory
            and what is done when one dies are their scheduler's business.
        on_row: called with each job that ended.
        should_stop: asked all the time.

    Raises:
        Cancelled: `should_stop` said yes.
        RunError: the scheduler is gone.
    """

    def submit(job: Job):
        key = f"{job.item.output}-{uuid.uuid4().hex}"
        return client.submit(denoise_item, job.item, settings, folder, as_dicom, key=key)

    def fits(job: Job, running) -> bool:
        return budget is None or not running or job.memory + sum(other.memory for other in running) <= budget

    largest_last = sorted(jobs, key=lambda job: job.voxels)
    for job, future in each_ended(client, largest_last, submit, fits, budget is not None, should_stop):
        on_row(job, _row_of(future, job))


def each_ended(
    client, waiting: list, submit: Callable, fits: Callable, again: bool, should_stop: Callable[[], bool]
) -> Iterator[tuple]:
    """Give tasks to the workers, as many at once as these have threads.

    Args:
        client: of Dask.
        waiting: the tasks, the first one last.
        submit: gives a task to the client and returns its future.
        fits: whether a task may be worked on, with these others at the same time.
        again: whether a task whose worker died is tried so many times more as `RETRIES` says, or that is the
            scheduler's business.
        should_stop: asked all the time.

    Yields:
        Each task with its future, as they end.

    Raises:
        Cancelled: `should_stop` said yes.
    """
    from distributed import wait

    waiting, running, dead = [(task, RETRIES if again else 0) for task in waiting], {}, set()
    while waiting or running:
        if should_stop():
            raise Cancelled("stopped on request")
        free = sum(client.nthreads().values()) - len(running)
        while waiting and free > 0 and fits(waiting[-1][0], [task for task, _ in running.values()]):
            task, retries = waiting.pop()
            running[submit(task)] = task, retries
            free -= 1
        try:
            ended = wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED").done if running else ()
        except TimeoutError:
            ended = ()
        for future in [future for future in running if future in ended]:  # in the order in which they were begun
            task, retries = running.pop(future)
            if again and is_killed(future):
                worker = future.exception().last_worker.address
                if worker in dead:  # with another task; this one has only waited for it
                    waiting.append((task, retries))
                    continue
                dead.add(worker)
            if is_killed(future) and retries:
                waiting.append((task, retries - 1))
            else:
                yield task, future


def is_killed(future) -> bool:
    """Whether a future's worker died."""
    from distributed import KilledWorker

    return future.status == "error" and isinstance(future.exception(), KilledWorker)


def _row_of(future, job: Job) -> Row:
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise RunError(LOST)
    if is_killed(future):
        reason = "the processes that denoised it were ended, again and again: mostly for too little memory"
    else:
        error = future.exception()
        reason = f"unexpected {type(error).__name__}: {error}"
    return Row(job.item.name, FAILED, reason=reason)
