#!/usr/bin/env python3
"""Three quick checks of one denoised volume: simulated MR, simulated low-dose CT, a real volume.

    check_numbers.py mr      --data DIR --write noisy.nii.gz [--denoised out.nii.gz] [--level 0.07] [--slices A:B]
    check_numbers.py lowdose --data DIR --write noisy.nii.gz [--denoised out.nii.gz] [--photons 2e5] [--slices A:B]
    check_numbers.py real    --input in.nii.gz --denoised out.nii.gz

With --write the simulated noisy volume is written; with --denoised the figures of noisy and denoised are printed.
Give both runs the same --level/--photons, --slices and --seed: the noise is drawn again from them.
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.metrics_leak import BANDS, leak
from Benchmark.metrics_reference import compare
from Benchmark.metrics_roi import block_noise, mean_shift
from Benchmark.regions import SOFT_TISSUE_HU, body_mask, homogeneous_blocks
from Benchmark.simulate_lowdose import simulate_low_dose
from Benchmark.simulate_mr import add_rician_noise, expected_magnitude
from Benchmark.volume_io import read_volume, write_volume

MR_BASE = "mr_colin27_t1_1mm.nii.gz"
CT_BASE = "ct_ibsi_sts013_lownoise.nii.gz"
CT_DATA_RANGE = 400.0  # HU
TISSUE_FRACTION = 0.15


def main(arguments=None):
    options = parse(arguments)
    return {"mr": check_mr, "lowdose": check_lowdose, "real": check_real}[options.command](options)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("mr", "lowdose"):
        command = commands.add_parser(name)
        command.add_argument("--data", type=Path, required=True, help="folder with the clean base volume")
        command.add_argument("--write", type=Path, help="write the noisy volume here")
        command.add_argument("--denoised", type=Path, help="denoised volume to judge")
        command.add_argument("--slices", type=parse_slices, default=slice(None), help="A:B, the slices to use")
        command.add_argument("--seed", type=int, default=0)
    commands.choices["mr"].add_argument("--level", type=float, default=0.07, help="SD as a fraction of the maximum")
    commands.choices["lowdose"].add_argument("--photons", type=float, default=2e5, help="photons per ray and view")
    commands.choices["lowdose"].add_argument("--views", type=int, default=360)
    commands.choices["lowdose"].add_argument("--slice-correlation", type=float, default=0.0)
    real = commands.add_parser("real")
    real.add_argument("--input", type=Path, required=True)
    real.add_argument("--denoised", type=Path, required=True)
    return parser.parse_args(arguments)


def parse_slices(text):
    """'A:B' as a slice."""
    first, _, last = text.partition(":")
    return slice(int(first) if first else None, int(last) if last else None)


def check_mr(options):
    clean, spacing = read_volume(options.data / MR_BASE)
    clean = clean.astype(np.float32)
    peak = float(clean.max())
    noisy, sigma = add_rician_noise(clean, options.level, options.seed)
    ceiling = expected_magnitude(clean, sigma)
    chosen = options.slices
    print(f"Rician noise, SD {sigma:.2f} = {options.level:.0%} of the maximum {peak:g}; data range {peak:g}")
    judge(options, clean[chosen], noisy[chosen], peak, clean[chosen] > TISSUE_FRACTION * peak, spacing, ceiling[chosen])


def check_lowdose(options):
    clean, spacing = read_volume(options.data / CT_BASE)
    clean = clean[options.slices]
    simulated = simulate_low_dose(clean, spacing[1], [options.photons], options.views, options.seed)
    reference = simulated.reference
    noisy = simulated.noisy(options.photons, options.slice_correlation)
    low, high = SOFT_TISSUE_HU
    print(f"{options.photons:g} photons per ray, {options.views} views; data range {CT_DATA_RANGE:g} HU, not clipped")
    judge(options, reference, noisy, CT_DATA_RANGE, (reference > low) & (reference < high), spacing)


def judge(options, clean, noisy, data_range, tissue, spacing, ceiling=None):
    if options.write is not None:
        write_volume(options.write, noisy, spacing=spacing)
        print(f"wrote {options.write}")
    rows = [("noisy", noisy)]
    if ceiling is not None:
        rows.append(("ceiling E[M]", ceiling))
    if options.denoised is not None:
        denoised, _ = read_volume(options.denoised)
        if denoised.shape != clean.shape:
            raise SystemExit(f"{options.denoised} is {denoised.shape}, the reference {clean.shape}: same --slices?")
        rows.append(("denoised", denoised))
    print(f"{'':14}{'PSNR':>8}{'tissue':>8}{'per slice':>15}{'SSIM %':>15}{'tissue':>15}{'RMSE':>8}{'tissue':>8}")
    for name, volume in rows:
        f = compare(clean, volume.astype(np.float32), data_range, tissue)
        slices = f"{f['psnrMean']:.2f}+-{f['psnrSD']:.2f}"
        ssim = f"{100 * f['ssimMean']:.2f}+-{100 * f['ssimSD']:.2f}"
        ssim_tissue = f"{100 * f['ssimTissueMean']:.2f}+-{100 * f['ssimTissueSD']:.2f}"
        print(
            f"{name:14}{f['psnr']:8.2f}{f['psnrTissue']:8.2f}{slices:>15}{ssim:>15}{ssim_tissue:>15}"
            f"{f['rmse']:8.2f}{f['rmseTissue']:8.2f}"
        )


def check_real(options):
    before, spacing = read_volume(options.input)
    after, _ = read_volume(options.denoised)
    if before.shape != after.shape:
        raise SystemExit(f"input is {before.shape}, denoised is {after.shape}")
    before, after = before.astype(np.float32), after.astype(np.float32)
    blocks = homogeneous_blocks(before, spacing=spacing)
    shift = mean_shift(before, after, blocks)
    size = "x".join(str(s) for s in reversed(blocks.shape))
    print(f"{len(blocks.corners)} homogeneous tissue blocks of {size} voxels")
    print(f"noise SD before {block_noise(before, blocks):.4g}  after {block_noise(after, blocks):.4g}")
    print(
        f"mean shift: mean {shift['mean']:+.3g}  median |shift| {shift['median']:.3g}  worst block {shift['worst']:.3g}"
    )
    bands = [f"{low}-{high} %" for low, high in itertools.pairwise(BANDS)]
    print(
        "leak by edge strength "
        + "  ".join(f"{b}: {v:.2f}" for b, v in zip(bands, leak(before, after, body_mask(before)), strict=True))
    )


if __name__ == "__main__":
    main()
