"""Does denoising ever harm? Every development anatomy x added noise: true SD against estimate, gain, predicted gain.

    python Testing/Benchmark/check_harm.py --data DIR [--preset fast] [--out Harm.md]

Some anatomies have noise of their own, so that they are no truth: removing it counts as an error. Cells whose added
noise is less than three times as strong can't be judged and stand in brackets; what the run predicts stands everywhere.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine

from Benchmark.noise_cases import ANATOMIES, Anatomy, add_noise, load, read_any, tissue_mean
from Benchmark.volume_io import read_volume

#: Added noise in percent of the tissue's mean.
LEVELS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
#: Slices, rows and columns of the crops, at most.
CROP = (24, 112, 112)
#: Added noise counts from so many times the anatomy's own on.
JUDGED = 3.0
#: A cell below this gain (dB) is harm.
HARM = -0.05
REPEATS = ("fcmri_single.nii.gz", "fcmri_mean_of_later69.nii.gz")


@dataclass(frozen=True)
class Cell:
    """One run: SDs in image units, gains in dB."""

    level: float
    true: float
    estimate: float
    gain: float
    median_gain: float
    predicted: float | None
    left: bool
    justified: float
    seconds: float
    judged: bool


def main():
    """Run all cells and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--preset", default="fast", choices=engine.PRESETS)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    more = {"steps": options.steps} if options.steps else {}
    settings = engine.Settings.from_preset(options.preset, **more)
    rows = {}
    for anatomy in ANATOMIES:
        if options.only.lower() in anatomy.name.lower() and (options.data / anatomy.file).exists():
            rows[anatomy.name] = [run(anatomy, options.data, level, settings) for level in LEVELS]
            print(anatomy.name, *[f"{cell.level:g} %: {cell.gain:+.2f}" for cell in rows[anatomy.name]], flush=True)
    if options.only in "repeats" and (options.data / REPEATS[0]).exists():
        rows["EPI frame, truth: mean of 69 others"] = [run_repeats(options.data, settings)]
    page = table(rows)
    print(page)
    if options.out:
        options.out.write_text(page, encoding="utf-8")


def run(anatomy: Anatomy, folder: Path, level: float, settings) -> Cell:
    """Add noise, denoise, compare."""
    clean = load(folder / anatomy.file, CROP)
    mean = tissue_mean(clean, anatomy.air)
    sd = level / 100 * mean
    noisy, _ = add_noise(clean, sd, "rician" if anatomy.magnitude else "white")
    tissue = clean > anatomy.air + 0.5 * mean
    return compare(noisy, clean, tissue, level, sd, anatomy.own, settings, spacing_of(folder / anatomy.file))


def run_repeats(folder: Path, settings) -> Cell:
    """A frame of a functional series against the mean of 69 others."""
    noisy, mean = (read_any(folder / name) for name in REPEATS)
    tissue = mean > 0.25 * np.percentile(mean, 99)
    sd = 1.4826 * float(np.median(np.abs(noisy - mean)[tissue]))
    return compare(noisy, mean, tissue, float("nan"), sd, 0.0, settings, spacing_of(folder / REPEATS[0]))


def compare(noisy, clean, tissue, level, sd, own, settings, spacing) -> Cell:
    """The figures of one run."""
    start = time.monotonic()
    result = engine.denoise(noisy, settings, spacing=spacing)
    report, seconds = result.report, time.monotonic() - start
    before, after = (noisy - clean)[tissue], (result.denoised - clean)[tissue]
    error, input_error = float(np.mean(after**2)), float(np.mean(before**2))
    untouched = report["leftAsItWas"] or input_error == 0
    return Cell(
        level,
        float(np.hypot(sd, own)),
        engine.take_look(noisy, spacing=spacing)[0].noise_sd,
        0.0 if untouched else 10 * np.log10(input_error / error),
        0.0 if untouched or not level else 20 * np.log10(np.median(np.abs(before)) / np.median(np.abs(after))),
        report.get("predictedGain"),
        report["leftAsItWas"],
        report["justifiedStrength"],
        seconds,
        not own or sd >= JUDGED * own,
    )


def spacing_of(path: Path):
    """(k, j, i) in mm."""
    return tuple(map(float, read_volume(path)[1]))[-3:]


def table(rows: dict[str, list[Cell]]) -> str:
    """Markdown: a row per anatomy, a column per level."""
    lines = [
        "Gain in tissue (dB), median error's gain in brackets; true SD -> estimate, predicted gain. `=`: left as is.",
        "",
        "| anatomy | " + " | ".join(f"{level:g} %" for level in LEVELS) + " |",
        "|---|" + "---|" * len(LEVELS),
    ]
    for name, cells in rows.items():
        lines.append(f"| {name} | " + " | ".join(map(in_words, cells)) + " |")
    every = [cell for cells in rows.values() for cell in cells if cell.judged]
    worst = sorted(every, key=lambda cell: cell.gain)[:3]
    known = [cell for cell in every if cell.predicted is not None and not cell.left]
    errors = np.array([cell.predicted - cell.gain for cell in known])
    lines += [
        "",
        f"{sum(cell.gain < HARM for cell in every)} of {len(every)} judged cells are below {HARM:g} dB; "
        + "the worst three are "
        + ", ".join(f"{cell.gain:+.2f} dB" for cell in worst)
        + ".",
        f"Predicted minus true gain: mean {errors.mean():+.2f}, SD {errors.std():.2f} dB over {len(known)} cells.",
    ]
    return "\n".join(lines) + "\n"


def in_words(cell: Cell) -> str:
    """One cell."""
    if cell.left:
        return f"= ({cell.true:.3g} -> {cell.estimate:.3g})"
    if not cell.judged:
        return f"({cell.true:.3g} -> {cell.estimate:.3g}, {cell.predicted or 0:+.1f})"
    predicted = "" if cell.predicted is None else f", {cell.predicted:+.1f}"
    return f"{cell.gain:+.2f} ({cell.median_gain:+.2f}); {cell.true:.3g} -> {cell.estimate:.3g}{predicted}"


if __name__ == "__main__":
    main()
