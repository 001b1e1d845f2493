"""The table of a batch for people: one HTML page that needs nothing else, the volumes to look at first."""

from html import escape
from urllib.parse import quote

from .. import __version__
from .task import DONE, FAILED, KEPT, REFUSED, Row

TITLES = (
    "",
    "volume",
    "input, result, removed noise",
    "noise before",
    "after",
    "left",
    "shift",
    "worst shift",
    "anatomy removed",
    "s",
    "",
)
#: What stands first.
ORDER = {FAILED: 0, REFUSED: 1, DONE: 2, KEPT: 2}
STYLE = """
body{font:14px system-ui,sans-serif;margin:24px;color:#1c1c22;background:#fff}
table{border-collapse:collapse}
th{position:sticky;top:0;background:#f0f0f4;cursor:pointer;text-align:left}
th,td{padding:6px 10px;border-bottom:1px solid #ddd;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
img{display:block;width:480px;height:160px}
.failed,.refused{color:#a00}.warning{color:#8a5a00;max-width:32em}small{color:#666}
"""
SCRIPT = """
document.querySelectorAll("th").forEach((head, column) => head.onclick = () => {
  const body = head.closest("table").tBodies[0], up = head.dataset.up = head.dataset.up === "1" ? "0" : "1";
  const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const less = (a, b) => { const x = parseFloat(key(a)), y = parseFloat(key(b));
    return isNaN(x) || isNaN(y) ? key(a).localeCompare(key(b)) : x - y; };
  [...body.rows].sort((a, b) => up === "1" ? less(a, b) : less(b, a)).forEach(row => body.append(row));
});
"""


def make_page(rows: list[Row], title: str) -> str:
    """The page: failed volumes, then those with warnings, then those where most noise is left."""
    counts = {status: sum(row.status == status for row in rows) for status in (DONE, KEPT, REFUSED, FAILED)}
    words = {DONE: "denoised", KEPT: "finished before", REFUSED: "refused", FAILED: "failed"}
    summary = ", ".join(f"{count} {words[status]}" for status, count in counts.items() if count)
    warned = sum(bool(row.warnings) for row in rows)
    head = "".join(f"<th>{name}</th>" for name in TITLES)
    body = "\n".join(_row(row) for row in sorted(rows, key=_urgency))
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>\n'
        f"<h1>{escape(title)}</h1>\n<p>{len(rows)} volumes: {summary}; {warned} with warnings. A click on a column's "
        "title sorts by it. Noise and shifts are in image units, in homogeneous tissue; anatomy removed is how likely "
        "that is, 0 to 1. Removed noise should look like noise: anatomy in it was lost. "
        f"NSN2N {__version__}, for research use only.</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>\n<script>{SCRIPT}</script></html>\n"
    )


def _urgency(row: Row) -> tuple:
    return ORDER[row.status], not row.warnings, -(_left(row) or 0.0), row.name


def _left(row: Row) -> float | None:
    return row.noise_after / row.noise_before if row.noise_before and row.noise_after is not None else None


def _row(row: Row) -> str:
    picture = f'<img loading="lazy" src="data:image/jpeg;base64,{row.thumbnail}" alt="">' if row.thumbnail else ""
    name = f'<a href="{quote(row.output)}">{escape(row.name)}</a>' if row.output else escape(row.name)
    left = _left(row)
    numbers = (
        row.noise_before,
        row.noise_after,
        left,
        row.shift,
        row.worst_shift,
        row.anatomy_removed,
        row.seconds or None,
    )
    cells = "".join(_number(value) for value in numbers)
    remarks = [f'<div class="{row.status}">{escape(row.reason)}</div>'] if row.reason else []
    remarks += [f"<div>{escape(row.effect)}</div>"] if row.effect else []
    remarks += [f'<div class="warning">{escape(text)}</div>' for text in row.warnings]
    return (
        f'<tr><td class="{row.status}">{row.status}</td><td>{name}<br><small>{escape(row.size)}</small></td>'
        f"<td>{picture}</td>{cells}<td>{''.join(remarks)}</td></tr>"
    )


def _number(value: float | None) -> str:
    return '<td class="n" data-value="-1">-</td>' if value is None else f'<td class="n">{value:.3g}</td>'
