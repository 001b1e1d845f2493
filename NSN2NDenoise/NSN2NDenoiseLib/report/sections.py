"""The parts of the page, top to bottom."""

import itertools
from typing import TYPE_CHECKING

from ..engine import describe_effect, describe_pairing, describe_sources, describe_stages
from ..engine.judge.limits import LEAK, RECOVERED
from .pictures import scale_css
from .plots import bars, curves, intervals
from .runs import MEASURED
from .words import facts, number, signed, table, text

if TYPE_CHECKING:
    from .page import Content


def head(content: "Content") -> str:
    """Title and what is seen in ten seconds."""
    figures, limits = content.figures, content.limits
    failed = [row for row in limits if not row["passed"]]
    kind = "bad" if failed else "good"
    noise = f"{number(figures['noiseBefore'])} → {number(figures['noiseAfter'])}"
    cells = figures.get("contrast")
    tiles = [
        (kind, f"{len(limits) - len(failed)} of {len(limits)}", "limits kept"),
        *_anatomy(content),
        ("open", noise, f"noise SD in tissue, image units{_at_most(figures)}"),
        ("open", number(max(figures["leak"], default=None)), "leak at edges, strongest band (1: noise only)"),
    ]
    if cells:
        lowest, highest = (f(c["recovered"] for c in cells) for f in (min, max))
        tiles.append(("open", f"{100 * lowest:.0f}–{100 * highest:.0f} %", "of inserted lesions' contrast came back"))
    else:
        tiles.append(("open", "not measured", "what comes back of lesions (Insert lesions, or --lesions)"))
    boxes = "".join(f'<div class="tile {k}"><b>{value}</b><span>{text(what)}</span></div>' for k, value, what in tiles)
    name = f"<p>{text(content.title)}</p>" if content.title else ""
    notes = "".join(f'<p class="warn">{text(note)}</p>' for note in content.notes)
    made = content.made
    return (
        f'<h1>Quality report</h1>{name}<p class="note">{text(made["program"])}, {text(made["date"])}. For research use '
        f'only; not a medical device.</p><div class="verdict">{boxes}</div>{notes}'
    )


def slices(content: "Content") -> str:
    """Before, after, removed, local shift."""
    figures = "".join(
        f'<figure><img src="{p.uri}" alt="{text(p.caption)}"><figcaption>{text(p.caption)}</figcaption></figure>'
        for row in content.slices
        for p in row
    )
    return (
        "<h2>Slices</h2><p>The third column should look like noise. <b>Anatomy in it was taken from the image.</b> The "
        f'last one should be even: a structure in it is a place whose mean moved.</p><div class="pictures">{figures}'
        f'</div><p class="note">{text(content.slices_text)}</p>'
    )


def limits(content: "Content") -> str:
    """Every limit with pass or fail."""
    rows = []
    for row in content.limits:
        verdict = '<span class="pass">pass</span>' if row["passed"] else '<span class="fail">FAIL</span>'
        bound = ("≤ " if row["atMost"] else "≥ ") + number(row["limit"])
        rows.append([text(row["name"]), number(row["value"]), bound, verdict, text(row["why"])])
    return "<h2>Limits</h2>" + table(["", "measured", "limit", "", "because"], rows, "limits")


def noise(content: "Content") -> str:
    """Noise map and noise power spectrum."""
    picture, low, high = content.noise_map
    ends = f'<div class="ends"><span>{number(low)}</span><span>{number(high)}</span></div>'
    drawn = (
        f'<div class="narrow map"><p>Noise SD over the volume, before</p><img src="{picture.uri}" alt="noise map">'
        f'<div class="bar" style="background:{scale_css()}"></div>{ends}<p class="note">{text(picture.caption)}, as '
        "measured from the input alone, image units</p></div>"
    )
    found = content.figures["spectrum"]
    if found is None:
        none = "<div><p>No window of tissue is wide enough for a noise power spectrum.</p></div>"
        return f'<h2>Noise</h2><div class="columns">{drawn}{none}</div>'
    names = {"before": "before", "after": "after", "removed": "removed"}
    plot = curves(found["frequency"], {n: found[k] for k, n in names.items()}, "1/mm", "noise power, units² mm²")
    centers = ", ".join(f"{n} {number(found[f'{k}MeanFrequency'])}" for k, n in names.items())
    spectrum = (
        f"<div><p>Noise power spectrum</p>{plot}<p class='note'>In the {found['windows']} flattest windows of "
        f"tissue, {found['side']} × {found['side']} pixels. Mean frequency in 1/mm: {centers}; lower is coarser. SD: "
        f"{number(found['beforeSD'])} before, {number(found['afterSD'])} after. Anatomy that the windows show counts "
        "in all of them.</p></div>"
    )
    return f'<h2>Noise</h2><div class="columns">{drawn}{spectrum}</div>'


def shift(content: "Content") -> str:
    """Mean change by tissue."""
    rows = [
        [
            text(t["name"]),
            f"{number(t['low'], 4)} … {number(t['high'], 4)}",
            f"{t['voxels']:,}".replace(",", " "),
            number(t["mean"], 4),
            signed(t["shift"]) + ("" if t["error"] is None else f" ± {number(t['error'], 2)}"),
        ]
        for t in content.figures["shiftByTissue"]
    ]
    figures = content.figures
    found = table(["tissue", "from … to", "voxels", "mean before", "shift (± standard error)"], rows) if rows else ""
    return (
        f"<h2>Local mean shift</h2>{found}<p>Homogeneous blocks of 8 × 8 pixels ({figures['homogeneousBlocks']} of "
        f"them): median {signed(figures['meanShift'])}, largest {number(figures['worstBlockShift'])}. Part of "
        "a block's shift is the noise that was removed from it.</p>"
    )


def residual(content: "Content") -> str:
    """Is the removed noise noise?"""
    found, own = content.figures["residual"], content.figures
    lags = own["sliceCorrelation"]
    rows = [
        ["with the output", number(found["withImage"], 2), "0"],
        ["slice to slice", number(found["acrossSlices"], 2), number(lags[0] if lags else None, 2)],
    ]
    for name, label in (("rows", "down a column"), ("columns", "along a row")):
        measured, expected = ([number(v, 2) for v in part] for part in (found[name], own["noiseCorrelation"][name]))
        rows.append([f"pixels 1, 2, 3 apart, {label}", ", ".join(measured), ", ".join(expected)])
    values, bands = own["leak"], own["leakBands"]
    names = [f"{a}–{b}" for a, b in itertools.pairwise(bands)]
    plot = ""
    if values:
        drawn = bars(names, values, LEAK, "edge strength of the output, percentiles", "removed, relative to flat")
        plot = f"<div><p>Leak: removed noise (RMS) by edge strength</p>{drawn}</div>"
    return (
        '<h2>Is the removed noise noise?</h2><div class="columns"><div><p>Correlation of what was removed</p>'
        + table(["", "removed", "noise itself"], rows)
        + "<p class='note'>“Noise itself” is measured on the input. More correlation from slice to slice than "
        f"the noise has is anatomy.</p></div>{plot}</div>"
    )


def edges(content: "Content") -> str:
    """Sharpness at edges that the image has."""
    groups = content.figures["edges"]
    if not groups:
        return "<h2>Edges</h2><p>The volume has too few clear edges to measure what became of them.</p>"
    longest = max((g["frequency"] for g in groups), key=len)
    plot = curves(longest, {_group(g): g["transfer"] for g in groups}, "1/mm", "edge left")
    rows = []
    for g in groups:
        half = "not in sight" if g["half"] is None else f"{number(g['half'])} / mm"
        rows.append([f"{_group(g)}", number(g["step"]), str(g["edges"]), number(g["transfer"][0]), half])
    found = table(["step in noise SDs", "median step", "edges", "contrast left", "falls to half at"], rows)
    return (
        f'<h2>Edges</h2><div class="columns"><div>{plot}</div><div>{found}<p class="note">Transfer function at edges '
        "of this image, by their height: what the result has of each frequency that the input's edges have. 1 is as "
        "sharp as the input. Edges were found in the slices next to those where they were measured.</p></div></div>"
    )


def contrast(content: "Content") -> str:
    """What comes back of inserted lesions."""
    cells = content.figures.get("contrast")
    if not cells:
        return (
            "<h2>Lesions</h2><p><b>Not measured.</b> Spheres of low contrast can be inserted into this volume, which "
            "is then denoised once more by the same stages (Insert lesions in Slicer, or --lesions). It costs "
            f"{text(content.lesions_cost)}.</p>"
        )
    rows, names = [], []
    for c in cells:
        label = f"{100 * c['part']:.3g} %" if c["part"] is not None else number(c["contrast"])
        names.append(f"{label}\n{c['diameter']:g} mm")
        interval = f"{100 * c['low']:.0f} … {100 * c['high']:.0f} %".replace("-", "−")
        each = [("–" if c[s] is None else f"{100 * c[s]:.0f} %") for s in ("brighter", "darker")]
        size = f"±{number(c['contrast'])}" + (f" ({label} of tissue)" if c["part"] is not None else "")
        rows.append([size, f"{c['diameter']:g}", str(c["count"]), _recovered(c), interval, *each])
    plot = intervals(names, [(c["recovered"], c["low"], c["high"]) for c in cells], RECOVERED, "part of the contrast")
    head = ["contrast", "mm", "lesions", "recovered", "95 %", "brighter", "darker"]
    return (
        "<h2>Lesions</h2><p>Spheres were inserted into this volume, brighter and darker than the tissue around them, "
        "and the same stages ran again. What came back of their contrast, in the mean over places, is what this method "
        f'leaves of such a lesion here.</p><div class="columns"><div>{plot}</div><div>{table(head, rows)}</div></div>'
        "<p class='note'>The height of the inserted profile that fits the difference of the results with and without "
        f"lesions. It is not detectability. It cost {text(content.lesions_cost)}.</p>"
    )


def run(content: "Content") -> str:
    """What was run, on what."""
    volume, report, made = content.identity, content.run, content.made
    rows = [
        ("size", f"{' × '.join(str(n) for n in volume['size'])} voxels of {' × '.join(volume['spacing'])} mm"),
        ("type", text(", ".join(filter(None, (volume["modality"], volume["type"]))))),
        ("input", f"SHA-256 of its voxels <code>{volume['inputSHA256']}</code>"),
        ("result", f"SHA-256 of its voxels <code>{volume['resultSHA256']}</code>"),
    ]
    if report is None:
        rows.append(("run", "not known: no report of the run was given (--run)"))
        found = ""
    else:
        settings = report["settings"]
        rows += [
            ("stages", text(describe_stages(report["stages"]))),
            ("sources", text(describe_sources(report["stages"]))),
            ("preset, strength", f"{text(report['preset'])}, {number(report['strength'])}"),
            ("did it help?", text(describe_effect(report))),
            ("seed", text(report["seed"])),
            ("threshold", f"{number(report['threshold'])} = {number(report['thresholdImageUnits'])} image units"),
            ("slices", f"along {text(report['axis'])}, pairs of {text(describe_pairing(report))}"),
            ("network", _network(report)),
            ("MR bias", "corrected" if report["ricianCorrected"] else "not corrected"),
            ("computed on", f"{text(report['device'])}, {text(report['precision'])}"),
            ("time, memory", _cost(report)),
            ("versions", text(", ".join(f"{k} {v}" for k, v in report["versions"].items()))),
            ("all settings", f"<code>{text(', '.join(f'{k}={v}' for k, v in settings.items()))}</code>"),
        ]
        rows += [("warning", text(warning)) for warning in report["warnings"]]
        known = {k: name for k, name in MEASURED.items() if k in report}  # reports of earlier versions have fewer
        of_volumes = {**content.figures, **content.figures.get("ofVolumes", {})}
        measured = [[text(name), number(report[k], 5), number(of_volumes[k], 5)] for k, name in known.items()]
        found = (
            "<p>The run's own figures, and the same measured on the two volumes. A run measures before it rounds to "
            "whole numbers, and in Slicer before input is mixed back in. Where it was not mixed there, and both hashes "
            "are the run's, tiles and limits go by its figures.</p>" + table(["", "run", "volumes"], measured)
        )
    rows.append(("page made on", text(made["machine"])))
    return f"<h2>What was run</h2>{facts(rows)}{found}"


def blind_spots(content: "Content") -> str:
    """What this page can't show."""
    return (
        "<h2>What this page can't show</h2><p>All figures come from one volume and its result; there is no truth to "
        "compare with. Leak is 1 in its first band by definition, and an edge weaker than the noise has no edge "
        "strength in the output: lesions of low contrast show in the section on lesions only. There, contrasts are "
        "averaged over places; a single lesion can lose more. Texture, calcifications and thin vessels are not tested. "
        "A reader has to look at the removed noise of every slice, not of three.</p>"
    )


def signature() -> str:
    """Lines for name and date."""
    lines = ("Name, function", "Date", "Decision (usable for …, not usable for …)", "Signature")
    return '<div class="sign">' + "".join(f"<div>{line}</div>" for line in lines) + "</div>"


def _group(group: dict) -> str:
    return f"{group['from']:g}" + (" and more" if group["to"] is None else f" to {group['to']:g}")


def _recovered(cell: dict) -> str:
    percent = f"{100 * cell['recovered']:.1f} %"
    return percent if cell["recovered"] >= RECOVERED else f'<span class="fail">{percent}</span>'


def _anatomy(content: "Content") -> list[tuple[str, str, str]]:
    """The tile with what the run says of anatomy in what was removed, where it says something of this result."""
    part = content.figures.get("anatomyRemoved")
    if part is None:
        return []
    kind = "bad" if content.run.get("alarm") else "open"
    return [(kind, f"{100 * part:.0f} %", "likely that what was removed is anatomy, by the run")]


def _at_most(figures: dict) -> str:
    """The SD of flat windows, which bounds the noise that is left from above."""
    spectrum = figures["spectrum"]
    return "" if spectrum is None else f"; left in flat windows, with their anatomy: {number(spectrum['afterSD'])}"


def _network(report: dict) -> str:
    """Which network it was, and where it was trained."""
    network = report.get("network")
    if network is None:
        return "none"
    where = "on this volume" if network["trainedHere"] else "on another volume, whose noise and spacing fit"
    steps = f"{text(network['steps'])} steps, seed {text(network['seed'])}"
    return f"<code>{text(network['name'])}</code>, trained {where} ({steps})"


def _cost(report: dict) -> str:
    seconds, memory = sum(report["seconds"].values()), report["peakMemoryMB"]
    return f"{seconds:.0f} s" + (f", at most {memory / 1000:.1f} GB" if memory else "")
