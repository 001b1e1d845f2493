#!/usr/bin/env python3
"""How well the engine knows a volume's noise: noise of known SD, color and place-dependence on real anatomies.

    check_noise.py --data DIR [--only NAME] [--out FILE.md]

DIR holds the test volumes (see README.md there). Prints markdown tables: the ratio of estimate to truth per anatomy,
kind and level of noise; the estimates side by side; volumes whose noise is known from repeats or a partner; what
has none. A few minutes on one core.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

if __package__ in (None, ""):
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "NSN2NDenoise")]

from NSN2NDenoiseLib.engine.noise.level import measure_noise
from NSN2NDenoiseLib.engine.volume.normalize import find_padding, fit_normalization

from Benchmark.noise_cases import ANATOMIES, KINDS, Z_CORRELATION, add_noise, load, read_any, tissue_mean
from Benchmark.noise_rivals import RIVALS

#: Added SD, in % of the tissue's mean.
LEVELS = (0.5, 1, 2, 5, 10, 20)
#: A cell is judged when the added SD is at least so many times the anatomy's own noise.
DOMINATES = 2.0
#: The estimates are put side by side at these kinds and levels.
COMPARED = (("white", "ct", "place"), (1, 5, 20))
#: Whole volumes, the frame that is looked at, their SD as known, and from where.
KNOWN = (
    (
        "fcmri_single.nii.gz",
        None,
        "16-18; 11",
        "against the mean of 69: all tissue; the flattest (no pulsation)",
    ),
    ("odd/dti_b1000_12vol_4d.nii.gz", 3, "24 (15-41)", "PCA over the 12 volumes"),
    ("odd/epi4d_ge.nii.gz", 0, "34-70", "PCA over 10 frames; difference of two like ones (motion)"),
    ("epi_phantom_grappa_p4.nii.gz", None, "89", "flat phantom"),
    ("lowfield_0055T_fse_cor.nii.gz", None, "240", "flat blocks"),
    ("ct_lidc0314_1mm_noisy.nii.gz", None, "23", "flat blocks"),
    ("ct_headphantom_1mm_sharp.nii.gz", None, "15.5-17", "the same scan, soft kernel; flat blocks"),
    ("ct_ibsi_sts013_lownoise.nii.gz", None, "8.7", "flat blocks"),
    ("ct_lungfcp_overlap_1mm.nii.gz", None, "17", "flat blocks"),
    ("mr_studyforrest_t1_0p7mm.nii.gz", None, "3.15", "flat blocks"),
    ("pet_ibsi_sts013_suv.nii.gz", None, ".16-.18", "flat blocks"),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the volumes")
    parser.add_argument("--only", default="", help="part of an anatomy's name")
    parser.add_argument("--out", type=Path, help="markdown file to write")
    options = parser.parse_args(arguments)
    cells = []
    for anatomy in ANATOMIES:
        if options.only in anatomy.name:
            print(anatomy.name, file=sys.stderr, flush=True)
            cells += measure_cells(options.data, anatomy)
    parts = [ratios(cells), side_by_side(cells), correlations(cells)]
    if not options.only:
        parts += [known(options.data), without_noise(options.data)]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def normalized(volume):
    """(stack, excluded, image units per unit)"""
    excluded, _ = find_padding(volume)
    map_ = fit_normalization(volume, excluded)
    return map_.apply(volume), excluded, map_.scale


def measure_cells(data, anatomy):
    """One dictionary per kind and level."""
    clean = load(data / anatomy.file)
    mean = tissue_mean(clean, anatomy.air)
    tissue = ndimage.binary_erosion(clean > anatomy.air + 0.3 * mean)
    for kind in KINDS:
        for level in (0, *LEVELS) if kind == "white" else LEVELS:
            if kind == "rician" and (not anatomy.magnitude or level < 5):
                continue
            noisy, factor = add_noise(clean, level / 100 * mean, kind)
            stack, excluded, scale = normalized(noisy)
            found = measure_noise(stack, excluded)
            truth = np.broadcast_to(np.hypot(anatomy.own, level / 100 * mean * factor), clean.shape)[tissue]
            rivals = RIVALS if kind in COMPARED[0] and level in COMPARED[1] else {}
            local = found.local.slab()[tissue] * scale / truth
            typical = float(np.median(truth))
            yield {
                "anatomy": anatomy.name,
                "kind": kind,
                "level": level,
                "judged": level / 100 * mean >= DOMINATES * anatomy.own,
                "ratio": found.sd * scale / typical,
                "local": float(np.mean(np.abs(local - 1) < 0.25)),
                "none": found.none,
                "agree": found.agree,
                "sd": found.sd * scale,
                "percent": 100 * found.sd * scale / mean,
                "correlation": found.slice_correlation,
                "rivals": {n: f(stack, excluded, tissue) * scale / typical for n, f in rivals.items()},
            }


def ratios(cells):
    """Estimate / truth per anatomy, kind and level; cells that the anatomy's own noise blurs in brackets."""
    head = ["anatomy", "noise", *(f"{n} %" for n in LEVELS), "local"]
    rows = []
    for name in dict.fromkeys(c["anatomy"] for c in cells):
        mine = [c for c in cells if c["anatomy"] == name]
        zero = next(c for c in mine if c["level"] == 0)
        note = " none" if zero["none"] else ""
        rows.append([name, f"as it is: {zero['sd']:.3g} = {zero['percent']:.2g} %{note}", *[""] * (len(LEVELS) + 1)])
        for kind in KINDS:
            row = {c["level"]: c for c in mine if c["kind"] == kind}
            if not row:
                continue
            local = [c["local"] for c in row.values() if c["judged"]]
            values = [_cell(row.get(n)) for n in LEVELS]
            rows.append(["", kind, *values, f"{100 * np.mean(local):.0f} %" if local else ""])
    caption = (
        "**Estimate / truth.** In brackets: the added noise is less than twice the anatomy's own, which is known "
        "roughly. `~`: the estimates disagree, and the engine says so; `0`: taken for no noise worth removing. Local: "
        "part of the tissue where the map is within 25 %."
    )
    return caption + "\n\n" + _table(head, rows)


def side_by_side(cells):
    """All estimates, over the judged cells."""
    judged = [c for c in cells if c["judged"] and c["rivals"]]
    rows = []
    for name in ("this", *RIVALS):
        values = np.array([c["ratio"] if name == "this" else c["rivals"][name] for c in judged])
        within = np.abs(values - 1) <= 0.15
        white = np.array([c["kind"] in ("white", "rician") for c in judged])
        rows.append([
            name, f"{100 * within[white].mean():.0f} %", f"{100 * within[~white].mean():.0f} %",
            f"{np.nanmin(values):.2f}", f"{np.nanmedian(values):.2f}", f"{np.nanmax(values):.2f}",
        ])  # fmt: skip
    caption = f"**Estimates side by side**, {len(judged)} cells whose truth is known."
    head = ["estimate", "within 15 %: white", "colored, place-dependent", "lowest ratio", "median", "highest"]
    return caption + "\n\n" + _table(head, rows)


def correlations(cells):
    """Largest error of the correlation between slices."""
    rows = []
    for kind in KINDS:
        chosen = [c for c in cells if c["kind"] == kind and c["judged"] and c["level"] > 0]
        if not chosen:
            continue
        truth = np.array([Z_CORRELATION if kind == "z" else 0.0, 0.0, 0.0])
        found = np.array([c["correlation"] for c in chosen])
        rows.append([kind, *(f"{t:.2f}: {np.median(f):.2f} ({f.min():.2f} to {f.max():.2f})"
                             for t, f in zip(truth, found.T, strict=True))])  # fmt: skip
    return "**Correlation between slices**, truth: median (range).\n\n" + _table(
        ["noise", "lag 1", "lag 2", "lag 3"], rows
    )


def known(data):
    """Volumes whose noise is known otherwise."""
    rows = []
    for file, frame, truth, source in KNOWN:
        volume = read_any(data / file)
        volume = volume[frame] if isinstance(frame, int) else volume
        stack, excluded, scale = normalized(volume)
        found = measure_noise(stack, excluded)
        before = RIVALS["flat blocks (until now)"](stack, excluded, None) * scale
        note = "" if found.agree else " ~"
        local = np.percentile(found.local.values * scale, (5, 95))
        rho = " ".join(f"{c:.2f}" for c in found.slice_correlation)
        rows.append([file, truth, f"{found.sd * scale:.3g}{note}", f"{local[0]:.3g} to {local[1]:.3g}",
                     f"{before:.3g}", rho, source])  # fmt: skip
    head = ["volume", "SD known", "estimate", "map", "until now", "between slices", "from"]
    return "**Own noise**, image units.\n\n" + _table(head, rows)


def without_noise(data):
    """Volumes without noise worth removing."""
    t1, ct, epi = (load(data / ANATOMIES[n].file) for n in (1, 2, 4))
    cases = {
        "T1, mean of 27 scans": t1,
        "the same, smoothed (SD 1)": ndimage.gaussian_filter(t1, 1.0),
        "the same, smoothed (SD .7), whole numbers": np.round(ndimage.gaussian_filter(t1, 0.7)),
        "head phantom, soft kernel": load(data / ANATOMIES[3].file),
        "thigh CT, smoothed (SD 1.5)": ndimage.gaussian_filter(ct, 1.5),
        "EPI, mean of 69": epi,
        "EPI, mean of 69, smoothed (SD 1)": ndimage.gaussian_filter(epi, 1.0),
    }
    rows = []
    for name, volume in cases.items():
        stack, excluded, scale = normalized(volume)
        found = measure_noise(stack, excluded)
        rows.append([name, f"{found.sd * scale:.3g}", f"{100 * found.sd / found.level:.2f} %", str(found.none)])
    return "**Hardly any noise.**\n\n" + _table(["volume", "estimate", "of the tissue", "none"], rows)


def _cell(cell):
    if cell is None:
        return ""
    text = f"{cell['ratio']:.2f}" + ("" if cell["agree"] else "~") + ("0" * cell["none"] and " 0")
    return text if cell["judged"] else f"({text})"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


if __name__ == "__main__":
    main()
