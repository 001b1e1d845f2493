"""What the threshold does: noise left, contrast of discs and vessels, leak and PSNR at parts of the automatic one.

python Testing/Benchmark/check_threshold.py --data DIR [--preset fast]
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine

from Benchmark.data import load
from Benchmark.metrics_disc import insert_discs, recovered_contrast
from Benchmark.metrics_leak import leak
from Benchmark.metrics_vessel import insert_vessels, recovered_vessels
from Benchmark.simulate_mr import add_rician_noise

#: Of the automatic threshold.
PARTS = (0.125, 0.25, 0.5, 1.0, 2.0)
MR, MR_CROP = "mr_colin27_t1_1mm.nii.gz", ((60, 84), (30, 158), (20, 148))
CT, CT_CROP = "ct_lidc0314_1mm_noisy.nii.gz", ((16, 40), (150, 310), (150, 310))
#: SD of the added Rician noise in units of the volume's maximum; contrast of the discs and of the vessels in HU.
LEVEL, CONTRAST, VESSELS = 0.03, 20.0, 120.0


def main():
    """Print a table of each volume."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--preset", default="fast", choices=engine.PRESETS)
    options = parser.parse_args()
    of_mr([options.data], options.preset)
    of_ct([options.data], options.preset)


def of_mr(folders, preset):
    """T1 with a truth."""
    clean, spacing = load(MR, MR_CROP, folders)
    noisy, _ = add_rician_noise(clean, LEVEL, 0, float(clean.max()))
    tissue = clean > 0.15 * clean.max()
    print("| T1, Rician noise: th | W = 1 | PSNR in tissue | noise left |\n|---|---|---|---|")
    for part, result in at_parts(noisy, spacing, preset):
        error = float(np.mean((result.denoised - clean)[tissue] ** 2))
        psnr = 10 * np.log10(clean.max() ** 2 / error)
        print(f"| {part:g} | {fraction(result)} | {psnr:.2f} dB | {result.report['noiseAfter']:.3g} |", flush=True)


def of_ct(folders, preset):
    """Chest CT with discs and vessels, without a truth."""
    volume, spacing = load(CT, CT_CROP, folders)
    volume = np.asarray(volume, np.float32)
    noisy, discs = insert_discs(volume, CONTRAST, spacing)
    noisy, vessels = insert_vessels(noisy, VESSELS, spacing)
    print("\n| chest CT: th | W = 1 | discs of 20 HU | vessels | noise left | leak by edge strength |")
    print("|---|---|---|---|---|---|")
    for part, result in at_parts(noisy, spacing, preset):
        contrast = f"{recovered_contrast(result.denoised, discs):.2f}"
        contrast += f" | {recovered_vessels(result.denoised, vessels):.2f}"
        bands = " ".join(f"{value:.2f}" for value in leak(noisy, result.denoised, volume > -500))
        left = result.report["noiseAfter"]
        print(f"| {part:g} | {fraction(result)} | {contrast} | {left:.3g} HU | {bands} |", flush=True)


def at_parts(noisy, spacing, preset):
    """(part of the automatic threshold, result)."""
    automatic = engine.take_look(noisy, spacing=spacing)[0].threshold
    for part in PARTS:
        settings = engine.Settings.from_preset(preset, threshold=min(part * automatic, 1.0))
        yield part, engine.denoise(noisy, settings, spacing=spacing)


def fraction(result):
    """The matched part of the voxels."""
    return f"{100 * result.report['matchedFraction']:.0f} %"


if __name__ == "__main__":
    main()
