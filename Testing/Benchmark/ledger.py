"""Who opened the final volumes, when and with which commit: each start of the final plan is written down."""

import json
import time
from pathlib import Path

from Benchmark import records

LEDGER = Path(__file__).resolve().parent / "Results" / "final" / "runs.json"


def begin(plan, jobs, threads, results):
    """Write down that the final plan starts, before it opens anything; the entry's number, None for another plan.

    Raises SystemExit where source files differ from the commit: the page could not say what was run.
    """
    if plan != "final":
        return None
    commit = records.commit()
    if commit.endswith("+"):
        raise SystemExit("source files differ from the commit; commit them, then run the final plan")
    entries = read()
    entries.append(
        {
            "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC",
            "commit": commit,
            "machine": records.machine(),
            "jobs": jobs,
            "threads": threads,
            "command": records.command(),
            "toMake": results,
            "made": None,
        }
    )
    _write(entries)
    return len(entries) - 1


def end(number, made, failed, seconds):
    """What came of the start with this number."""
    entries = read()
    entries[number].update(made=made, failed=failed, wallSeconds=round(seconds))
    _write(entries)


def read():
    """All entries, the oldest first."""
    return json.loads(LEDGER.read_text(encoding="utf-8")) if LEDGER.exists() else []


def _write(entries):
    LEDGER.parent.mkdir(parents=True, exist_ok=True)
    LEDGER.write_text(json.dumps(entries, indent=1) + "\n")
