"""The table of a batch for programs: one CSV line for each volume."""

import csv
import io

from .task import Row

COLUMNS = (
    "name",
    "status",
    "reason",
    "output",
    "size",
    "noise_before",
    "noise_after",
    "shift",
    "worst_shift",
    "anatomy_removed",
    "effect",
    "seconds",
    "memory",
    "warnings",
)


def make_csv(rows: list[Row]) -> str:
    """All columns but the thumbnail; warnings are joined by " | "."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = {name: getattr(row, name) for name in COLUMNS} | {"warnings": " | ".join(row.warnings)}
        writer.writerow("" if value is None else value for value in values.values())
    return text.getvalue()
