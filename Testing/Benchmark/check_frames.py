"""What pairs in time and a network of another series are worth, on a beating phantom with a truth.

python Testing/Benchmark/check_frames.py --data DIR [--steps 300]

Thighs, smoothed, with a ball of 120 HU that grows and shrinks from frame to frame, under colored noise. Errors are RMS
in tissue, and where the ball's edge moves between the first two frames.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine

from Benchmark.data import load

CT, CROP = "ct_ibsi_sts013_lownoise.nii.gz", ((40, 54), (60, 156), (70, 166))
#: SD of the noise (HU), width of its correlation in a slice (pixels), and over slices: none, overlapping slices.
SD, WITHIN, ACROSS = 30.0, 0.7, (0.0, 0.8)
#: SD and width of the noise of other series, for a network that was trained on `SD` and `WITHIN`.
SIBLINGS = ((30, 0.7), (60, 0.7), (30, 0.55), (30, 1.0))


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    volume, spacing = load(CT, CROP, [options.data])
    clean = ndimage.gaussian_filter(volume, (0, 0.6, 0.6))
    settings = engine.Settings.from_preset(learn=True, steps=options.steps, device="cpu", precision="float32")
    alone = engine.Settings.from_preset(learn=False, device="cpu", precision="float32")
    of_pairs(clean, spacing, settings, alone)
    of_siblings(clean, spacing, settings, alone)
    of_cost(clean, spacing, settings)


def of_cost(clean, spacing, settings):
    """Seconds of each frame, of which the first one is trained on."""
    noisy = [beating(clean, number)[0] + noise(clean.shape, SD, ACROSS[1], WITHIN, 20 + number) for number in range(4)]
    results = engine.denoise_frames(noisy, settings, spacing=spacing)
    seconds = [f"{sum(result.report['seconds'].values()):.1f}" for result in results]
    print(f"\nseconds of the frames: {', '.join(seconds)}")


def of_pairs(clean, spacing, settings, alone):
    """Slices or frames."""
    print("| noise of the slices | pairs of | noise correlation, matched | tissue | moving |\n|---|---|---|---|---|")
    (first, ball), (second, other_ball) = (beating(clean, number) for number in (0, 1))
    places = clean > -300, ball ^ other_ball
    for across in ACROSS:
        noisy, other = (
            frame + noise(frame.shape, SD, across, WITHIN, 10 + n) for n, frame in enumerate((first, second))
        )
        in_time = engine.denoise(noisy, settings, spacing=spacing, other_frame=other)
        in_space = engine.denoise(noisy, settings, spacing=spacing)
        none = engine.denoise(noisy, alone, spacing=spacing)
        name = "as of overlapping slices" if across else "independent"
        for pairs, result in (("slices", in_space), ("frames", in_time), ("none", none)):
            measured = in_time.report["pairing"].get(pairs)
            figures = (
                f"{measured['noiseCorrelation']:.2f}, {100 * measured['matchedFraction']:.0f} %" if measured else ""
            )
            chosen = " (chosen)" if in_time.report["pairing"]["pairs"] == pairs else ""
            errors = " | ".join(f"{rms(result.denoised - first, where):.2f}" for where in places)
            print(f"| {name} | {pairs}{chosen} | {figures} | {errors} |", flush=True)


def of_siblings(clean, spacing, settings, alone):
    """A network of its own, another series', or none."""
    print("\n| noise: SD, width | own network | that of the other series | none |\n|---|---|---|---|")
    trained = engine.denoise(clean + noise(clean.shape, SD, 0.0, WITHIN, 0), settings, spacing=spacing).network
    tissue = clean > -300
    for sd, width in SIBLINGS:
        noisy = clean + noise(clean.shape, sd, 0.0, width, 5)
        try:
            theirs = engine.denoise(noisy, settings, spacing=spacing, network=trained)
            used = f"{rms(theirs.denoised - clean, tissue):.2f}"
        except engine.InputError as error:
            used = "refused: " + str(error).split(": ")[1].split(",")[0]
        own, none = (engine.denoise(noisy, how, spacing=spacing) for how in (settings, alone))
        errors = [f"{rms(result.denoised - clean, tissue):.2f}" for result in (own, none)]
        print(f"| {sd}, {width} | {errors[0]} | {used} | {errors[1]} |", flush=True)


def beating(clean, number):
    """A frame, and where its ball is."""
    k, j, i = (np.arange(size) - size / 2 for size in clean.shape)
    radius = 14 + 5 * np.sin(2 * np.pi * number / 6)
    ball = (3 * k[:, None, None]) ** 2 + j[:, None] ** 2 + i**2 < radius**2
    return clean + 120 * ball.astype(np.float32), ball


def noise(shape, sd, across, width, seed):
    """Gaussian noise, smoothed over slices and in them, float32."""
    values = np.random.default_rng(seed).standard_normal(shape)
    values = ndimage.gaussian_filter(values, (across, width, width))
    return (sd * values / values.std()).astype(np.float32)


def rms(error, where):
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(error[where]))))


if __name__ == "__main__":
    main()
