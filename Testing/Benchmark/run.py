#!/usr/bin/env python3
"""Run the benchmark: run.py --quick|--table|--full|--design|--ablation|--final|--rehearsal [--only EXPERIMENT[/METHOD]]

One JSON per (experiment, method, seed) lands in Testing/Benchmark/Runs; what is there and was made from the same
configuration is skipped, so an interrupted run goes on where it stopped. Then: python Testing/Benchmark/make_page.py
(final_page.py for --final and --rehearsal). Each start of --final is written into Results/final/runs.json.
"""

import argparse
import fnmatch
import sys
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import Peers, ledger, records
from Benchmark.configuration import Experiment, nsn2n, seeds_of
from Benchmark.data import VARIABLE, data_folders, missing, sample_volumes
from Benchmark.execute import say
from Benchmark.plans import BOUND, PLANS
from Benchmark.pool import default_jobs, run_all

RUNS = Path(__file__).resolve().parent / "Runs"


def main(arguments=None):
    options = parse(arguments)
    folders = data_folders(options.data)
    started = time.perf_counter()
    tasks = list(plan_tasks(options, folders))
    if options.list:
        for experiment, run, seed, _, state in tasks:
            print(f"{experiment.name}/{run.name} seed {seed}: {state}")
        return 0
    todo = [t for t in tasks if t[4] == "to do" or (options.refresh and t[4] == "old code")]
    print(f"{len(tasks)} results, {len(todo)} to make", flush=True)
    named = [
        (experiment, run, seed, path, f"[{number}/{len(todo)}] {experiment.name}/{run.name}")
        for number, (experiment, run, seed, path, _) in enumerate(todo, 1)
    ]
    jobs = options.jobs or default_jobs()
    note = ledger.begin(options.plan, jobs, options.threads, len(named)) if named else None
    made = []
    for follows in (False, True):  # those that take their parameters from another experiment's records come later
        part = [task for task in named if ("chosen_on" in task[0].options) == follows]
        made += run_all(part, folders, RUNS / "cache", started, jobs, options.threads) if part else []
    failed = sum(record["status"] == "failed" for record in made)
    if note is not None:
        ledger.end(note, len(made), failed, time.perf_counter() - started)
    page = "final_page.py" if options.plan in BOUND else "make_page.py"
    say(started, f"{len(made)} results made, {failed} failed; now {page} --{options.plan}")
    return 1 if failed else 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plan = parser.add_mutually_exclusive_group(required=True)
    plan.add_argument("--quick", dest="plan", action="store_const", const="quick", help="small crops, one seed")
    plan.add_argument("--table", dest="plan", action="store_const", const="table", help="the large table, three seeds")
    plan.add_argument("--full", dest="plan", action="store_const", const="full", help="full size, three seeds")
    plan.add_argument("--design", dest="plan", action="store_const", const="design", help="the default's choices")
    plan.add_argument("--ablation", dest="plan", action="store_const", const="ablation", help="Table 3 of the paper")
    plan.add_argument("--final", dest="plan", action="store_const", const="final", help="volumes nobody tuned on")
    plan.add_argument("--rehearsal", dest="plan", action="store_const", const="rehearsal", help="final, on others")
    parser.add_argument("--only", action="append", help="EXPERIMENT or EXPERIMENT/METHOD, with * and ?; repeatable")
    parser.add_argument("--skip", action="append", help="leave these out, as for --only")
    parser.add_argument("--data", type=Path, help=f"folder with the volumes (default: ${VARIABLE})")
    parser.add_argument("--jobs", type=int, help="methods at once (default: one a core up to 4, one with a GPU)")
    parser.add_argument("--threads", type=int, help="threads of each method (default: the cores, shared by the jobs)")
    parser.add_argument("--refresh", action="store_true", help="also redo results made by other source files")
    parser.add_argument("--list", action="store_true", help="say what is done and what is to do, run nothing")
    return parser.parse_args(arguments)


def plan_tasks(options, folders):
    """(experiment, run, seed, path, state) of everything that the options choose and the data allow."""
    for experiment in experiments(options.plan, folders):
        for run in experiment.methods:
            if not fits(experiment, run, options.only or ["*"]) or fits(experiment, run, options.skip or []):
                continue
            module = Peers.load(run.method)
            for seed in seeds_of(experiment, run, module.RANDOM):
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
    if any_data or plan in BOUND:
        return
    methods = tuple(run for run in planned[-1].methods if run.method != "nsn2n")
    for volume in sample_volumes():
        title = f"The repository's sample, {volume.name}"
        name = f"sample-{volume.name.split('.')[0]}"
        yield Experiment(
            name, title, "real", volume.name, options={"disc": 20.0}, methods=(*methods, nsn2n()), seeds=(0,)
        )


def fits(experiment, run, patterns):
    """Whether one of the patterns EXPERIMENT or EXPERIMENT/METHOD fits; METHOD is a method or one row's name."""
    for pattern in patterns:
        first, _, second = pattern.partition("/")
        if fnmatch.fnmatch(experiment.name, first) and any(
            fnmatch.fnmatch(name, second or "*") for name in (run.method, run.name)
        ):
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
