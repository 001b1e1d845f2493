"""Strength below 1: mix the input back in, or only what the measured spectrum does not take for noise?

    python Testing/Benchmark/check_strength.py --data DIR [--preset fast]

Contrast of inserted discs against noise left, on the chest CT; error in tissue, on a T1 with a truth.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.filter.groups import cosine_transform
from NSN2NDenoiseLib.engine.noise.model import NoiseModel

from Benchmark.check_threshold import CONTRAST, CT, CT_CROP, LEVEL, MR, MR_CROP
from Benchmark.data import load
from Benchmark.metrics_disc import insert_discs, recovered_contrast
from Benchmark.metrics_roi import block_noise
from Benchmark.regions import homogeneous_blocks
from Benchmark.simulate_mr import add_rician_noise

STRENGTHS = (1.0, 0.8, 0.6, 0.4)
SIDE = 4


def main():
    """Print a table of each volume."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--preset", default="fast", choices=engine.PRESETS)
    options = parser.parse_args()
    volume, spacing = load(CT, CT_CROP, [options.data])
    noisy, discs = insert_discs(np.asarray(volume, np.float32), CONTRAST, spacing)
    blocks = homogeneous_blocks(noisy, spacing=spacing)
    print("| chest CT | strength | discs of 20 HU | noise left |\n|---|---|---|---|")
    for way, strength, result in ways(noisy, spacing, options.preset):
        contrast, left = recovered_contrast(result, discs), block_noise(result, blocks)
        print(f"| {way} | {strength:g} | {contrast:.3f} | {left:.2f} HU |", flush=True)
    clean, spacing = load(MR, MR_CROP, [options.data])
    noisy, _ = add_rician_noise(clean, LEVEL, 0, float(clean.max()))
    tissue = clean > 0.15 * clean.max()
    print("\n| T1 | strength | PSNR in tissue |\n|---|---|---|")
    for way, strength, result in ways(noisy, spacing, options.preset):
        psnr = 10 * np.log10(clean.max() ** 2 / np.mean((result - clean)[tissue] ** 2))
        print(f"| {way} | {strength:g} | {psnr:.2f} dB |", flush=True)


def ways(noisy, spacing, preset):
    """(way, strength, result) of both ways at each strength."""
    denoised = engine.denoise(noisy, engine.Settings.from_preset(preset), spacing=spacing).denoised
    look, _ = engine.take_look(noisy, spacing=spacing)
    removed = (noisy - denoised).astype(np.float32)
    not_noise = look.scale * beyond_noise(removed / look.scale, NoiseModel(look.noise))
    for strength in STRENGTHS:
        yield "mixed", strength, denoised + (1 - strength) * removed
        yield "by spectrum", strength, denoised + (1 - strength) * not_noise


def beyond_noise(removed, noise):
    """What exceeds the noise in each frequency of overlapping blocks of 4 x 4 x 4, (slices, rows, columns) float32."""
    transform = cosine_transform((SIDE,) * 3).numpy()
    variance = np.square(noise.spectrum((SIDE,) * 3))
    unit = np.square(noise.unit(0, len(removed)))
    total, count = np.zeros_like(removed), np.zeros_like(removed)
    for offset in np.ndindex(2, 2, 2):
        starts = [2 * o for o in offset]
        sizes = [(n - s) // SIDE for n, s in zip(removed.shape, starts, strict=True)]
        part = tuple(slice(s, s + SIDE * n) for s, n in zip(starts, sizes, strict=True))
        blocks = to_blocks(removed[part], sizes) @ transform.T
        local = to_blocks(unit[part], sizes).mean(axis=1, keepdims=True)
        gain = np.maximum(0, 1 - local * variance / np.maximum(np.square(blocks), 1e-20))
        total[part] += from_blocks((gain * blocks) @ transform, sizes)
        count[part] += 1
    return total / np.maximum(count, 1)


def to_blocks(stack, sizes):
    """(blocks, 64)."""
    split = stack.reshape(sizes[0], SIDE, sizes[1], SIDE, sizes[2], SIDE)
    return split.transpose(0, 2, 4, 1, 3, 5).reshape(-1, SIDE**3)


def from_blocks(blocks, sizes):
    """Back to a stack."""
    split = blocks.reshape(*sizes, SIDE, SIDE, SIDE).transpose(0, 3, 1, 4, 2, 5)
    return split.reshape([SIDE * n for n in sizes])


if __name__ == "__main__":
    main()
