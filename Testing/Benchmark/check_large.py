"""A made-up volume as large as a whole-body CT goes through load, mask and inference; prints time shares, peak memory.

    python Testing/Benchmark/check_large.py [--slices 610] [--side 512] [--limit-gb 6] [--folder DIR]

Exit status 1 when the peak exceeds the limit. The voxels are int16; a few training steps are enough, since neither time
nor memory of the other stages depends on them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

STEPS = 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=610)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--limit-gb", type=float, default=6.0)
    parser.add_argument("--folder", type=Path, default=None, help="where the volumes are written (a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source, target, report = (Path(folder) / name for name in ("large.nii", "out.nii", "report.json"))
        write_volume(source, options.slices, options.side)
        command = [sys.executable, "-m", "NSN2NDenoiseLib.cli", "denoise", str(source), str(target)]
        status = subprocess.run([*command, "--steps", str(STEPS), "--report", str(report)]).returncode
        if status:
            return status
        numbers = json.loads(report.read_text())
        written = sitk.ReadImage(str(target))
    assert written.GetSize() == (options.side, options.side, options.slices)
    total = sum(numbers["seconds"].values())
    print("shares of the time: " + ", ".join(f"{k} {100 * v / total:.0f} %" for k, v in numbers["seconds"].items()))
    peak = numbers["peakMemoryMB"] / 1000
    predicted = numbers["predictedMemoryMB"] / 1000
    print(f"peak memory: {peak:.2f} GB (predicted {predicted:.2f} GB, limit {options.limit_gb:g} GB)")
    return int(peak > options.limit_gb)


def write_volume(path: Path, slices: int, side: int) -> None:
    """A body with organs that change slowly from slice to slice, and white noise of SD 25."""
    random = np.random.default_rng(0)
    volume = np.empty((slices, side, side), np.int16)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    for k in range(slices):
        z = 2 * k / slices - 1
        plane = np.full((side, side), -1000.0, np.float32)
        plane[(x / 0.85) ** 2 + (y / 0.65) ** 2 < 1] = 40
        plane[((x + 0.4) / 0.3) ** 2 + (y / 0.4) ** 2 < 1 - z * z] = -800
        plane[(x / 0.12) ** 2 + ((y - 0.4) / 0.12) ** 2 < 1] = 400
        volume[k] = plane + 25 * random.standard_normal((side, side), np.float32)
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing((0.8, 0.8, 1.0))
    sitk.WriteImage(image, str(path))


if __name__ == "__main__":
    sys.exit(main())
