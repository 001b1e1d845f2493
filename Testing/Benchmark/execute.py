"""Runs one method on one case, with every variant of its sweep, and writes the record."""

import sys
import time
import traceback
from dataclasses import replace

import numpy as np

from Benchmark import Peers, records
from Benchmark.case import BadCase, CannotRun
from Benchmark.clock import clock
from Benchmark.judge import best_variant, figures
from Benchmark.memory import Peak


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
        "noise": "-" if isinstance(case, BadCase) else case.description["noise"],
        "shape": [] if isinstance(case, BadCase) else list(case.noisy.shape),
        **records.circumstances(),
    }
    try:
        if isinstance(case, BadCase):
            raise CannotRun(case.reason)
        run = as_chosen(experiment, run, path)
        variants, pictures = run_variants(module, run, seed, case, name, started)
        best = best_variant(variants)
        record.update(status="ok", variants=variants, best=best)
        path.parent.mkdir(parents=True, exist_ok=True)
        truth = {}
        if run.method == "noisy" and case.reference is not None:  # a page without the volume shows errors, too
            truth = {"reference": case.reference[len(case.reference) // 2]}
        np.savez_compressed(path.with_suffix(".npz"), slice=pictures[best], **truth)
    except CannotRun as reason:
        record.update(status="cannot run", reason=str(reason))
    except Exception as error:
        traceback.print_exc()
        record.update(status="failed", reason=f"{type(error).__name__}: {error}")
    if record["status"] != "ok":
        say(started, f"{name}: {record['status']}: {record['reason']}")
    records.write(path, record)
    return record


def as_chosen(experiment, run, path):
    """The method with the parameters that another experiment found best (option "chosen_on"), if this one says so.

    Raises CannotRun where that experiment has no result of the method.
    """
    other = experiment.options.get("chosen_on")
    if other is None or run.sweep is None or len(run.sweep) == 1:
        return run
    found = sorted((path.parents[1] / other).glob(f"{run.name}--seed*.json"))
    record = records.read(found[0]) if found else None
    if record is None or record["status"] != "ok":
        raise CannotRun(f"its parameters are chosen on {other}, which has no result of it")
    chosen = record["variants"][record["best"]]["parameters"]
    return replace(run, sweep=({k: v for k, v in chosen.items() if k not in run.parameters},))


def run_variants(module, run, seed, case, name, started):
    """(list of {parameters, seconds, cpuSeconds, slices, memory, figures}, list of middle slices) over the sweep."""
    variants, pictures, reason = [], [], None
    line = Line(f"{name} seed {seed}", started)
    for parameters, result, why in results(module, run, seed, case, line):
        if why is not None:
            reason = why
            continue
        volume, slices, (wall, cpu, *memory) = result
        volume = np.asarray(volume, dtype=np.float32)
        slices = slices if slices is not None else list(range(len(volume)))
        corrects = getattr(module, "CORRECTS_RICIAN", False)
        found = figures(case, volume, slices, corrects(parameters) if callable(corrects) else corrects)
        variants.append(
            {
                "parameters": parameters,
                "seconds": wall * len(volume) / len(slices),
                "cpuSeconds": cpu * len(volume) / len(slices),
                "slices": len(slices),
                "memory": memory[0] if memory else None,
                "figures": found,
                "report": getattr(module.denoise, "report", None),
            }
        )
        pictures.append(volume[min(slices, key=lambda k: abs(k - len(volume) // 2))])
        line.done(parameters, cpu, found)
    if not variants:
        raise reason
    return variants, pictures


def results(module, run, seed, case, line):
    """Yield (parameters, (volume, slices or None, costs), None) or (parameters, None, CannotRun).

    costs: seconds of the wall, of the CPU, and the memory that the method took in MB (None where unknown).
    """
    sweep = run.sweep or module.SWEEP
    if hasattr(module, "denoise_sweep"):
        made = module.denoise_sweep(case, seed, line, sweep, **run.parameters)
        for entry, result in zip(sweep, made, strict=True):
            yield {**run.parameters, **entry}, result, None
        return
    for entry in sweep:
        parameters = {**run.parameters, **entry}
        begin = clock()
        try:
            with Peak() as peak:
                volume = module.denoise(case, seed, line, **parameters)
        except CannotRun as why:
            yield parameters, None, why
            continue
        spent = clock() - begin
        yield parameters, (*(volume if isinstance(volume, tuple) else (volume, None)), (*spent, peak.added)), None


class Line:
    """Progress of one method on the last line of a terminal; only its result elsewhere."""

    def __init__(self, name, started):
        self.name, self.started, self.shown = name, started, 0.0

    def __call__(self, fraction):
        if sys.stdout.isatty() and time.perf_counter() - self.shown > 0.5:
            self.shown = time.perf_counter()
            print(f"\r{self.name}: {fraction:4.0%} ", end="", flush=True)

    def done(self, parameters, seconds, result):
        """The result in one line."""
        keys = ("psnr", "psnrTissue", "noiseBefore", "noiseAfter")
        text = "  ".join(f"{key} {result[key]:.2f}" for key in keys if result.get(key) is not None)
        print("\r" if sys.stdout.isatty() else "", end="")
        say(self.started, f"{self.name} {parameters or ''}: {seconds:.1f} s CPU  {text}")


def say(started, text):
    """A line with the minutes since the start."""
    print(f"{(time.perf_counter() - started) / 60:6.1f} min  {text}", flush=True)
