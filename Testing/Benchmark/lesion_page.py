#!/usr/bin/env python3
"""Results-lesions.md from the figures of lesion_study.py: python Testing/Benchmark/lesion_page.py"""

import json
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.lesion_study import RESULTS
from Benchmark.tables import machine, markdown

PAGE = RESULTS.parents[1] / "Results-lesions.md"
OBSERVERS = {"laguerreGauss": "Laguerre-Gauss", "gabor": "Gabor", "matchedFilter": "NPW"}
#: Bias that is still none.
BIAS = 0.05
#: Presets of NS-N2N.
OWN = ("default", "fast", "nsn2n")


def main(folder=RESULTS, page=PAGE):
    """Write the page; exit status 1 when there is nothing to write."""
    studies = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    if not studies:
        print(f"there is nothing in {folder}; run lesion_study.py first")
        return 1
    parts = ["# What a lesion loses", *(f"**{s['title']}:** {opening(s)}" for s in studies), EXPLANATION]
    parts += [section(study) for study in studies]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return 0


def opening(study):
    """Where each preset of NS-N2N falls short."""
    found = [shortcomings(study, label) for label in OWN if study["methods"].get(label, {}).get("status") == "ok"]
    return " ".join(found) or "not run with NS-N2N yet."


def shortcomings(study, label):
    """Contrast lost by a preset, and detectability below the input's or a rival's, in words."""
    own = study["methods"][label]
    cells = [c for c in own["contrast"] if c["textured"] is None]
    lost = [f"{name(study, c)} ({percent(c['recovered'])} left)" for c in cells if c["recovered"] < 1 - BIAS]
    text = f"`{label}` loses more than {percent(BIAS)} of the contrast of {len(lost)} of {len(cells)} kinds of lesions"
    text += f": {', '.join(lost)}." if lost else "."
    if not own["detection"]:
        return text + " There were too few lesions of a kind for an observer."
    worse = []
    for other, method in study["methods"].items():
        if other not in OWN and method["status"] == "ok":
            worse += [f"{entry} (than {other})" for entry in below(study, own, method)]
    text += " Less detectable, interval below interval: " + ("; ".join(worse) if worse else "none") + "."
    return text


def below(study, own, other):
    """Cells and observers where the interval of `own` lies below the other's."""
    found = []
    for mine, theirs in paired(own["detection"], other["detection"]):
        for key, label in OBSERVERS.items():
            if mine["textured"] is None and mine[key]["high"] < theirs[key]["low"]:
                found.append(f"{name(study, mine)}, {label}")
    return found


def paired(mine, theirs):
    """Rows of the same cell."""
    keyed = {(r["contrast"], r["diameter"], r["textured"]): r for r in theirs}
    return [(r, keyed[key]) for r in mine if (key := (r["contrast"], r["diameter"], r["textured"])) in keyed]


def section(study):
    """The tables of one study."""
    crop = " x ".join(str(n) for n in study["shape"])
    text = (
        f"## {study['title']}\n\n{study['sites']} places in {crop} voxels of "
        f"{' x '.join(f'{s:.3g}' for s in study['spacing'])} mm, {study['rounds']} draws of the lesions; noise SD "
        f"{study['noise']:.3g}; {machine(study['machine'])}."
    )
    done = {label: method for label, method in study["methods"].items() if method["status"] == "ok"}
    tables = [text]
    for texture, title in ((None, "all places"), (False, "homogeneous tissue"), (True, "textured tissue")):
        rows = recovery(study, done, texture)
        if rows:
            tables.append(f"Contrast recovered, {title} (95 % interval of the mean; brighter / darker):\n\n{rows}")
    detection = detected(study, done)
    if detection:
        tables.append(f"Detectability, area under the ROC curve (95 % interval):\n\n{detection}")
    tables.append("Edges, texture, values:\n\n" + others(done))
    reasons = [f"{k}: {m['reason']}" for k, m in study["methods"].items() if m["status"] != "ok"]
    return "\n\n".join([*tables, *reasons])


def recovery(study, methods, texture):
    """Rows: kinds of lesions; columns: methods."""
    by_method = {
        label: {(c["contrast"], c["diameter"]): c for c in method["contrast"] if c["textured"] == texture}
        for label, method in methods.items()
    }
    kinds = sorted({key for cells in by_method.values() for key in cells})
    if not kinds:
        return ""
    rows = []
    for key in kinds:
        cells = [found.get(key) for found in by_method.values()]
        first = next(c for c in cells if c is not None)
        rows.append([name(study, first), str(first["count"]), *(recovered_cell(c) for c in cells)])
    return markdown(["lesion", "number", *by_method], rows)


def recovered_cell(cell):
    """0.93 (0.90-0.96; 0.94 / 0.92)."""
    if cell is None:
        return ""
    signs = " / ".join("-" if cell[s] is None else f"{cell[s]:.2f}" for s in ("brighter", "darker"))
    return f"{cell['recovered']:.2f} ({cell['low']:.2f}-{cell['high']:.2f}; {signs})"


def detected(study, methods):
    """Rows: kinds of lesions and observers; columns: methods."""
    by_method = {
        label: {(r["contrast"], r["diameter"]): r for r in method["detection"] if r["textured"] is None}
        for label, method in methods.items()
    }
    kinds = sorted({key for cells in by_method.values() for key in cells})
    rows = []
    for key in kinds:
        for observer, label in OBSERVERS.items():
            cells = [found[key][observer] if key in found else None for found in by_method.values()]
            texts = ["" if c is None else f"{c['auc']:.3f} ({c['low']:.3f}-{c['high']:.3f})" for c in cells]
            first = next(found[key] for found in by_method.values() if key in found)
            rows.append([name(study, first), label, str(first[observer]["count"]), *texts])
    return markdown(["lesion", "observer", "pairs", *by_method], rows) if rows else ""


def others(methods):
    """A row for each method: TTF, noise, its texture, shift of each tissue, time."""
    rows = []
    for label, m in methods.items():
        halves = [
            ("never" if t["half"] is None else f"{t['half']:.2f}") + f" ({t['contrast']:.3g})" for t in m["transfer"]
        ]
        shifts = ", ".join(f"{s['name']} {s['shift']:+.2g}" for s in m["shift"])
        texture = f"{m['meanFrequencyBefore']:.2f} → {m['meanFrequencyAfter']:.2f}"
        noise = f"{m['noiseBefore']:.3g} → {m['noiseAfter']:.3g}"
        rows.append([label, ", ".join(halves), noise, texture, shifts, f"{m['seconds']:.0f} s"])
    head = ["method", "TTF falls to 0.5 at 1/mm (contrast)", "noise SD", "NPS, mean 1/mm", "shift", "a volume"]
    return markdown(head, rows)


def name(study, cell):
    """What a lesion is called: 20, 4 mm; or 5 % of tissue, 4 mm."""
    contrast = f"{cell['contrast']:.3g}"
    if study["relative"]:
        contrast = f"{100 * cell['contrast'] / study['tissue']:.3g} % of tissue"
    return f"±{contrast}, {cell['diameter']:g} mm"


def percent(part):
    """0.953 -> 95 %."""
    return f"{100 * part:.0f} %"


EXPLANATION = """Spheres, brighter and darker than what is around them, were inserted at places in tissue; contrast,
diameter and sign of each were drawn at random, so that no lesion has its like nearby. Each method denoised the volume
with and without them. *Contrast recovered*: height of the inserted profile that fits the difference of the two
results best, over the inserted contrast; the noise under a lesion cancels. *Detectability*: channelized Hotelling
observers (five Laguerre-Gauss channels as wide as the lesion; 16 Gabor channels) and the non-prewhitening matched
filter (NPW) see the lesion's middle slice, with the lesion and without it, each trained on other places than it is
tested on; AUC 0.5 is guessing. The two differ: a lesion of half the contrast in a tenth of the noise is found more
easily, and measured wrongly. *TTF*: of discs of 7 pixels radius, what comes out at a frequency over what went in; a
loss of contrast counts as one. Textured places are the half with more structure of their own."""

if __name__ == "__main__":
    sys.exit(main())
