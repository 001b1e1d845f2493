#!/usr/bin/env python3
"""Runs/ from the records beside a page, so that some rows can be made anew without all others.

    python Testing/Benchmark/restore.py --final

Then `run.py --final --refresh --only ...` and the page. Records that are in Runs/ already stay. What pages leave out of
their records (pictures, curves of noise power) does not come back: those are made by a run only.
"""

import argparse
import json
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import records
from Benchmark.configuration import MethodRun
from Benchmark.make_page import COSTS
from Benchmark.plans import PLANS
from Benchmark.run import RUNS

HERE = Path(__file__).resolve().parent


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plans = parser.add_mutually_exclusive_group(required=True)
    for plan in PLANS:
        plans.add_argument(f"--{plan}", dest="plan", action="store_const", const=plan)
    plan = parser.parse_args(arguments).plan
    source = HERE / "Results" / plan / "records.json"
    if not source.exists():
        raise SystemExit(f"there are no records of --{plan}: {source} is missing")
    restored = sum(restore(record, RUNS / plan) for record in json.loads(source.read_text(encoding="utf-8")))
    print(f"{restored} records restored into {RUNS / plan}")
    return 0


def restore(record, folder):
    """Write one record of a page into a folder of records, unless it has that one; says whether it did."""
    run, experiment = (record["configuration"][part] for part in ("run", "experiment"))
    name = MethodRun(run["method"], run["label"]).name
    path = folder / experiment["name"] / f"{name}--seed{record['seed']}.json"
    if path.exists():
        return False
    records.write(path, whole(record))
    return True


def whole(record):
    """The inverse of `make_page.slim`, as far as that can be undone."""
    if record["status"] != "ok":
        return record
    variants = []
    for number, brief in enumerate(record["variants"]):
        chosen_by = {k: v for k, v in brief.items() if k not in COSTS}
        figures = record["figures"] if number == record["best"] else chosen_by
        variants.append({**{k: v for k, v in brief.items() if k in COSTS}, "figures": figures})
    return {**{k: v for k, v in record.items() if k != "figures"}, "variants": variants}


if __name__ == "__main__":
    sys.exit(main())
