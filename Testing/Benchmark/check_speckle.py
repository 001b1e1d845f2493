"""Ultrasound: preset "ultrasound" beside the others, NLM and SRAD, on simulated speckle with a truth.

python Testing/Benchmark/check_speckle.py --data DIR [--preset fast ultrasound]

A brain (T1, magnified, as reflectivity) and spheres of -20 to 12 dB, under speckle with small and large grains,
log-compressed to 8 bit. Errors are RMS over all voxels, dB of the envelope; at edges: over the 10 % with the steepest
truth. NLM gets the true SD, with and without the grains' grid of the preset; SRAD runs before log compression. Of each
the best is shown.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.noise.speckle import measure_speckle

from Benchmark.data import load
from Benchmark.metrics_leak import edge_strength
from Benchmark.simulate_speckle import LOG_MEAN, LOG_SD, simulate_speckle
from Benchmark.srad import srad

T1, CROP, ZOOM = "mr_colin27_t1_1mm.nii.gz", ((64, 80), (76, 104), (49, 77)), 3
SPACING = (1.0, 1 / ZOOM, 1 / ZOOM)
#: SD of the pulse in voxels along slices, rows, columns.
PULSES = {"small": (0.5, 0.8, 1.2), "large": (0.5, 1.5, 2.5)}
#: Sides of NLM's patches, and how far it looks; its h in units of the SD; SRAD's steps.
PATCHES, DISTANCE, STRENGTHS, STEPS = (5, 7), 5, (0.6, 0.8, 1.0), (40, 80, 120, 160, 240)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--preset", nargs="+", default=("fast", "ultrasound"), choices=engine.PRESETS)
    options = parser.parse_args()
    print("| object, grains | method | RMS error | at edges | CPU s |\n|---|---|---|---|---|")
    for name, decibels in (("brain", brain([options.data])), ("spheres", spheres())):
        for grains, pulse in PULSES.items():
            of_case(f"{name}, {grains}", simulate_speckle(decibels, pulse), options.preset)


def of_case(name, case, presets):
    """The rows of one volume."""
    strength = edge_strength(case.truth)
    steep = strength > np.quantile(strength, 0.9)

    def errors(result):
        difference = (result.astype(np.float64) - case.truth) / case.gray
        return [float(np.sqrt(np.mean(np.square(d)))) for d in (difference, difference[steep])]

    def row(method, found, seconds):
        label, (whole, edges) = min(((label, errors(result)) for label, result in found), key=lambda one: one[1][0])
        print(f"| {name} | {method}{label} | {whole:.2f} dB | {edges:.2f} dB | {seconds:.0f} |", flush=True)

    row("noisy", [("", case.noisy)], 0)
    for method, find, tries in (
        ("SRAD, steps: ", diffused, len(STEPS)),
        ("NLM, patch, h: ", averaged, len(PATCHES) * len(STRENGTHS)),
        ("NLM on the grains, patch, h: ", averaged_grains, len(PATCHES) * len(STRENGTHS)),
    ):
        start = time.process_time()
        found = list(find(case))
        row(method, found, (time.process_time() - start) / (1 if find is diffused else tries))
    for preset in presets:
        start = time.process_time()
        result = engine.denoise(case.noisy, engine.Settings.from_preset(preset), spacing=SPACING)
        row(preset, [("", result.denoised)], time.process_time() - start)


def diffused(case):
    """SRAD of the intensity; its mean becomes that of the logarithm by the known shift, or a part of it."""
    intensity = 10 ** (case.noisy / case.gray / 10)
    for steps, result in srad(intensity, STEPS).items():
        for part in (0.0, 0.5, 1.0):
            yield f"{steps}", (10 * np.log10(np.maximum(result, 1e-9)) + part * LOG_MEAN) * case.gray


def averaged(case):
    """NLM of the log-compressed volume."""
    return nlm(case.noisy.astype(np.float32), LOG_SD * case.gray)


def averaged_grains(case):
    """NLM of the means of the grains."""
    volume = case.noisy.astype(np.float32) / 255
    speckle = measure_speckle(volume)
    cells = speckle.shrink(volume)[0]
    sigma = float((cells - speckle.shrink(case.truth / 255)[0]).std())
    for label, result in nlm(cells, sigma):
        yield label, 255 * speckle.enlarge(result, volume.shape[1:])


def nlm(volume, sigma):
    """(label, result) of each try; without skimage's own correction by sigma, which wants white noise."""
    for patch in PATCHES:
        for h in STRENGTHS:
            how = {"patch_size": patch, "patch_distance": DISTANCE, "fast_mode": True}
            yield f"{patch}, {h:g}", denoise_nl_means(volume, h=h * sigma, **how)


def brain(folders):
    """(K, J, I) dB."""
    volume, _ = load(T1, CROP, folders)
    return 35 * (ndimage.zoom(volume / 254, (1, ZOOM, ZOOM), order=1, grid_mode=True, mode="nearest") - 1)


def spheres(shape=(16, 84, 84), seed=1):
    """(K, J, I) dB: spheres in tissue that darkens with the depth."""
    random = np.random.default_rng(seed)
    decibels = np.full(shape, -22.0) - 6 * (np.arange(shape[1]) / shape[1])[:, None]
    tissue, (k, j, i) = decibels.copy(), np.indices(shape)
    for contrast in 3 * (-20, -12, -6, -3, 3, 6, 12):
        center, radius = [random.uniform(0, side) for side in shape], random.uniform(5, 14)
        inside = (ZOOM * (k - center[0])) ** 2 + (j - center[1]) ** 2 + (i - center[2]) ** 2 < radius**2
        decibels[inside] = tissue[inside] + contrast
    return decibels


if __name__ == "__main__":
    main()
