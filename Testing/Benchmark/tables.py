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


def cell(value, digits=2, scale=1.0):
    """A (mean, SD) as text."""
    if value is None:
        return "-"
    mean, sd = value
    text = f"{mean * scale:.{digits}f}"
    return text if sd is None else f"{text} ± {sd * scale:.{digits}f}"


def reference_table(records):
    """Whole-image and tissue figures; best tissue PSNR first. SD behind ±: over seeds, in brackets: over slices."""
    unbiased = any(over_seeds(g, "psnrUnbiased") for g in by_method(records))
    head = [
        "method",
        "PSNR dB",
        "tissue PSNR dB",
        "per slice (SD)",
        "SSIM % (SD)",
        "tissue SSIM %",
        "RMSE",
        "tissue RMSE",
    ]
    head += ["PSNR dB, E[M] inverted"] if unbiased else []
    head += ["s", "parameters"]
    ranked = sorted(by_method(records), key=lambda g: -(over_seeds(g, "psnrTissue") or (-1e9, 0))[0])
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
            cell(over_seeds(group, "rmse")),
            cell(over_seeds(group, "rmseTissue")),
        ]
        row += [cell(over_seeds(group, "psnrUnbiased"))] if unbiased else []
        rows.append([*row, seconds(group), parameters(group[0])])
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
    head += ["flicker", "disc contrast", "SUVmax / SUVpeak kept", "s", "parameters"]
    rows = []
    for group in sorted(by_method(records), key=lambda g: (over_seeds(g, "noiseAfter") or (1e9, 0))[0]):
        good = [r for r in group if r["status"] == "ok"]
        if not good:
            rows.append([row_name(group[0]), reason(group[0])] + [""] * (len(head) - 2))
            continue
        f = chosen(good[0])["figures"]
        leaks = "-" if f["leak"] is None else " ".join("-" if v is None else f"{v:.2f}" for v in f["leak"])
        disc, suv = f.get("discContrast"), f.get("suvMaxKept")
        rows.append(
            [
                row_name(good[0]),
                f"{f['noiseBefore']:.3g} → {f['noiseAfter']:.3g}",
                f"{f['meanShift']['median']:.2g}, {f['meanShift']['worst']:.2g}",
                leaks,
                f"{number(f['edgeWidthBefore'])} → {number(f['edgeWidthAfter'])}",
                f"{f['meanFrequencyBefore']:.3f} → {f['meanFrequencyAfter']:.3f}",
                f"{number(f['flickerBefore'], 3)} → {number(f['flickerAfter'], 3)}",
                "-" if disc is None else f"{disc:.2f}",
                "-" if suv is None else f"{suv:.2f} / {f['suvPeakKept']:.2f}",
                seconds(good),
                parameters(good[0]),
            ]
        )
    return markdown(head, rows)


def size_table(records):
    """Times at the paper's sizes."""
    rows = []
    for group in by_method(records):
        good = [r for r in group if r["status"] == "ok"]
        rows.append([row_name(group[0]), seconds(good) if good else reason(group[0]), machine(group[0]["machine"])])
    return markdown(["method", "s", "machine"], rows)


def reason(record):
    """Why a method has no numbers."""
    return f"not run: {record['reason']}" if record["status"] == "cannot run" else f"failed: {record['reason']}"


def seconds(group):
    """Mean time for the whole volume; marked where fewer slices were denoised and the time is scaled up."""
    taken = np.mean([chosen(r)["seconds"] for r in group])
    slices, total = chosen(group[0])["slices"], group[0]["shape"][0]
    text = f"{taken:.3g}" if taken < 1000 else f"{taken:.0f}"
    text += "" if slices == total else f" (from {slices} of {total} slices)"
    return text + (" GPU" if group[0]["machine"]["gpu"] else "")


def parameters(record):
    """The best variant's parameters, without those that only the runner needs."""
    used = {k: v for k, v in chosen(record)["parameters"].items() if k not in ("every", "needs_gpu")}
    many = len(record["variants"])
    text = ", ".join(f"{key} {value}" for key, value in used.items())
    return text + (f" (best of {many})" if many > 1 else "")


def machine(words):
    """A machine in words."""
    return f"{words['processor']}, {words['cores']} cores, {words['threads']} threads" + (
        f", {words['gpu']}" if words["gpu"] else ""
    )


def number(value, digits=2):
    """A number or a dash."""
    return "-" if value is None else f"{value:.{digits}g}" if digits > 2 else f"{value:.{digits}f}"


def markdown(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
