#!/usr/bin/env python3
"""Write the results page of what is in Runs: make_page.py --quick|--table|--full|--design|--ablation

Makes Results-PLAN.md, its figures in Results/, and beside them all records in one JSON file.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import Peers, plots, records, tables
from Benchmark.cases import build
from Benchmark.configuration import seeds_of
from Benchmark.data import VARIABLE, data_folders
from Benchmark.judge import LEAK_LIMIT
from Benchmark.opening import opening
from Benchmark.plan_ablation import DIFFERS
from Benchmark.run import RUNS, experiments

HERE = Path(__file__).resolve().parent
#: What a variant holds besides its figures.
COSTS = ("parameters", "seconds", "cpuSeconds", "slices", "memory")
CURVES = {"threshold": ("threshold th of Eq. 3, normalized", True), "convergence": ("training steps", True)}
SHORT = """*This is the quick run: small crops, one seed, and short trainings for the learned peers. It shows that \
everything works; judge by the table run (`run.py --table`).*"""
DESIGN = "Each choice behind the default preset undone alone; [Design.md](Design.md) says what is made of it."
ABOUT = f"""\
PSNR and SSIM have one data range per volume (stated at each table), nothing is clipped or rescaled between noisy, \
clean and denoised. "Tissue" is the clean image above 15 % of its maximum (MR) or within -150...200 HU (CT). ± is the \
SD over the seeds, in brackets over the slices. On magnitude MR the \
methods are ranked after the Rician mean is inverted, alike for all (NS-N2N's own correction is off here). Where a \
method's parameters were swept, the best tissue PSNR is shown: \
a choice only the truth allows, in the rivals' favor. BM3D and BM4D are given the true noise SD or spectrum, and a \
variance stabilization on magnitude MR. Noise2Noise and Noise2Clean were trained on another volume or other slices.

On real volumes the best of a sweep is the one with the least noise among those whose leak stays up to {LEAK_LIMIT} \
in every band. *Leak* is the RMS of the removed noise per band of the output's edge strength (percentiles 0-50, \
50-80, 80-90, 90-95, 95-99, 99-100) relative to the flattest half: 1 where only noise went.

Times are ratios of CPU time (of the best variant alone; the same number of threads for all), scaled to the whole \
volume where only some slices were denoised. Other work on the machine can shift them by a third."""


def main(arguments=None):
    options = parse(arguments)
    folders = data_folders(options.data)
    left_out = []
    planned = list(experiments(options.plan, folders, left_out.append))
    found = {e.name: collect(e, options.plan) for e in planned}
    figures = HERE / "Results" / options.plan
    parts = [section(e, found[e.name], folders, figures) for e in planned if found[e.name]]
    everything = [r for group in found.values() for r in group]
    if not everything:
        raise SystemExit(f"there are no results yet: run python Testing/Benchmark/run.py --{options.plan} first")
    page = HERE / f"Results-{options.plan}.md"
    heading = f"# Benchmark results, {options.plan} run"
    first = {"design": DESIGN, "ablation": DIFFERS}.get(options.plan) or opening(planned, found)
    text = [heading, first, provenance(everything, options.plan), ABOUT]
    if options.plan == "quick":
        text.insert(2, SHORT)
    if left_out:
        text.append("Left out for want of data:\n" + "\n".join(f"- {line}" for line in left_out))
    page.write_text("\n\n".join([*text, *parts, methods(everything)]) + "\n", encoding="utf-8")
    figures.mkdir(parents=True, exist_ok=True)
    (figures / "records.json").write_text("[" + ",\n".join(json.dumps(slim(r)) for r in everything) + "]\n")
    print(f"wrote {page}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plan = parser.add_mutually_exclusive_group(required=True)
    plan.add_argument("--quick", dest="plan", action="store_const", const="quick")
    plan.add_argument("--table", dest="plan", action="store_const", const="table")
    plan.add_argument("--full", dest="plan", action="store_const", const="full")
    plan.add_argument("--design", dest="plan", action="store_const", const="design")
    plan.add_argument("--ablation", dest="plan", action="store_const", const="ablation")
    parser.add_argument("--data", type=Path, help=f"folder with the volumes (default: ${VARIABLE})")
    return parser.parse_args(arguments)


def collect(experiment, plan):
    """The experiment's records that were made from its present configuration; each told its series and x."""
    found = []
    for run in experiment.methods:
        module = Peers.load(run.method)
        for seed in seeds_of(experiment, run, module.RANDOM):
            record = records.read(records.path_of(RUNS / plan, experiment, run, seed))
            if record and records.is_of(record, records.configuration_of(experiment, run, seed)):
                stale = record["status"] == "ok" and record["code"] != records.code_of(module)
                picture = records.path_of(RUNS / plan, experiment, run, seed).with_suffix(".npz")
                found.append({**record, "series": run.series, "x": run.x, "stale": stale, "picture": str(picture)})
    return found


def slim(record):
    """The record without reports, spectra and what the configuration tells; only the best variant has all figures."""
    slimmed = {k: v for k, v in record.items() if k not in ("picture", "stale", "series", "x", "title", "experiment")}
    if record["status"] == "ok":
        best = tables.chosen(record)["figures"]
        slimmed["figures"] = {k: rounded(v) for k, v in best.items() if k == "leak" or not isinstance(v, list)}
        slimmed["variants"] = [brief(variant) for variant in record["variants"]]
    return slimmed


def brief(variant):
    """Parameters, times and the figures that a variant is chosen by."""
    chosen_by = {k: rounded(variant["figures"].get(k)) for k in ("psnr", "psnrTissue", "noiseAfter", "leak")}
    kept = {k: rounded(variant[k]) for k in COSTS if variant.get(k) is not None}
    return {**kept, **{k: v for k, v in chosen_by.items() if v is not None}}


def rounded(value):
    """Floats to 6 significant digits, also in lists and dicts."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def provenance(everything, plan):
    """Machine, commit and command of the records."""
    machines = sorted({tables.machine(r["machine"]) for r in everything})
    seeds = sorted({r["seed"] for r in everything})
    commits = sorted({r["commit"] for r in everything})
    stale = sum(r["stale"] for r in everything)
    lines = [
        f"Machine: {'; '.join(machines)}" + (" (more than one: don't compare times)" if len(machines) > 1 else ""),
        f"Commit: {', '.join(commits)} (+: with local changes)",
        f"Seeds of random trainings: {', '.join(map(str, seeds))}; the noise is drawn once",
        f"Command: `python Testing/Benchmark/run.py --{plan} --data DIR`, in one sitting or several",
        f"{len(everything)} results; each with its command, commit, seed, parameters, versions and date in "
        f"[records.json](Results/{plan}/records.json)",
    ]
    if stale:
        lines.append(f"{stale} results were made by older source files (`run.py --refresh` redoes them)")
    return "\n".join(f"- {line}" for line in lines)


def section(experiment, group, folders, figures):
    """Heading, noise, table and figures of one experiment."""
    usable = [r for r in group if r["status"] == "ok"]
    lines = [f"## {experiment.title}", f"Volume `{experiment.base}`, {shape(group[0])}. Noise: {group[0]['noise']}."]
    if experiment.kind == "size":
        return "\n\n".join([*lines, tables.size_table(group)])
    if experiment.kind == "real":
        lines.append(tables.real_table(group))
        if len(usable) > 1:
            plots.spectra(figures / f"{experiment.name}-nps.png", usable)
            lines.append(picture(figures, f"{experiment.name}-nps.png", "noise power spectra"))
        return "\n\n".join(lines)
    case = build(experiment, folders, RUNS / "cache")
    lines[1] += f" Data range {case.data_range:g}."
    if case.ceiling is not None:
        from Benchmark.metrics_reference import psnr

        whole, tissue = (psnr(case.reference, case.ceiling, case.data_range, m) for m in (None, case.mask))
        lines[1] += f" Ceiling of every method with noisy targets, E[M]: {whole:.2f} dB, in tissue {tissue:.2f} dB."
    lines.append(tables.reference_table(group))
    first = experiment.name.split("-")[0]
    if first in CURVES:
        plots.curves(figures / f"{experiment.name}.png", usable, *CURVES[first])
        lines.append(picture(figures, f"{experiment.name}.png", experiment.title))
    elif usable and first not in ("ablation", "design"):
        maps(figures / f"{experiment.name}-errors.jpg", usable, case)
        lines.append(picture(figures, f"{experiment.name}-errors.jpg", "slices and error maps, one window"))
        if len(usable) > 2 and plots.time_against_psnr(figures / f"{experiment.name}-time.png", usable):
            lines.append(picture(figures, f"{experiment.name}-time.png", "processing time against PSNR"))
    return "\n\n".join(lines)


def maps(path, usable, case):
    """Error maps of the first seed of each method; methods that denoised other slices only are left out."""
    middle = len(case.noisy) // 2
    shown, images = [], []
    for group in tables.by_method(usable):
        slices = tables.chosen(group[0])["slices"]
        every = group[0]["configuration"]["run"]["parameters"].get("every", 1)
        if slices == len(case.noisy) or middle % every == 0:
            shown.append(group[0])
            images.append(np.load(group[0]["picture"])["slice"])
    window = (-160.0, 240.0) if case.ceiling is None else (0.0, 0.9 * case.data_range)
    plots.error_maps(path, shown, images, case.reference[middle], case.data_range, window)


def picture(figures, name, text):
    """Markdown of a figure, relative to the page."""
    return f"![{text}]({(figures / name).relative_to(HERE).as_posix()})"


def shape(record):
    return " x ".join(str(n) for n in record["shape"]) + " voxels (slices x rows x columns)"


def methods(everything):
    """Source and license of every method."""
    rows = []
    for key in dict.fromkeys(r["method"] for r in everything):
        module = Peers.load(key)
        rows.append([module.LABEL, module.SOURCE, module.LICENSE])
    return "## Methods\n\n" + tables.markdown(["method", "source", "license"], rows)


if __name__ == "__main__":
    main()
