"""Does denoising ever harm? Every development anatomy x added noise: true SD against estimate, gain, predicted gain.

    python Testing/Benchmark/check_harm.py --data DIR --cells FILE.json --jobs 2 [--preset fast] [--noise own]
    python Testing/Benchmark/harm_page.py FILE.json... --before Testing/Benchmark/Harm-before.json --out Harm.md

The 131 cells of `fast` take about 20 minutes of a core. With `PYTHONPATH` set to the folder `NSN2NDenoise` of another
version of this repository, that one runs, for `--before`.

Anatomies with noise of their own are cleaned of it first, by non-local means with their own SD, so that there is a
truth: else removing their own noise would count as an error. Cells that the file has already are not run again.
"""

import argparse
import json
import multiprocessing
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from skimage.restoration import denoise_nl_means

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine

from Benchmark.noise_cases import ANATOMIES, Anatomy, add_noise, load, read_any, tissue_mean
from Benchmark.volume_io import read_volume

#: Added noise in percent of the tissue's mean.
LEVELS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
#: Slices, rows and columns of the crops, at most.
CROP = (24, 112, 112)
#: Where it is left in, noise counts that is so many times as strong.
JUDGED = 3.0
#: Own noise below this part of the tissue's mean is left in: no estimate tells it from texture.
CLEAN = 0.005
#: A cell below this gain (dB) is harm.
HARM = -0.05
#: Kinds of noise: the one that the modality has without reconstruction, and one with a color.
NOISE = ("own", "colored")
REPEATS = "EPI frame, truth: mean of 69 others", "fcmri_single.nii.gz", "fcmri_mean_of_later69.nii.gz"


@dataclass(frozen=True)
class Cell:
    """One run: SDs in image units, gains in dB (None without noise); error: RMS in percent of the tissue's mean.

    Cells of an older version say nothing of the samples.
    """

    anatomy: str
    noise: str
    level: float | None
    preset: str
    true: float
    estimate: float | None
    gain: float | None
    median_gain: float | None
    error: float
    predicted: float | None
    uncertainty: float | None
    left: bool
    strength: float
    warned: bool
    judged: bool
    judging: float
    seconds: float
    of_samples: float | None = None
    of_samples_sd: float | None = None


def main():
    """Run the cells that the file does not have."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cells", type=Path, required=True, help="JSON with the cells; pictures beside it")
    parser.add_argument("--preset", default="fast", choices=engine.PRESETS)
    parser.add_argument("--noise", nargs="+", default=NOISE, choices=NOISE)
    parser.add_argument("--levels", nargs="+", type=float, default=LEVELS)
    parser.add_argument("--steps", type=int, help="training steps, instead of the preset's")
    parser.add_argument("--epochs", type=int, help="passes over all pairs, instead of the preset's")
    parser.add_argument("--jobs", type=int, default=1, help="processes that run cells")
    parser.add_argument("--only", default="", help="anatomies with this in their names")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in ("steps", "epochs") if getattr(options, name)}
    settings = engine.Settings.from_preset(options.preset, **given)
    cells = json.loads(options.cells.read_text(encoding="utf-8")) if options.cells.exists() else []
    done = {(c["anatomy"], c["noise"], c["level"], c["preset"]) for c in cells}
    wanted = [
        (anatomy, options.data, noise, level, settings)
        for anatomy, noise, level in cases(options)
        if (REPEATS[0] if anatomy is None else anatomy.name, noise, level, options.preset) not in done
    ]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for cell, picture in pool.imap_unordered(run_case, wanted):
            cells.append(asdict(cell))
            options.cells.write_text(json.dumps(cells, indent=1), encoding="utf-8")
            np.savez_compressed(options.cells.with_name(picture_name(cells[-1])), picture)
            print(cell, flush=True)


def run_case(case) -> tuple[Cell, np.ndarray]:
    """A cell and its picture, in a process of the pool; the repeats have no anatomy."""
    anatomy, folder, _, _, settings = case
    return run_repeats(folder, settings) if anatomy is None else run(*case)


def cases(options):
    """(anatomy, kind of noise, level) of every cell; the repeats have no anatomy."""
    for noise in options.noise:
        for anatomy in ANATOMIES:
            if options.only.lower() in anatomy.name.lower() and (options.data / anatomy.file).exists():
                yield from ((anatomy, noise, level) for level in options.levels if level or noise == NOISE[0])
    if options.only.lower() in REPEATS[0].lower() and (options.data / REPEATS[1]).exists():
        yield None, "repeats", None


def picture_name(cell: dict) -> str:
    """Of the file with a cell's middle slice: truth, noisy, denoised."""
    words = (cell["anatomy"], cell["noise"], str(cell["level"]), cell["preset"])
    return "-".join("".join(c if c.isalnum() else "_" for c in word) for word in words) + ".npz"


def clean_anatomy(anatomy: Anatomy, folder: Path) -> tuple[np.ndarray, float]:
    """The middle of an anatomy without the noise of its own, (K, J, I) float32, and the SD of what is left of that."""
    volume = load(folder / anatomy.file, CROP)
    if anatomy.own < CLEAN * tissue_mean(volume, anatomy.air):
        return volume, anatomy.own
    for strength in (1.0, 0.5):  # what the first pass leaves of the noise is not white any more
        how = {"patch_size": 3, "patch_distance": 3, "h": strength * anatomy.own, "sigma": anatomy.own}
        volume = denoise_nl_means(volume, **how, fast_mode=True)
    return volume.astype(np.float32), 0.0


def run(anatomy: Anatomy, folder: Path, noise: str, level: float, settings) -> tuple[Cell, np.ndarray]:
    """Add noise, denoise, compare."""
    clean, own = clean_anatomy(anatomy, folder)
    mean = tissue_mean(clean, anatomy.air)
    kind = {"own": "rician" if anatomy.magnitude else "white", "colored": "smooth" if anatomy.magnitude else "ct"}
    noisy, _ = add_noise(clean, level / 100 * mean, kind[noise])
    tissue = clean > anatomy.air + 0.5 * mean
    sd, names, spacing = level / 100 * mean, (anatomy.name, noise, level), spacing_of(folder / anatomy.file)
    judged = not own or sd >= JUDGED * own
    return compare(noisy, clean, tissue, anatomy.air, sd, names, settings, spacing, judged)


def run_repeats(folder: Path, settings) -> tuple[Cell, np.ndarray]:
    """A frame of a functional series against the mean of 69 others."""
    noisy, mean = (read_any(folder / name) for name in REPEATS[1:])
    tissue = mean > 0.25 * np.percentile(mean, 99)
    sd = 1.4826 * float(np.median(np.abs(noisy - mean)[tissue]))
    names, spacing = (REPEATS[0], "repeats", None), spacing_of(folder / REPEATS[1])
    return compare(noisy, mean, tissue, 0.0, sd, names, settings, spacing, True)


def compare(noisy, clean, tissue, air, sd, names, settings, spacing, judged) -> tuple[Cell, np.ndarray]:
    """The figures of one run, and its middle slice: truth, noisy, denoised."""

    def error_of(volume: np.ndarray) -> float:
        return 100 * float(np.sqrt(np.mean((volume - clean)[tissue] ** 2)) / (clean[tissue].mean() - air))

    start = time.monotonic()
    try:
        result = engine.denoise(noisy, settings, spacing=spacing)
    except engine.RunError as error:
        print(names, error, flush=True)
        none = Cell(
            *names, settings.preset, sd, None, 0.0, 0.0, error_of(noisy), None, None, True, 0.0, True, judged, 0.0, 0.0
        )
        return none, np.stack([clean, noisy, noisy])[:, len(noisy) // 2]
    report, seconds = result.report, time.monotonic() - start
    before, after = (noisy - clean)[tissue], (result.denoised - clean)[tissue]
    known = bool(before.any())
    cell = Cell(
        *names,
        settings.preset,
        sd,
        report["noiseBefore"],
        10 * float(np.log10(np.mean(before**2) / np.mean(after**2))) if known else None,
        20 * float(np.log10(np.median(np.abs(before)) / np.median(np.abs(after)))) if known else None,
        error_of(result.denoised),
        report.get("predictedGain"),
        report.get("predictedGainSD"),
        report.get("leftAsItWas", False),  # an older engine never does, and says nothing of strength or alarm
        report.get("justifiedStrength", 1.0),
        report.get("alarm") is not None,
        judged,
        sum(report.get("seconds", {}).get(stage, 0.0) for stage in ("spare", "judge")),
        seconds,
        report.get("predictedGainOfSamples"),
        report.get("predictedGainOfSamplesSD"),
    )
    return cell, np.stack([clean, noisy, result.denoised])[:, len(noisy) // 2].astype(np.float32)


def spacing_of(path: Path):
    """(k, j, i) in mm."""
    return tuple(map(float, read_volume(path)[1]))[-3:]


if __name__ == "__main__":
    main()
