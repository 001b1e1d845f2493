#!/usr/bin/env python3
"""What the correction of the MR bias brings where the air is gone: 16 slices of Colin27 with Rician noise.

    check_without_air.py --data DIR

The head is masked (0 outside), or the volume cropped to the brain. Prints, for preset `fast`, the PSNR in dB (peak: the
brightest voxel) in all tissue and where the signal is below one, two and three sigmas, without the correction and as
`--rician auto` decides. A minute on one core.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

if __package__ in (None, ""):
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "NSN2NDenoise")]

from NSN2NDenoiseLib import engine

from Benchmark.simulate_mr import add_rician_noise
from Benchmark.volume_io import read_volume

SLICES, HEAD, BRAIN = slice(74, 90), np.s_[:, 20:190, 10:170], np.s_[:, 70:170, 45:135]
LEVELS = (0.07, 0.10, 0.15)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the volumes")
    options = parser.parse_args(arguments)
    clean = read_volume(options.data / "mr_colin27_t1_1mm.nii.gz")[0].astype(np.float32)[SLICES]
    peak = 254.0  # of the whole volume
    head = np.stack([ndimage.binary_fill_holes(ndimage.binary_closing(k > 20, iterations=3)) for k in clean])
    print("| air | noise | sigma found / true | correction | all | below 1 sigma | 1 to 2 | 2 to 3 |")
    print("|---|---|---|---|---|---|---|---|")
    for level in LEVELS:
        noisy, sigma = add_rician_noise(clean, level, 0, peak)
        for air, truth, volume, inside in (
            ("masked", clean[HEAD], np.where(head, noisy, 0)[HEAD], head[HEAD]),
            ("cropped", clean[BRAIN], noisy[BRAIN].copy(), np.ones_like(head[BRAIN])),
        ):
            found = engine.inspect_volume(volume)["ricianSigma"]
            for choice in ("off", "auto"):
                result = engine.denoise(volume, engine.Settings.from_preset("fast", device="cpu", rician=choice))
                square = (result.denoised - truth) ** 2
                parts = [inside] + [inside & (truth >= n * sigma) & (truth < (n + 1) * sigma) for n in range(3)]
                psnr = [10 * np.log10(peak**2 / square[part].mean()) if part.any() else np.nan for part in parts]
                told = f"{found / sigma:.2f}" if found else "not recognized"
                cells = [air, f"{100 * level:.0f} %", told, choice, *(f"{value:.1f}" for value in psnr)]
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
