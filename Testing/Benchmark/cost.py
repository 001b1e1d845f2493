"""How time and memory grow with the slices and the pixels of a volume: runs, a JSON file and a picture.

    python Testing/Benchmark/cost.py [--steps 30] [--write Testing/Benchmark/Cost]

Writes Cost.json and Cost.png. Made-up int16 volumes, preset default but for the number of steps. Times are ratios to
the smallest volume's, memory is the peak of the process, measured and as predicted beforehand. Needs matplotlib.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark.check_large import write_volume

matplotlib.use("Agg")
import matplotlib.pyplot as plt

#: (slices, side) of the runs: once only the slices grow, once only the pixels of a slice.
SLICES = [(count, 192) for count in (20, 40, 80, 160)]
PIXELS = [(20, side) for side in (128, 192, 256, 384, 512)]
#: What grows, each with the stages of the report that it consists of.
PARTS = {"matching": ("look", "match"), "training": ("learn",), "filtering": ("first", "refine", "spare")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--write", type=Path, default=Path(__file__).with_name("Cost"), help="name without suffix")
    options = parser.parse_args()
    runs = {size: run(*size, options.steps) for size in sorted({*SLICES, *PIXELS})}
    rows = [{"slices": slices, "side": side, **numbers} for (slices, side), numbers in runs.items()]
    options.write.with_suffix(".json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    draw(runs, options.write.with_suffix(".png"))


def run(slices: int, side: int, steps: int) -> dict:
    """Seconds of the `PARTS` and MB of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target, report = (Path(folder) / name for name in ("in.nii", "out.nii", "report.json"))
        write_volume(source, slices, side)
        command = [sys.executable, "-m", "NSN2NDenoiseLib.cli", "denoise", str(source), str(target), "--quiet"]
        subprocess.run([*command, "--steps", str(steps), "--report", str(report)], check=True)
        numbers = json.loads(report.read_text())
    seconds = {part: sum(numbers["seconds"].get(stage, 0.0) for stage in stages) for part, stages in PARTS.items()}
    memory = {"measuredMB": numbers["peakMemoryMB"], "predictedMB": numbers["predictedMemoryMB"]}
    print(
        f"{slices} x {side} x {side}: measured {memory['measuredMB']:.0f} MB, predicted {memory['predictedMB']:.0f} MB"
    )
    return {"seconds": {part: round(value, 4) for part, value in seconds.items()}, **memory}


def draw(runs: dict, path: Path) -> None:
    """Left: time over the smallest volume's; right: memory. Above: more slices; below: more pixels."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 7))
    cases = (
        (SLICES, lambda size: size[0], f"slices of {SLICES[0][1]} x {SLICES[0][1]} pixels"),
        (PIXELS, lambda size: size[1] ** 2 / 1000, f"thousand pixels in each of {PIXELS[0][0]} slices"),
    )
    for (time, memory), (sizes, amount, label) in zip(axes, cases, strict=True):
        x = [amount(size) for size in sizes]
        for part in PARTS:
            seconds = [runs[size]["seconds"][part] for size in sizes]
            time.plot(x, [value / seconds[0] for value in seconds], "o-", ms=4, label=part)
        time.plot(x, [value / x[0] for value in x], "k:", lw=1, label="in proportion")
        time.set(xscale="log", yscale="log", xlabel=label, ylabel="time, ratio to the smallest")
        time.set_xticks(x, [f"{value:.0f}" for value in x])
        time.set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
        time.minorticks_off()
        memory.plot(x, [runs[size]["measuredMB"] for size in sizes], "o", label="measured")
        memory.plot(x, [runs[size]["predictedMB"] for size in sizes], "-", label="predicted")
        memory.set(xlabel=label, ylabel="peak memory, MB", ylim=(0, None))
        for axis in (time, memory):
            axis.grid(alpha=0.3)
            axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
