#!/usr/bin/env python3
"""Run the benchmark: python Testing/Benchmark/run.py --quick|--full [--only EXPERIMENT[/METHOD]] [--data DIR]

One JSON per (experiment, method, seed) lands in Testing/Benchmark/Runs; what is there and was made from the same
configuration is skipped, so an interrupted run goes on where it stopped. Then: python Testing/Benchmark/make_page.py
"""

import argparse
import fnmatch
import sys
import time
import traceback
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import Peers, records
from Benchmark.case import CannotRun
from Benchmark.cases import build
from Benchmark.configuration import PLANS, QUICK_STEPS, Experiment, nsn2n
from Benchmark.data import VARIABLE, data_folders, missing, sample_volumes
from Benchmark.judge import best_variant, figures

RUNS = Path(__file__).resolve().parent / "Runs"


def main(arguments=None):
    options = parse(arguments)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    folders = data_folders(options.data)
    started = time.perf_counter()
    tasks = list(plan_tasks(options, folders))
    if options.list:
        for experiment, run, seed, _, state in tasks:
            print(f"{experiment.name}/{run.name} seed {seed}: {state}")
        return 0
    todo = [t for t in tasks if t[4] == "to do" or (options.refresh and t[4] == "old code")]
    print(f"{len(tasks)} results, {len(todo)} to make", flush=True)
    case, case_of, failed = None, None, 0
    for number, (experiment, run, seed, path, _) in enumerate(todo, 1):
        if case_of != experiment.name:
            say(started, f"--- {experiment.title}: building")
            case, case_of = build(experiment, folders, RUNS / "cache"), experiment.name
        record = make(
            experiment, run, seed, case, path, f"[{number}/{len(todo)}] {experiment.name}/{run.name}", started
        )
        failed += record["status"] == "failed"
    say(started, f"{len(todo)} results made, {failed} failed; now make_page.py --{options.plan}")
    return 1 if failed else 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plan = parser.add_mutually_exclusive_group(required=True)
    plan.add_argument("--quick", dest="plan", action="store_const", const="quick", help="small crops, one seed")
    plan.add_argument("--full", dest="plan", action="store_const", const="full", help="full size, three seeds")
    parser.add_argument("--only", action="append", help="EXPERIMENT or EXPERIMENT/METHOD, with * and ?; repeatable")
    parser.add_argument("--data", type=Path, help=f"folder with the volumes (default: ${VARIABLE})")
    parser.add_argument("--threads", type=int, help="threads of torch (default: its own choice)")
    parser.add_argument("--refresh", action="store_true", help="also redo results made by other source files")
    parser.add_argument("--list", action="store_true", help="say what is done and what is to do, run nothing")
    return parser.parse_args(arguments)


def plan_tasks(options, folders):
    """(experiment, run, seed, path, state) of everything that the options choose and the data allow."""
    for experiment in experiments(options.plan, folders):
        for run in experiment.methods:
            if not is_chosen(experiment, run, options.only):
                continue
            module = Peers.load(run.method)
            for seed in experiment.seeds if module.RANDOM else experiment.seeds[:1]:
                path = records.path_of(RUNS / options.plan, experiment, run, seed)
                configuration = records.configuration_of(experiment, run, seed)
                state = records.state(records.read(path), configuration, records.code_of(module))
                yield experiment, run, seed, path, state


def experiments(plan, folders, tell=print):
    """The plan's experiments that the data allow, else the synthetic head and the sample; says what is left out."""
    planned = PLANS[plan]()
    absent = {experiment.name: missing(experiment, folders) for experiment in planned}
    any_data = any(not absent[e.name] and not e.options.get("only_without_data") for e in planned)
    for experiment in planned:
        if absent[experiment.name]:
            tell(f"skipped {experiment.name}: {', '.join(absent[experiment.name])} is not in the data folder (--data)")
        elif not (experiment.options.get("only_without_data") and any_data):
            yield experiment
    if any_data:
        return
    methods = tuple(run for run in planned[-1].methods if run.method != "nsn2n")
    for volume in sample_volumes():
        title = f"The repository's sample, {volume.name}"
        own = nsn2n() if plan == "full" else nsn2n(steps=QUICK_STEPS)
        name = f"sample-{volume.name.split('.')[0]}"
        yield Experiment(name, title, "real", volume.name, options={"disc": 20.0}, methods=(*methods, own), seeds=(0,))


def is_chosen(experiment, run, patterns):
    """Whether one of the patterns EXPERIMENT or EXPERIMENT/METHOD fits; METHOD is a method or one row's name."""
    if not patterns:
        return True
    for pattern in patterns:
        first, _, second = pattern.partition("/")
        if fnmatch.fnmatch(experiment.name, first) and any(
            fnmatch.fnmatch(name, second or "*") for name in (run.method, run.name)
        ):
            return True
    return False


def make(experiment, run, seed, case, path, name, started):
    """Run one method with every variant of its sweep, write and return the record."""
    module = Peers.load(run.method)
    record = {
        "experiment": experiment.name,
        "title": experiment.title,
        "method": run.method,
        "label": run.label,
        "seed": seed,
        "configuration": records.configuration_of(experiment, run, seed),
        "code": records.code_of(module),
        "noise": case.description["noise"],
        "shape": list(case.noisy.shape),
        **records.circumstances(),
    }
    try:
        variants, pictures = run_variants(module, run, seed, case, name, started)
        best = best_variant(variants)
        record.update(status="ok", variants=variants, best=best)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path.with_suffix(".npz"), slice=pictures[best])
    except CannotRun as reason:
        record.update(status="cannot run", reason=str(reason))
    except Exception as error:
        traceback.print_exc()
        record.update(status="failed", reason=f"{type(error).__name__}: {error}")
    if record["status"] != "ok":
        say(started, f"{name}: {record['status']}: {record['reason']}")
    records.write(path, record)
    return record


def run_variants(module, run, seed, case, name, started):
    """(list of {parameters, seconds, slices, figures}, list of the middle slices) over the sweep."""
    variants, pictures, reason = [], [], None
    for sweep in run.sweep or module.SWEEP:
        parameters = {**run.parameters, **sweep}
        line = Line(f"{name} seed {seed} {sweep or ''}", started)
        begin = time.perf_counter()
        try:
            volume = module.denoise(case, seed, line, **parameters)
        except CannotRun as why:
            reason = why
            continue
        seconds = time.perf_counter() - begin
        volume, slices = volume if isinstance(volume, tuple) else (volume, None)
        volume = np.asarray(volume, dtype=np.float32)
        slices = slices if slices is not None else list(range(len(volume)))
        result = figures(case, volume, slices, getattr(module, "CORRECTS_RICIAN", False))
        variants.append(
            {
                "parameters": parameters,
                "seconds": seconds * len(volume) / len(slices),
                "slices": len(slices),
                "figures": result,
                "report": getattr(module.denoise, "report", None),
            }
        )
        pictures.append(volume[nearest(slices, len(volume) // 2)])
        line.done(seconds, result)
    if not variants:
        raise reason
    return variants, pictures


def nearest(slices, middle):
    """The denoised slice nearest to the middle of the volume."""
    return min(slices, key=lambda k: abs(k - middle))


class Line:
    """Progress of one method on the last line of a terminal; only its result elsewhere."""

    def __init__(self, name, started):
        self.name, self.started, self.shown = name, started, 0.0

    def __call__(self, fraction):
        if sys.stdout.isatty() and time.perf_counter() - self.shown > 0.5:
            self.shown = time.perf_counter()
            print(f"\r{self.name}: {fraction:4.0%} ", end="", flush=True)

    def done(self, seconds, result):
        """The result in one line."""
        keys = ("psnr", "psnrTissue", "noiseBefore", "noiseAfter")
        text = "  ".join(f"{key} {result[key]:.2f}" for key in keys if result.get(key) is not None)
        print("\r" if sys.stdout.isatty() else "", end="")
        say(self.started, f"{self.name}: {seconds:.1f} s  {text}")


def say(started, text):
    """A line with the minutes since the start."""
    print(f"{(time.perf_counter() - started) / 60:6.1f} min  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
