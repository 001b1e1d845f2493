"""Hard volumes beside their best rivals: very small ones (BM4D), PET (NLM), photon-starved and overlapping CT (BM4D).

python Testing/Benchmark/check_safe.py {small,pet,ct} --data DIR [--preset fast default]

small: 16 x 64 x 64, noise with a truth. pet: the PET volume, smoothed, as counts with a truth, and as it is. ct: crops
of two real series, without a truth. BM4D is told the true SD or spectrum, NLM the true SD; on real volumes the measured
one.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine

from Benchmark.case import Case
from Benchmark.data import load
from Benchmark.metrics_leak import edge_strength, leak
from Benchmark.metrics_pet import suv_kept
from Benchmark.metrics_roi import block_noise, mean_shift
from Benchmark.noise_cases import ANATOMIES, add_noise, tissue_mean
from Benchmark.noise_cases import load as load_middle
from Benchmark.Peers import bm4d_filter
from Benchmark.regions import body_mask, homogeneous_blocks
from Benchmark.simulate_mr import add_rician_noise

SMALL = (16, 64, 64)
#: Anatomy and kind of noise; its SD in units of the maximum (Rician) or HU.
SMALL_CASES = (
    ("T1, mean of 27", "rician", 0.07),
    ("T1, 1.3 mm", "rician", 0.07),
    ("thigh CT", "ct", 30.0),
    ("head phantom, soft kernel", "ct", 30.0),
)
PET = "pet_ibsi_sts013_suv.nii.gz"
#: Counts of a voxel of SUV 1; SD in voxels of the smoothing that makes the truth, and of the filter after the noise.
COUNTS, TRUTH, POST = 12.0, 0.8, 0.65
#: Of NLM, in units of the noise SD.
NLM = (0.3, 0.5, 0.7, 0.9, 1.2)
CT = (
    ("dicom_ibsi_sts021_ct", ((30, 54), (50, 162), (54, 166))),
    ("ct_lungfcp_overlap_1mm.nii.gz", (None, (150, 262), (60, 172))),
)


def main():
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("small", "pet", "ct"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--preset", nargs="+", default=("fast", "default"), choices=engine.PRESETS)
    options = parser.parse_args()
    {"small": of_small, "pet": of_pet, "ct": of_ct}[options.what](options)


def of_small(options):
    """PSNR in tissue, dB."""
    print("| 16 x 64 x 64 | method | PSNR in tissue |\n|---|---|---|")
    for name, kind, sd in SMALL_CASES:
        anatomy = next(one for one in ANATOMIES if one.name == name)
        clean = load_middle(options.data / anatomy.file, SMALL)
        if kind == "rician":
            noisy, sigma = add_rician_noise(clean, sd, 0)
            peak, variants = float(clean.max()), ("SD, Rician VST",)
        else:
            noisy, sigma, peak, variants = add_noise(clean, sd, kind)[0], sd, 400.0, ("SD", "spectrum")
        tissue = clean > anatomy.air + 0.25 * tissue_mean(clean, anatomy.air)
        case = Case(noisy, (1.0, 1.0, 1.0), sigma, rician=kind == "rician", reference=clean)
        results = {"noisy": noisy}
        results |= {f"BM4D, true {v}": bm4d_filter.denoise(case, 0, None, v) for v in variants}
        results |= {
            p: engine.denoise(noisy, engine.Settings.from_preset(p), spacing=case.spacing).denoised
            for p in options.preset
        }
        for method, result in results.items():
            psnr = 10 * np.log10(peak**2 / np.mean(np.square(result - clean, dtype=np.float64)[tissue]))
            print(f"| {name}, {kind} {sd:g} | {method} | {psnr:.2f} dB |", flush=True)


def of_pet(options):
    """Noise left in flat tissue, error at edges, SUVpeak; then the real volume."""
    real, spacing = load(PET, (None, None, None), [options.data])
    smooth = np.maximum(ndimage.gaussian_filter(real, TRUTH), 0)
    random = np.random.default_rng(0)
    counts = random.poisson(COUNTS * smooth) / COUNTS
    noisy, truth = (ndimage.gaussian_filter(v, POST).astype(np.float32) for v in (counts, smooth))
    body = body_mask(truth)
    edges = edge_strength(truth)
    relative = edges / np.maximum(truth, 1e-6)
    flat = body & (relative < np.quantile(relative[body], 0.3))
    steep = body & (edges > np.quantile(edges[body], 0.95))
    print("| PET, simulated counts | noise left, flat | error at edges | error, body | SUVpeak kept |")
    print("|---|---|---|---|---|")
    sigma = float((noisy - truth)[flat].std())
    for name, result in methods(noisy, spacing, sigma, options.preset):
        error = result - truth
        rms = [float(np.sqrt(np.mean(np.square(error[m])))) for m in (flat, steep, body)]
        kept = suv_kept(truth, result, spacing)["suvPeakKept"]
        print(f"| {name} | {rms[0]:.3f} | {rms[1]:.3f} | {rms[2]:.3f} | {kept:.3f} |", flush=True)
    blocks = homogeneous_blocks(real, spacing=spacing)
    print("\n| PET as it is | noise in flat blocks | leak by edge strength | SUVpeak kept |\n|---|---|---|---|")
    for name, result in methods(real, spacing, block_noise(real, blocks), options.preset):
        bands = " ".join(f"{value:.2f}" for value in leak(real, result, body)) if result is not real else ""
        kept = suv_kept(real, result, spacing)["suvPeakKept"]
        print(f"| {name} | {block_noise(result, blocks):.3f} | {bands} | {kept:.3f} |", flush=True)


def methods(noisy, spacing, sigma, presets):
    """(name, result)."""
    yield "noisy", noisy
    for h in NLM:
        how = {"patch_size": 3, "patch_distance": 3, "h": h * sigma, "sigma": sigma, "fast_mode": True}
        yield f"NLM, h {h:g} SD", denoise_nl_means(noisy, **how)
    for preset in presets:
        yield preset, engine.denoise(noisy, engine.Settings.from_preset(preset), spacing=spacing).denoised


def of_ct(options):
    """Noise, shift of homogeneous blocks, leak; of the run's report and with the benchmark's own blocks."""
    print("| CT | method | noise in flat blocks | shift of a block: median, worst | leak by edge strength |")
    print("|---|---|---|---|---|")
    for name, crop in CT:
        noisy, spacing = load(name, crop, [options.data])
        blocks, body = homogeneous_blocks(noisy, spacing=spacing), body_mask(noisy)
        sigma = block_noise(noisy, blocks)
        case = Case(noisy, spacing, sigma)
        results = {"noisy": noisy, "BM4D, measured SD": bm4d_filter.denoise(case, 0, None, "SD")}
        for preset in options.preset:
            result = engine.denoise(noisy, engine.Settings.from_preset(preset), spacing=spacing)
            worst = result.report["worstBlockShift"]
            results[f"{preset} (by its report: worst {worst:.1f})"] = result.denoised
        for method, result in results.items():
            shift = mean_shift(noisy, result, blocks)
            bands = "" if result is noisy else " ".join(f"{value:.2f}" for value in leak(noisy, result, body))
            left = f"{block_noise(result, blocks):.2f} HU"
            print(f"| {name} | {method} | {left} | {shift['median']:.2f}, {shift['worst']:.2f} | {bands} |", flush=True)


if __name__ == "__main__":
    main()
