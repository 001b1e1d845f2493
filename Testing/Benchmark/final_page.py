#!/usr/bin/env python3
"""Results-final.md from the records of the final plan: python Testing/Benchmark/final_page.py --final|--rehearsal

It opens no volume. The rehearsal's page lands in Runs: its volumes are for development, so its figures prove nothing.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import Peers, ledger, paired, plots, tables
from Benchmark.final_rows import default_of, draw_of, over, rows_of, score, verdicts
from Benchmark.make_page import collect, slim
from Benchmark.plan_final import case_of
from Benchmark.plans import PLANS
from Benchmark.run import RUNS

HERE = Path(__file__).resolve().parent
RUN_BY = {"own": "us, blind", "user": "a user, blind", "truth": "**the truth helped**", "": "-"}
HELPED = "with the truth's help"
#: Cases with a picture.
SHOWN = ("mr-7", "ct-low")
ABOUT = f"""\
Each volume is one scan: a lead here is a lead on that scan, and a paired t test over draws of the noise says only that
it is not the draw's doing. A lead with p of {paired.LEVEL} or more is called a tie; p is not corrected for the number
of comparisons. ± is the SD over the draws.

*Run by*: "a user" means without the truth, with settings that the method's documentation suggests; **the truth helped**
means that the row was told the true noise, and that its settings are the best of a sweep by tissue PSNR, chosen on draw
0 and kept for the others. BM4D: SD or spectrum (scaled to the SD in tissue), times 0.8 to 2; on magnitude MR between a
variance stabilization and its inverse; where the noise varies, divided by its true SD before. Results count as they
come out; where the truth helped and a method leaves the Rician bias, it is taken away with the true SD. NS-N2N is never
swept and told nothing; it takes that bias away itself where it finds one (stage `unbias`).

`fast` trains no network, and `default` none where the noise is white: their voxels depend on no seed, so they run once
a draw. Where a network is trained, draw n has seed n; the cases that say so have three seeds on draw 0.

PSNR and SSIM have one data range per volume, nothing is clipped or rescaled. "Tissue": above 15 % of the bright end
(MR), -150 to 200 HU (CT). Seconds are of the shown setting, without its sweep, one thread; two methods ran at a time
(above), so CPU seconds tell more than wall seconds. Memory is what the method took beside what the process held
before."""


def main(arguments=None):
    options = parse(arguments)
    planned = PLANS[options.plan]()
    page = HERE / "Results-final.md" if options.plan == "final" else RUNS / options.plan / "Results-rehearsal.md"
    figures = HERE / "Results" / "final" if options.plan == "final" else page.parent / "figures"
    records = [{**r, "experiment": e.name} for e in planned for r in collect(e, options.plan)]
    if not records:
        raise SystemExit(f"there are no results yet: run python Testing/Benchmark/run.py --{options.plan} first")
    figures.mkdir(parents=True, exist_ok=True)
    with_truth = [e for e in planned if e.kind != "real"]
    cases = {case: rows_of(case, records) for case in dict.fromkeys(case_of(e.name) for e in with_truth)}
    titles = {case_of(e.name): e.title for e in planned}
    bases = {case_of(e.name): e.base for e in planned}
    parts = [f"# Benchmark results, {options.plan} run"]
    if options.plan == "rehearsal":
        parts.append("*A rehearsal on development volumes. These figures are no evidence.*")
    found = {case: verdicts(rows) for case, rows in cases.items() if default_of(rows) is not None}
    parts += [opening(found, titles), summary(found, titles), provenance(records, options.plan), ABOUT]
    for case, rows in cases.items():
        if rows:
            parts.append(section(case, titles[case], bases[case], rows, figures, page.parent))
    for experiment in planned:
        group = [r for r in records if r["experiment"] == experiment.name]
        if experiment.kind == "real" and group:
            parts.append(real_section(experiment, group))
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    lines = ",\n".join(json.dumps({"experiment": r["experiment"], **slim(r)}) for r in records)
    (figures / "records.json").write_text("[" + lines + "]\n")
    print(f"wrote {page}")
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plan = parser.add_mutually_exclusive_group(required=True)
    plan.add_argument("--final", dest="plan", action="store_const", const="final")
    plan.add_argument("--rehearsal", dest="plan", action="store_const", const="rehearsal")
    return parser.parse_args(arguments)


def opening(found, titles):
    """Where the default is behind comes first, then ties, then leads: over rivals as users run them, and at best."""
    if not found:
        return "**There is no result of NS-N2N's default yet.**"
    said = {"behind": [], "tie": [], "ahead": []}
    for case, (_, user, user_lead, best, best_lead) in found.items():
        for row, gap, kind in ((user, user_lead, "as a user runs it"), (best, best_lead, HELPED)):
            if row is not None and not (kind == HELPED and row is user):
                text = f"{titles[case]}: {row.name.replace('`', '')}, {kind} ({signed(gap)})"
                said[gap.verdict].append(text)
            elif row is not None:
                said[gap.verdict].append(
                    f"{titles[case]}: no rival is better with the truth's help, {row.name} is next"
                )
    words = {
        "behind": "**Where NS-N2N's default, blind, is behind the best rival:**",
        "tie": "**Ties:**",
        "ahead": "**Where it is ahead:**",
    }
    return "\n\n".join(f"{words[key]} {'; '.join(said[key]) or 'nowhere'}." for key in ("behind", "tie", "ahead"))


def summary(found, titles):
    """A line for each case with both leads."""
    rows = []
    for case, (own, user, user_lead, best, best_lead) in found.items():
        cells = [titles[case], spread(own)]
        for row, gap in ((user, user_lead), (best, best_lead)):
            cells += ["-", "-"] if row is None else [f"{row.name}: {spread(row)}", verdict(gap)]
        rows.append(cells)
    head = [
        "tissue PSNR, dB",
        "`default`, blind",
        "best rival as a user runs it",
        "lead",
        "best rival, truth or not",
        "lead",
    ]
    return tables.markdown(head, rows)


def signed(gap):
    """+0.31 ± 0.02 dB, p 0.001, 3 draws."""
    text = f"{gap.mean:+.2f}" + ("" if gap.sd is None else f" ± {gap.sd:.2f}") + " dB"
    return text + (", one draw" if gap.p is None else f", p {gap.p:.2g}, {gap.draws} draws")


def verdict(gap):
    """The lead with its test, in bold where it is behind."""
    text = f"{gap.verdict}: {signed(gap)}"
    return f"**{text}**" if gap.verdict == "behind" else text


def spread(row):
    """Mean ± SD over the draws."""
    values = list(row.scores.values())
    return f"{np.mean(values):.2f}" + (f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else "")


def provenance(records, plan):
    """How often and with what the plan was run."""
    lines = []
    if plan == "final":
        entries = ledger.read()
        many = f"{len(entries)} time{'s' * (len(entries) != 1)}"
        lines.append(f"The final plan was started {many} ([list](Results/final/runs.json)):")
        for entry in entries:
            ended = "interrupted" if entry["made"] is None else f"{entry['made']} made, {entry['failed']} failed"
            wall = "" if entry["made"] is None else f", {entry['wallSeconds'] / 60:.0f} minutes"
            lines.append(
                f"  {entry['date']}, commit {entry['commit']}, {entry['toMake']} results to make: {ended}{wall}, "
                f"{entry['jobs']} at once"
            )
    machines = made_on(records)
    versions = dict(sorted({k: v for r in records for k, v in r["versions"].items()}.items()))
    lines += [
        f"Machine: {'; '.join(machines)}",
        *(["Seconds of rows made on different machines can't be compared."] if len(machines) > 1 else []),
        f"Commit of the results: {', '.join(sorted({r['commit'] for r in records}))} (+: with local changes)",
        f"CPU time of all results: {sum(cpu(r) for r in records) / 60:.0f} minutes, sweeps included",
        f"Versions: {', '.join(f'{k} {v}' for k, v in versions.items())}",
    ]
    stale = sum(r["stale"] for r in records)
    if stale:
        lines.append(f"{stale} of {len(records)} results were made by older source files")
    return "\n".join(line if line.startswith("  ") else f"- {line}" for line in lines).replace("\n  ", "\n  - ")


def made_on(records):
    """The machines of the records, each with its methods if there are several."""
    methods = {}
    for record in records:
        methods.setdefault(tables.machine(record["machine"]), set()).add(Peers.load(record["method"]).LABEL)
    if len(methods) == 1:
        return list(methods)
    return sorted(f"{machine}: {', '.join(sorted(of_it))}" for machine, of_it in methods.items())


def cpu(record):
    """CPU seconds of a record with all its variants."""
    return sum(v["cpuSeconds"] for v in record["variants"]) if record["status"] == "ok" else 0.0


def section(case, title, base, rows, figures, folder):
    """The table of one case and, for some, a picture."""
    own = default_of(rows)
    head = ["method", "run by", "tissue PSNR dB", "lead of `default`", "PSNR dB", "tissue SSIM %"]
    head += ["wall s", "CPU s", "memory MB", "settings"]
    noisy = next((r for r in rows if r.first["method"] == "noisy"), None)
    body = [line(row, own, noisy, len(head)) for row in rows]
    first = next((r for row in rows for r in row.records if r["status"] == "ok"), rows[0].first)
    shape = " x ".join(map(str, first["shape"]))
    text = f"Volume `{base}`, {shape} voxels (slices x rows x columns). Noise (draw 0): {first['noise']}."
    parts = [f"## {title}", text, tables.markdown(head, body)]
    seeds = seed_spread(rows)
    if seeds:
        parts.append(seeds)
    shown = picture(case, rows, figures) if case in SHOWN else None
    if shown is not None:
        parts.append(f"![middle slices and error maps]({shown.relative_to(folder).as_posix()})")
    return "\n\n".join(parts)


def line(row, own, noisy, width):
    """One row of a case's table."""
    if not row.scores:
        return [row.name, RUN_BY[row.first["series"]], tables.reason(row.first)] + [""] * (width - 3)
    good = [r for r in row.records if r["status"] == "ok"]
    gap = "-" if own is None or row is own or row.first["series"] == "own" else verdict(over(own, row))
    if own is not None and row.first["series"] == "own" and row is not own:
        gap = f"({signed(over(own, row))})"
    memory = [tables.chosen(r)["memory"] for r in good if tables.chosen(r).get("memory") is not None]
    return [
        row.name,
        RUN_BY[row.first["series"]],
        spread(row),
        gap,
        f"{tables.over_seeds(good, 'psnr')[0]:.2f}",
        f"{100 * tables.over_seeds(good, 'ssimTissueMean')[0]:.2f}",
        f"{np.mean([tables.chosen(r)['seconds'] for r in good]):.1f}",
        f"{np.mean([tables.chosen(r)['cpuSeconds'] for r in good]):.1f}",
        f"{max(memory):.0f}" if memory else "-",
        settings(row, noisy),
    ]


def settings(row, noisy):
    """Parameters, how many were tried, stages of NS-N2N, and why a method fails where it ends below the input."""
    record = next(r for r in row.records if r["status"] == "ok")
    report = tables.chosen(record).get("report")
    if row.first["series"] == "own" and report:
        text = "stages " + ", ".join(report["stages"])
    else:
        text = tables.parameters(record)
    needs = getattr(Peers.load(record["method"]), "NEEDS", None)
    if needs and noisy is not None and noisy.scores and row.mean < noisy.mean:
        text += f"; **fails**, below its input: it needs {needs}"
    return text


def seed_spread(rows):
    """SD over the seeds of draw 0, where a row has several; None without any."""
    found = []
    for row in rows:
        values = [score(r) for r in row.records if r["status"] == "ok" and draw_of(r) == 0]
        if len(values) > 1:
            found.append(f"{row.name} {np.std(values, ddof=1):.3f} dB ({len(values)} seeds)")
    return "SD over the seeds of the training, draw 0: " + "; ".join(found) + "." if found else None


def picture(case, rows, figures):
    """Input, default, nsn2n, the best of a user and the best of all, with their errors; None without their slices."""
    good = {id(row): next((r for r in row.records if r["status"] == "ok" and draw_of(r) == 0), None) for row in rows}
    noisy = next((good[id(r)] for r in rows if r.first["method"] == "noisy"), None)
    if noisy is None or default_of(rows) is None or not Path(noisy["picture"]).exists():
        return None
    own, user, _, best, _ = verdicts(rows)
    method = next((r for r in rows if (r.first["method"], r.first["label"]) == ("nsn2n", "nsn2n")), None)
    wanted = [next(r for r in rows if r.first["method"] == "noisy"), own, user, best, method]
    wanted = list({id(row): row for row in wanted if row is not None}.values())
    shown = [record for row in wanted if (record := good[id(row)]) is not None]
    shown = [record for record in shown if Path(record["picture"]).exists()]  # a restored one has none
    with np.load(noisy["picture"]) as stored:
        if "reference" not in stored:
            return None
        reference = stored["reference"]
    images = [np.load(r["picture"])["slice"] for r in shown]
    data_range = tables.chosen(noisy)["figures"]["dataRange"]
    window = (-160.0, 240.0) if case.startswith("ct") else (0.0, 0.9 * data_range)
    path = figures / f"{case}-errors.jpg"
    plots.error_maps(path, shown, images, reference, data_range, window)
    return path


def real_section(experiment, group):
    """The volume with its own noise: what can be measured without a truth."""
    text = f"Volume `{experiment.base}`. Noise: {group[0]['noise']}. One draw, the scanner's: nothing is tested here."
    return f"## {experiment.title}\n\n{text} `leak` is 1 where only noise went.\n\n{tables.real_table(group)}"


if __name__ == "__main__":
    sys.exit(main())
