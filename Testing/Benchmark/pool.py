"""Runs the tasks one after the other, or several at once in processes that share the cores evenly."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import replace

from Benchmark.case import BadCase
from Benchmark.cases import build
from Benchmark.execute import make, say

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
_state = {"key": None, "case": None, "lock": nullcontext()}


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_jobs():
    """Methods at once: one a core (that is faster than many threads for one method), at most 4; one with a GPU."""
    import torch

    return 1 if torch.cuda.is_available() else min(cores(), 4)


def run_all(tasks, folders, cache, started, jobs, threads):
    """The records of all tasks (experiment, run, seed, path, name), as they are made.

    threads: of each method; with one job and no number of threads, all happens in this process.
    """
    if jobs == 1 and threads is None:
        return [work(*task, folders, cache, started) for task in tasks]
    threads = threads or max(cores() // jobs, 1)
    for name in THREADS:
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = str(threads)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, (context.Lock(), threads)) as pool:
        futures = [pool.submit(work, *task, folders, cache, started) for task in tasks]
        try:
            return [future.result() for future in as_completed(futures)]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin(lock, threads):
    import torch

    torch.set_num_threads(threads)
    _state["lock"] = lock


def work(experiment, run, seed, path, name, folders, cache, started):
    """Make one record; the case stays for the next task. One process at a time builds, the others find it cached."""
    key = replace(experiment, name="", title="", methods=(), seeds=()), cache
    if _state["key"] != key:
        say(started, f"--- {experiment.title}: building")
        with _state["lock"]:
            _state.update(key=key, case=_built(experiment, folders, cache))
    return make(experiment, run, seed, _state["case"], path, name, started)


def _built(experiment, folders, cache):
    """The Case, or a BadCase where the volume can't serve: the other experiments of the plan go on."""
    try:
        return build(experiment, folders, cache)
    except (ValueError, OSError, RuntimeError) as error:
        return BadCase(f"the case could not be built: {error}")
