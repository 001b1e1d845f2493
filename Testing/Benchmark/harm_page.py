"""The page of `check_harm`: tables of gains, the predicted against the true gain, pictures of the worst cells.

python Testing/Benchmark/harm_page.py CELLS.json... [--before OLD.json] --out Harm.md
"""

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.check_harm import HARM, LEVELS, NOISE, picture_name

#: A result whose error exceeds this part (percent) of the tissue's mean is harm to a volume without noise.
HARM_WITHOUT = 0.1
WORST = 3
#: A gain that is so much smaller than before (dB) is named.
LESS = 0.1
INTRO = """# Does denoising ever harm?

Made by `check_harm.py` and `harm_page.py` on crops of 24 x 112 x 112 of all development anatomies, one noise draw a
cell. Anatomies with noise of their own were cleaned of it first by non-local means, so that there is a truth; where
the own noise is weak it was left in, and cells with less than three times as much added noise stand in brackets: they
can't be judged. `=`: the volume was left as it was. (!): the alarm that what was removed looks like anatomy. Bold:
harm. `default` is `fast` where the noise is white, and has a network besides where it is colored.
"""
BEFORE = (
    "The version before this judging (commit a0ab08e, preset `default`: a network for every volume) and this one, on "
    "the same crops and white noise; before / now, dB in tissue."
)
NOTES = {
    "default": (
        "With white noise it is `fast`, whose table stands above. With colored noise it trains a network besides, and "
        "leaves it out where it promises less than 0.25 dB more than the filters.\n"
    ),
    "nsn2n": "Two levels of white noise, with 100 training steps instead of 300 (`--steps 100`).\n",
    "fast": "In the T2 at 0 % the engine finds 0.6 % of noise, which cleaning may have left, and takes it away.\n",
}
TITLES = {
    "own": "White noise (Rician in MR)",
    "colored": "Colored noise (as filtered back projection's in CT, low-passed in MR)",
}


def main():
    """Write the page and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=Path, nargs="+", help="of one or several presets, pictures beside them")
    parser.add_argument("--before", type=Path, help="cells of another version, to compare gains with")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cells, before = (load(paths) for paths in (options.cells, [options.before] if options.before else []))
    parts = [INTRO]
    for preset in dict.fromkeys(c["preset"] for c in cells):
        mine = [c for c in cells if c["preset"] == preset]
        parts += [
            f"## Preset `{preset}`\n",
            NOTES.get(preset, ""),
            *tables(mine),
            summary(mine),
            figures(mine, options),
        ]
    options.out.write_text("\n".join([*parts, comparison(cells, before, options)]), encoding="utf-8")


def load(paths: list[Path]) -> list[dict]:
    """The cells of files, each with the path of its picture, which may be missing."""
    cells = [(path, cell) for path in paths for cell in json.loads(path.read_text(encoding="utf-8"))]
    return [cell | {"picture": path.with_name(picture_name(cell))} for path, cell in cells]


def tables(cells: list[dict]) -> list[str]:
    """One table of Markdown for each kind of noise."""
    found = []
    for noise in NOISE:
        rows = [c for c in cells if c["noise"] == noise]
        levels = [level for level in LEVELS if any(c["level"] == level for c in rows)]
        if not rows:
            continue
        lines = [
            f"{TITLES[noise]}: gain in tissue (dB), median error's in brackets; true SD -> estimate; predicted gain.",
            "",
            "| anatomy | " + " | ".join(f"{level:g} %" for level in levels) + " |",
            "|---|" + "---|" * len(levels),
        ]
        for name in dict.fromkeys(c["anatomy"] for c in rows):
            by_level = {c["level"]: in_words(c) for c in rows if c["anatomy"] == name}
            lines.append(f"| {name} | " + " | ".join(by_level.get(level, "") for level in levels) + " |")
        found.append("\n".join(lines) + "\n")
    found += [f"{c['anatomy']}: {in_words(c)}\n" for c in cells if c["noise"] == "repeats"]
    return found


def in_words(cell: dict) -> str:
    """One cell; `=`: left as it was."""
    estimate = "refused" if cell["estimate"] is None else f"{cell['estimate']:.3g}"
    sds = f"{cell['true']:.3g} -> {estimate}"
    if cell["left"]:
        return f"= ({sds})"
    if not cell["judged"]:
        return f"({sds}; {cell['predicted']:+.1f})"
    if cell["gain"] is None:
        return f"changed by {cell['error']:.2g} % ({sds})"
    mark = "**" if cell["gain"] < HARM else ""
    warned = " (!)" if cell["warned"] else ""
    return f"{mark}{cell['gain']:+.2f}{mark} ({cell['median_gain']:+.2f}); {sds}; {cell['predicted']:+.1f}{warned}"


def is_harm(cell: dict) -> bool:
    """Whether a cell lost."""
    if cell["left"] or not cell["judged"]:
        return False
    return cell["error"] > HARM_WITHOUT if cell["gain"] is None else cell["gain"] < HARM


def summary(cells: list[dict]) -> str:
    """Cells that lost, warnings, prediction, cost."""
    harmed = [c for c in cells if is_harm(c)]
    cells = [c for c in cells if c["judged"]]
    known = [c for c in cells if c["gain"] is not None and c["predicted"] is not None and not c["left"]]
    run = [c for c in cells if c["seconds"]]
    share = sum(c["judging"] for c in run) / sum(c["seconds"] for c in run)
    return (
        f"{len(harmed)} of {len(cells)} cells lost more than {-HARM:g} dB (without noise: {HARM_WITHOUT:g} % of "
        f"the tissue's mean); {sum(c['warned'] for c in harmed)} of these were warned of, and "
        f"{sum(c['warned'] for c in cells if not is_harm(c))} others. Predicted minus true gain: "
        f"{calibration(known, 'predicted', 'uncertainty')}.{before_the_run(known)} The judging took "
        f"{100 * share:.0f} % of the time of these small crops, of which its samples are a large part.\n"
    )


def before_the_run(known: list[dict]) -> str:
    """How well `nsn2n inspect` tells the gain, in words; nothing where it can't: with a network, or in older cells."""
    known = [c for c in known if c.get("of_samples") is not None and c["preset"] == "fast"]
    if not known:
        return ""
    told = calibration(known, "of_samples", "of_samples_sd")
    return f" Told before the run, from three samples (`nsn2n inspect`): {told}."


def calibration(known: list[dict], predicted: str, sd: str) -> str:
    """Mean and SD of the errors of a prediction of the gain, and how often its own SD holds."""
    errors = np.array([c[predicted] - c["gain"] for c in known])
    within = np.mean(np.abs(errors) <= 2 * np.array([c[sd] for c in known]))
    return (
        f"mean {errors.mean():+.2f}, SD {errors.std():.2f} dB over {len(known)} cells, {100 * within:.0f} % within "
        f"twice the uncertainty said"
    )


def figures(cells: list[dict], options) -> str:
    """Calibration, and the worst cells as pictures, beside the page."""
    preset, stem = cells[0]["preset"], options.out.stem
    known = [c for c in cells if c["judged"] and c["gain"] is not None and c["predicted"] is not None]
    figure, axis = plt.subplots(figsize=(4.6, 4.2))
    for noise, color in zip((*NOISE, "repeats"), ("tab:blue", "tab:orange", "tab:red"), strict=True):
        points = np.array([(c["gain"], c["predicted"], c["uncertainty"]) for c in known if c["noise"] == noise])
        if points.size:
            axis.errorbar(*points[:, :2].T, points[:, 2], fmt="o", ms=3, lw=0.6, color=color, label=noise)
    ends = np.array([min(c["gain"] for c in known), max(c["gain"] for c in known)])
    axis.plot(ends, ends, color="gray", lw=0.8)
    axis.set_xlabel("true gain in tissue (dB)")
    axis.set_ylabel("predicted gain (dB)")
    axis.legend(frameon=False)
    calibration = options.out.with_name(f"{stem}-{preset}-calibration.png")
    figure.savefig(calibration, dpi=90, bbox_inches="tight")
    plt.close(figure)
    worst = sorted((c for c in known if not c["left"] and c["picture"].exists()), key=lambda c: c["gain"])[:WORST]
    pictures = options.out.with_name(f"{stem}-{preset}-worst.png")
    if worst:
        draw(worst, pictures)
    links = {"Predicted and true gain": calibration, "The worst cells": pictures}
    return "\n\n".join(f"![{text}]({path.name})" for text, path in links.items() if path.exists()) + "\n"


def draw(cells: list[dict], path: Path) -> None:
    """Truth, noisy, denoised, what was removed, and the error that is left, a row for each cell."""
    figure, axes = plt.subplots(len(cells), 5, figsize=(10, 2.2 * len(cells)), squeeze=False)
    for row, cell in zip(axes, cells, strict=True):
        truth, noisy, denoised = np.load(cell["picture"])["arr_0"]
        images = {title_of(cell): truth, "noisy": noisy, f"denoised ({cell['gain']:+.2f} dB)": denoised}
        show(row[:3], images, np.percentile(truth, (1, 99.5)))
        rest = {"removed": noisy - denoised, "error left": denoised - truth}
        show(row[3:], rest, (-3 * cell["true"], 3 * cell["true"]))
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def comparison(cells: list[dict], before: list[dict], options) -> str:
    """Gains of another version beside these, and pictures of the cells where that one did worst."""
    found = {(c["anatomy"], c["noise"], c["level"]): c for c in cells if c["preset"] == cells[0]["preset"]}
    pairs = [(then, found.get((then["anatomy"], then["noise"], then["level"]))) for then in before]
    pairs = [(then, now) for then, now in pairs if now is not None and None not in (then["gain"], now["gain"])]
    if not pairs:
        return ""
    gains = {(now["anatomy"], now["level"]): f"{then['gain']:+.2f} / {now['gain']:+.2f}" for then, now in pairs}
    levels = sorted({level for _, level in gains if level is not None})
    lines = ["## Gains before", "", BEFORE, ""]
    lines += ["| anatomy | " + " | ".join(f"{level:g} %" for level in levels) + " |", "|---|" + "---|" * len(levels)]
    for name in dict.fromkeys(now["anatomy"] for _, now in pairs if now["level"] is not None):
        lines.append(f"| {name} | " + " | ".join(gains.get((name, level), "") for level in levels) + " |")
    lines += [f"\n{name}: {gains[name, level]}" for name, level in gains if level is None]
    lost = [(now, now["gain"] - then["gain"]) for then, now in pairs if now["gain"] - then["gain"] < -LESS]
    words = ", ".join(f"{now['anatomy']} at {now['level']:g} % ({less:+.2f} dB)" for now, less in lost)
    lines += ["", f"More than {LESS:g} dB less than before: {words or 'nowhere'}."]
    worst = sorted(pairs, key=lambda pair: pair[0]["gain"])
    worst = [pair for pair in worst if all(cell["picture"].exists() for cell in pair)][:WORST]
    pictures = options.out.with_name(f"{options.out.stem}-before.png")
    if worst:  # else a picture that is there stays: who has the gains need not run the version before
        draw_before(worst, pictures)
    picture = f"![Where the version before did worst, and now]({pictures.name})"
    return "\n".join([*lines, "", picture if pictures.exists() else ""]) + "\n"


def draw_before(pairs: list[tuple[dict, dict]], path: Path) -> None:
    """Truth, noisy, the result of another version and this one's, and what each removed, a row for each cell."""
    figure, axes = plt.subplots(len(pairs), 6, figsize=(12, 2.3 * len(pairs)), squeeze=False)
    for row, (then, now) in zip(axes, pairs, strict=True):
        truth, noisy, before = np.load(then["picture"])["arr_0"]
        after = np.load(now["picture"])["arr_0"][2]
        as_it_was = ", as it was" if now["left"] else ""
        images = {
            title_of(now): truth,
            "noisy": noisy,
            f"before ({then['gain']:+.2f} dB)": before,
            f"now ({now['gain']:+.2f} dB{as_it_was})": after,
        }
        show(row[:4], images, np.percentile(truth, (1, 99.5)))
        removed = {"removed before": noisy - before, "removed now": noisy - after}
        show(row[4:], removed, (-3 * now["true"], 3 * now["true"]))
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def show(axes, images: dict[str, np.ndarray], window) -> None:
    """Slices side by side, with a gray window."""
    for axis, (text, image) in zip(axes, images.items(), strict=True):
        axis.imshow(image, cmap="gray", vmin=window[0], vmax=window[1])
        axis.set_title(text, fontsize=7)
        axis.axis("off")


def title_of(cell: dict) -> str:
    """Anatomy, and kind and level of the noise."""
    return cell["anatomy"] if cell["level"] is None else f"{cell['anatomy']}, {cell['noise']}, {cell['level']:g} %"


if __name__ == "__main__":
    main()
