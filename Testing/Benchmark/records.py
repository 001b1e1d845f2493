"""One JSON file per (experiment, method, seed): what was measured, and from what."""

import dataclasses
import hashlib
import itertools
import json
import math
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from Benchmark import REPOSITORY

HERE = Path(__file__).resolve().parent


def path_of(folder, experiment, run, seed):
    """Where the record of one (experiment, method, seed) lies."""
    return folder / experiment.name / f"{run.name}--seed{seed}.json"


def configuration_of(experiment, run, seed):
    """Everything in configuration.py that this record depends on, as JSON types."""
    shared = dataclasses.asdict(experiment)
    for name in ("methods", "seeds", "title", "purpose"):
        del shared[name]
    chosen = dataclasses.asdict(run)
    for name in ("series", "x", "once"):
        del chosen[name]
    return json.loads(json.dumps({"experiment": shared, "run": chosen, "seed": seed}))


def is_of(record, configuration):
    """Whether a record was made from this configuration; training data count only for the methods that see them."""
    return _seen(record["configuration"]) == _seen(configuration)


def _seen(configuration):
    paired = configuration["run"]["method"] in ("n2n", "n2c")
    experiment = {k: v for k, v in configuration["experiment"].items() if paired or k != "training"}
    return {**configuration, "experiment": experiment}


def read(path):
    """The record at path, or None when there is none that can be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def state(record, configuration, code):
    """ "done", "old code" (made by other source files), or "to do"."""
    if record is None or record["status"] != "ok" or not is_of(record, configuration):
        return "to do"
    return "done" if record["code"] == code else "old code"


def write(path, record):
    """Write atomically: an interrupted run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(_finite(record), indent=1))
    part.replace(path)


def code_of(module):
    """Hash of the source behind a result: simulators and metrics, the method's file, for NS-N2N the engine."""
    shared = ("cases.py", "judge.py", "regions.py", "metrics_*.py", "simulate_*.py", "synthetic.py", "noise_cases.py")
    files = [file for pattern in shared for file in sorted(HERE.glob(pattern))] + [Path(module.__file__)]
    if module.RANDOM:
        files += [HERE / "Peers" / "training.py", HERE / "Peers" / "supervised.py"]
    if module.__name__.endswith(("bm3d_filter", "bm4d_filter")):
        files.append(HERE / "rician_vst.py")
    if module.__name__.endswith(".nsn2n"):
        files += sorted((REPOSITORY / "NSN2NDenoise" / "NSN2NDenoiseLib" / "engine").rglob("*.py"))
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def circumstances():
    """Command, commit, machine and versions of this run."""
    return {
        "command": command(),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def command():
    """The command line with paths relative to the repository and the data folder as DIR."""
    words = ["python"]
    for previous, word in itertools.pairwise(["", *sys.argv]):
        words.append("DIR" if previous == "--data" else _relative(word))
    return " ".join(words)


def commit():
    """Short commit, with "+" when source files differ from it; "unknown" outside a git checkout."""
    try:
        name = subprocess.check_output(["git", "rev-parse", "--short=10", "HEAD"], cwd=REPOSITORY, text=True)
        changed = subprocess.check_output(["git", "status", "--porcelain", "--", "*.py"], cwd=REPOSITORY, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("+" if changed.strip() else "")


def machine():
    """Processor, cores and GPU in words."""
    processor = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"processor": processor, "cores": cores, "threads": torch.get_num_threads(), "gpu": gpu}


def versions():
    """Versions of the packages that the numbers depend on, those that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("torch", "numpy", "scipy", "scikit-image", "SimpleITK", "dipy", "antspyx", "ndsafir", "bm3d", "bm4d"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _relative(argument):
    try:
        return str(Path(argument).resolve().relative_to(REPOSITORY)) if argument.endswith(".py") else argument
    except ValueError:
        return argument


def _finite(value):
    """The value with NaN and infinities as None: JSON has no word for them."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
