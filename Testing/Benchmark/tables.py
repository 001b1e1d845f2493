"""Markdown tables from the records."""

import numpy as np

from Benchmark import Peers


def row_name(record):
    """Name of a method's row."""
    label = Peers.load(record["method"]).LABEL
    return f"{label} `{record['label']}`" if record["label"] else label


def chosen(record):
    """The figures and the parameters of the record's best variant."""
    return record["variants"][record["best"]]


def by_method(records):
    """Records grouped by (method, label), in their order; only those of one experiment."""
    groups = {}
    for record in records:
        groups.setdefault((record["method"], record["label"]), []).append(record)
    return list(groups.values())


def over_seeds(group, key):
    """(mean, SD over the seeds or None) of a figure, None where no seed has it."""
    values = [chosen(r)["figures"].get(key) for r in group if r["status"] == "ok"]
    values = [v for v in values if v is not None]
    if not values:
        return None
    return float(np.mean(values)), float(np.std(values)) if len(values) > 1 else None


def judged_by(groups):
    """The figure that ranks: tissue PSNR; on magnitude MR after the Rician mean is inverted, alike for all methods."""
    return "psnrUnbiasedTissue" if any(over_seeds(g, "psnrUnbiasedTissue") for g in groups) else "psnrTissue"


def cell(value, digits=2, scale=1.0):
    """A (mean, SD) as text."""
    if value is None:
        return "-"
    mean, sd = value
    text = f"{mean * scale:.{digits}f}"
    return text if sd is None else f"{text} ± {sd * scale:.{digits}f}"


def reference_table(records):
    """Whole-image and tissue figures; best first (`judged_by`). SD behind ±: over seeds, in brackets: over slices."""
    key = judged_by(by_method(records))
    unbiased = key == "psnrUnbiasedTissue"
    head = [
        "method",
        "PSNR dB",
        "tissue PSNR dB",
        "per slice (SD)",
        "SSIM % (SD)",
        "tissue SSIM %",
        "tissue RMSE",
    ]
    head += ["E[M] inverted: PSNR dB", "tissue PSNR dB"] if unbiased else []
    base = time_base(records)
    head += [time_head(base), "parameters"]
    ranked = sorted(by_method(records), key=lambda g: -(over_seeds(g, key) or (-1e9, 0))[0])
    rows = []
    for group in ranked:
        if not any(r["status"] == "ok" for r in group):
            rows.append([row_name(group[0]), reason(group[0])] + [""] * (len(head) - 2))
            continue
        group = [r for r in group if r["status"] == "ok"]
        mean, sd = over_seeds(group, "psnrMean"), over_seeds(group, "psnrSD")
        ssim, ssim_sd = over_seeds(group, "ssimMean"), over_seeds(group, "ssimSD")
        row = [
            row_name(group[0]),
            cell(over_seeds(group, "psnr")),
            cell(over_seeds(group, "psnrTissue")),
            f"{mean[0]:.2f} ({sd[0]:.2f})",
            f"{100 * ssim[0]:.2f} ({100 * ssim_sd[0]:.2f})",
            cell(over_seeds(group, "ssimTissueMean"), 2, 100),
            cell(over_seeds(group, "rmseTissue")),
        ]
        row += [cell(over_seeds(group, name)) for name in ("psnrUnbiased", key)] if unbiased else []
        rows.append([*row, times(group, base), parameters(group[0])])
    return markdown(head, rows)


def real_table(records):
    """Figures without a reference: noise, shift, leak, edges, texture, flicker, discs, SUV; least noise first."""
    head = [
        "method",
        "noise SD",
        "shift: median, worst",
        "leak by edge strength",
        "edge width mm",
        "mean frequency 1/mm",
    ]
    discs = any("discContrast" in chosen(r)["figures"] for r in records if r["status"] == "ok")
    suv = any("suvMaxKept" in chosen(r)["figures"] for r in records if r["status"] == "ok")
    base = time_base(records)
    head += ["flicker", *["disc contrast"] * discs, *["SUVmax / SUVpeak kept"] * suv, time_head(base), "parameters"]
    rows = []
    for group in sorted(by_method(records), key=lambda g: (over_seeds(g, "noiseAfter") or (1e9, 0))[0]):
        good = [r for r in group if r["status"] == "ok"]
        if not good:
            rows.append([row_name(group[0]), reason(group[0])] + [""] * (len(head) - 2))
            continue
        f = chosen(good[0])["figures"]
        leaks = "-" if f["leak"] is None else " ".join("-" if v is None else f"{v:.2f}" for v in f["leak"])
        rows.append(
            [
                row_name(good[0]),
                f"{f['noiseBefore']:.3g} → {f['noiseAfter']:.3g}",
                f"{f['meanShift']['median']:.2g}, {f['meanShift']['worst']:.2g}",
                leaks,
                f"{number(f['edgeWidthBefore'])} → {number(f['edgeWidthAfter'])}",
                f"{f['meanFrequencyBefore']:.3f} → {f['meanFrequencyAfter']:.3f}",
                f"{number(f['flickerBefore'], 3)} → {number(f['flickerAfter'], 3)}",
                *([f"{f['discContrast']:.2f}"] if discs else []),
                *([f"{f['suvMaxKept']:.2f} / {f['suvPeakKept']:.2f}"] if suv else []),
                times(good, base),
                parameters(good[0]),
            ]
        )
    return markdown(head, rows)


def size_table(records):
    """Times at the paper's sizes, on a GPU."""
    rows = []
    for group in by_method(records):
        good = [r for r in group if r["status"] == "ok"]
        taken = f"{np.mean([cost(r) for r in good]):.3g}" if good else reason(group[0])
        rows.append([row_name(group[0]), taken, machine(group[0]["machine"])])
    return markdown(["method", "s", "machine"], rows)


def reason(record):
    """Why a method has no numbers."""
    return f"not run: {record['reason']}" if record["status"] == "cannot run" else f"failed: {record['reason']}"


def cost(record):
    """Seconds for the whole volume: of the CPU, or of the wall where a GPU did the work."""
    return chosen(record)["seconds" if record["machine"]["gpu"] else "cpuSeconds"]


def time_base(records):
    """The group of records whose time counts as 1: NS-N2N's default, else BM4D, else any NS-N2N, else none."""
    groups = {(g[0]["method"], g[0]["label"]): g for g in by_method([r for r in records if r["status"] == "ok"])}
    others = [key for key in groups if key[0] == "nsn2n"]
    for key in (("nsn2n", "default"), ("bm4d", ""), *others[-1:]):
        if key in groups:
            return groups[key]
    return None


def time_head(base):
    """Head of the column of times."""
    return "time" if base is None else f"time, {row_name(base[0]).replace('`', '')} = 1"


def time_ratio(group, base):
    """Time of a group in units of another one's; None where they were not taken alike."""
    if base is None or len({machine(r["machine"]) for r in (*group, *base)}) > 1:
        return None
    taken = np.mean([cost(r) for r in base])
    return float(np.mean([cost(r) for r in group]) / taken) if taken > 0 else None


def times(group, base):
    """time_ratio as text, with the number of slices it was measured on if not all."""
    ratio = time_ratio(group, base)
    slices, total = chosen(group[0])["slices"], group[0]["shape"][0]
    text = "-" if ratio is None else "<0.01" if ratio < 0.01 else f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"
    return text if slices == total else f"{text} ({slices} of {total} slices)"


def parameters(record):
    """The best variant's parameters, without those that only the runner needs."""
    used = {k: v for k, v in chosen(record)["parameters"].items() if k not in ("every", "needs_gpu")}
    many = len(record["variants"])
    text = ", ".join(f"{key} {value}" for key, value in used.items())
    return text + (f" (best of {many})" if many > 1 else "")


def machine(words):
    """A machine in words."""
    threads = f"{words['threads']} thread" + "s" * (words["threads"] > 1)
    return f"{words['cores']} cores of an {words['processor']}, {words['gpu'] or 'no GPU'}, {threads} a method"


def number(value, digits=2):
    """A number or a dash."""
    return "-" if value is None else f"{value:.{digits}g}" if digits > 2 else f"{value:.{digits}f}"


def markdown(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
