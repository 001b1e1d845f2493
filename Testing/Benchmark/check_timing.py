"""Are the seconds true that `nsn2n inspect` predicts? They are put beside those of the run, stage by stage.

    python Testing/Benchmark/check_timing.py VOLUME [--preset default] [--cpu]

On an idle machine; `--cpu` takes the CPU's clock instead of the wall's, which other programs disturb less (then with
OMP_NUM_THREADS=1). Exit status 1 when the whole is off by more than 25 %.
"""

import argparse
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine import timing
from NSN2NDenoiseLib.engine.runtime import progress, time_limit

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.volume_io import read_volume

#: Most that the prediction may be off by.
OFF = 0.25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", type=Path)
    parser.add_argument("--preset", default="default", choices=engine.PRESETS)
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    if options.cpu:
        progress.awake_seconds = time.process_time
        timing.time = time_limit.time = SimpleNamespace(monotonic=time.process_time, perf_counter=time.process_time)
    volume, spacing = read_volume(options.volume)
    settings = engine.Settings.from_preset(options.preset, device="cpu")
    look, slices = engine.take_look(volume, spacing=spacing)
    plan = engine.make_plan(look, settings)
    predicted = timing.predict_seconds(plan, look, timing.measure_speed(slices, look, plan))
    found = engine.denoise(volume, settings, spacing=spacing).report["seconds"]
    print(f"{'stage':10}{'predicted':>10}{'run':>10}")
    for name, seconds in predicted.items():
        print(f"{name:10}{seconds:10.2f}{found.get(name, 0.0):10.2f}")
    ratio = sum(predicted.values()) / (sum(found.values()) - found["look"])
    print(f"predicted / run: {ratio:.2f}")
    return int(abs(ratio - 1) > OFF)


if __name__ == "__main__":
    sys.exit(main())
