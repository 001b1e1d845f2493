"""What a result has to keep to, and whether it does."""

from .likeness import CERTAIN
from .measure import HARDLY_ANY

#: Median shift of homogeneous blocks, and shift of any tissue, in units of the noise SD before.
SHIFT = 0.1
#: Removed noise at edges, in units of that in flat tissue.
LEAK = 1.3
#: Correlation of removed noise and output.
WITH_IMAGE = 0.1
#: By how much the removed noise of neighboring slices may correlate more than the noise does.
ACROSS_SLICES = 0.1
#: Part of an edge that must be left, in the lower half of the frequencies that it shows.
EDGE = 0.9
#: Part of an inserted lesion's contrast that must come back.
RECOVERED = 0.95


def check_limits(figures: dict) -> list[dict]:
    """The limits that can be judged, each as a dict of JSON values: name, value, limit, passed, why.

    Args:
        figures: as `measure_quality` returns them, with "contrast" where lesions were inserted, and "anatomyRemoved"
            where a run judged it.
    """
    noise = figures["noiseBefore"]
    rows = []

    def add(name: str, value: float | None, limit: float, at_most: bool, why: str) -> None:
        if value is not None:
            passed = value <= limit if at_most else value >= limit
            rows.append({"name": name, "value": value, "limit": limit, "atMost": at_most, "passed": passed, "why": why})

    def of_noise(value: float | None) -> float | None:
        return None if value is None or not noise else abs(value) / noise

    add(
        "Probability that anatomy was removed, by the run",
        figures.get("anatomyRemoved"),
        CERTAIN,
        True,
        "what was removed is noise",
    )
    spectrum = figures["spectrum"]
    left, what = of_noise(figures["noiseAfter"]), "Noise left, part of the noise before"
    if left is None and spectrum is not None:
        left, what = (
            of_noise(spectrum["afterSD"]),
            "SD left in flat windows, anatomy included, part of the noise before",
        )
    if not figures["identical"]:
        add(what, left, HARDLY_ANY, True, "else the run did hardly anything")
    add("Median shift of homogeneous blocks, noise SDs", of_noise(figures["meanShift"]), SHIFT, True, "values stay")
    tissues = figures["shiftByTissue"]
    worst = max(tissues, key=lambda t: abs(t["shift"]), default=None)
    if worst is not None:
        add(
            f"Shift of {worst['name']}, noise SDs",
            of_noise(worst["shift"]),
            SHIFT,
            True,
            "values stay, tissue by tissue",
        )
    add(
        "Leak at edges, strongest band",
        max(figures["leak"], default=None),
        LEAK,
        True,
        "edges did not go with the noise",
    )
    add(
        "Edges left, lowest at low frequencies, plus two standard errors",
        min((_edge_left(group) for group in figures["edges"]), default=None),
        EDGE,
        False,
        "edges stay as sharp as they were",
    )
    residual = figures["residual"]
    correlation = residual["withImage"]
    correlation = None if correlation is None else abs(correlation)
    add("Correlation of removed noise and output", correlation, WITH_IMAGE, True, "anatomy was not scaled down")
    across, own = residual["acrossSlices"], figures["sliceCorrelation"]
    excess = None if across is None or not own or own[0] is None else across - max(own[0], 0.0)
    add(
        "Correlation of removed noise between slices, above the noise's own",
        excess,
        ACROSS_SLICES,
        True,
        "anatomy goes on from slice to slice, noise does not",
    )
    cells = figures.get("contrast") or []
    lowest = min((c["recovered"] for c in cells), default=None)
    add("Contrast recovered, lowest of the inserted kinds", lowest, RECOVERED, False, "lesions stay what they were")
    return rows


def _edge_left(group: dict) -> float:
    """The most that the lowest transfer of a group can be taken for: a few weak edges are known to a tenth only."""
    lower = slice(len(group["transfer"]) // 2 + 1)
    return min(t + 2 * e for t, e in zip(group["transfer"][lower], group["error"][lower], strict=True))
