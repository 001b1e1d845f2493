"""The rows of a case of the final plan: a method's records over draws and seeds, and its lead over the rivals."""

from dataclasses import dataclass

import numpy as np

from Benchmark import paired, tables
from Benchmark.opening import OWN
from Benchmark.plan_final import DRAW, case_of


@dataclass(frozen=True)
class Row:
    """All results of one row of a case: records, and its figure that counts by draw."""

    records: list
    scores: dict

    @property
    def first(self):
        return self.records[0]

    @property
    def name(self):
        return tables.row_name(self.first)

    @property
    def mean(self):
        return float(np.mean(list(self.scores.values())))


def rows_of(case, records):
    """The Rows of a case, best first, those without a result at the end."""
    groups = {}
    for record in records:
        if case_of(record["experiment"]) == case:
            groups.setdefault((record["method"], record["label"]), []).append(record)
    rows = [Row(group, scores(group)) for group in groups.values()]
    return sorted(rows, key=lambda row: -row.mean if row.scores else np.inf)


def scores(group):
    """Draw -> the figure that counts (see `score`), mean over the seeds."""
    found = {}
    for record in group:
        if record["status"] == "ok":
            found.setdefault(draw_of(record), []).append(score(record))
    return {draw: float(np.mean(values)) for draw, values in found.items()}


def score(record):
    """The figure of one record that counts: tissue PSNR in dB of the result as it came out.

    Where the truth helped: after the Rician bias was taken away with the true SD, unless the method did.
    """
    figures = tables.chosen(record)["figures"]
    helped = figures.get("psnrUnbiasedTissue") if record["series"] == "truth" else None
    return figures["psnrTissue"] if helped is None else helped


def draw_of(record):
    return int(record["experiment"].partition(DRAW)[2])


def default_of(rows):
    """The row of NS-N2N's default if it has results, else None."""
    return next((r for r in rows if (r.first["method"], r.first["label"]) == OWN and r.scores), None)


def verdicts(rows):
    """(default, best row of a user, Lead over it, best row of all rivals, Lead over it); None where there is none."""
    own = default_of(rows)
    rivals = [r for r in rows if r.first["series"] in ("user", "truth") and r.scores.keys() & own.scores.keys()]
    user = next((r for r in rivals if r.first["series"] == "user"), None)
    best = next(iter(rivals), None)
    return (own, *(part for row in (user, best) for part in (row, None if row is None else over(own, row))))


def over(own, row):
    return paired.lead(own.scores, row.scores)
