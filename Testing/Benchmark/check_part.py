"""What a preview and a run within a region cost, beside a run of preset fast on the whole volume.

    python Testing/Benchmark/check_part.py VOLUME

Exit status 1 when the voxels of a preview are not those of the run.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from NSN2NDenoiseLib import engine

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.volume_io import read_volume


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", type=Path)
    volume, spacing = read_volume(parser.parse_args().volume)
    settings = engine.Settings.from_preset("fast", device="cpu")
    middle = [side // 2 for side in volume.shape]
    small = tuple(slice(max(0, at - 32), at + 32) for at in middle)
    engine.denoise(np.ascontiguousarray(volume[small]), settings)  # compiles the kernels

    whole = timed("run, whole volume", lambda: engine.denoise(volume, settings, spacing=spacing)).denoised
    wanted = np.zeros(volume.shape, bool)
    wanted[small] = True
    timed("run within 64 x 64 x 64", lambda: engine.denoise(volume, settings, spacing=spacing, within=wanted))
    preview = timed("preview, first look", lambda: engine.ResultPreview(volume, spacing=spacing))
    same = True
    for name, box in (
        ("preview, slice", (slice(middle[0], middle[0] + 1), slice(None), slice(None))),
        ("preview, 6 slices on", (slice(middle[0] + 6, middle[0] + 7), slice(None), slice(None))),
        (
            "preview, 128 x 128 of a slice",
            (slice(middle[0], middle[0] + 1), *(slice(m - 64, m + 64) for m in middle[1:])),
        ),
        ("preview, reformatted, all of a row", (slice(None), slice(middle[1], middle[1] + 1), slice(None))),
    ):
        if "on" not in name.split():  # nothing is known yet
            preview = engine.ResultPreview(volume, spacing=spacing)
        box = tuple(slice(*side.indices(size)[:2]) for side, size in zip(box, volume.shape, strict=True))
        sketch = timed(f"{name}: sketch", preview.sketch, box, settings).astype(float)
        where, found = timed(f"{name}: result", preview.box, box, settings)
        same = same and np.array_equal(found, whole[where])
        removed, off = volume[box] - whole[box].astype(float), sketch - whole[box]
        print(f"    the sketch is off by an SD of {off.std():.2f}, where {removed.std():.2f} was removed")
    print("the previews' voxels are those of the run" if same else "the previews' voxels are OTHERS than the run's")
    return int(not same)


def timed(name: str, work, *given):
    """What the work returns; its seconds are printed."""
    start = time.perf_counter()
    result = work(*given)
    print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
