"""A made-up volume larger than the memory that is allowed is denoised in parts; prints time, peak memory, prediction.

    python Testing/Benchmark/check_parts.py [--size 160 384 384] [--memory 0.75]
    python Testing/Benchmark/check_parts.py --size 1500 1500 1500 --memory 2.3 --one

Without `--one` the command `nsn2n denoise` runs to its end, under GNU time where that is installed. With it, the look
and the part in the middle are done (or a smaller one, `--part`), and the time of all is told from the voxels that are
worked on. With a file in `--keep`, the volume is written there and kept, or read if it is there already. Exit status 1
when the process held more than the memory that was allowed. The voxels are uint16; the noise is white, or with
`--colored` a network is trained (preset default).
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli.stored.files import create_stored, open_stored
from NSN2NDenoiseLib.cli.stored.volume import StoredVolume
from NSN2NDenoiseLib.engine.large import parts
from NSN2NDenoiseLib.engine.large.bricks import choose_bricks, cut, work
from NSN2NDenoiseLib.engine.runtime.machine import peak_memory_mb
from NSN2NDenoiseLib.engine.runtime.memory import predict_memory_mb
from scipy import ndimage

#: Slices of noise that are drawn; others are these, moved along.
DRAWN = 24
#: What else is predicted.
LARGER = (3400, 2000, 2000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(160, 384, 384), help="slices, rows, columns")
    parser.add_argument("--memory", type=float, default=0.75, help="GB that are allowed")
    parser.add_argument("--one", action="store_true", help="only the look and one part")
    parser.add_argument("--part", type=int, nargs=3, help="slices, rows and columns of that part")
    parser.add_argument("--keep", type=Path, help="the volume's file (.nrrd)")
    parser.add_argument("--colored", action="store_true", help="colored noise and preset default")
    parser.add_argument("--folder", type=Path, default=None, help="where the volumes are written (a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source = options.keep or Path(folder) / "large.nrrd"
        if not source.exists():
            write_volume(source, tuple(options.size), options.colored)
        preset = "default" if options.colored else "fast"
        whole = predict_memory_mb(tuple(options.size), np.dtype(np.uint16), engine.Settings.from_preset(preset)) / 1000
        print(f"{source.stat().st_size / 1e9:.2f} GB; in memory, {preset} would take {whole:.1f} GB", flush=True)
        target = Path(folder) / "out.nrrd"
        if options.one:
            peak = one_part(source, target, options.memory, preset, options.part)
        else:
            peak = whole_run(source, target, options.memory, preset)
    print(f"peak memory {peak:.2f} GB, allowed {options.memory:g} GB")
    return int(peak > options.memory)


def write_volume(path: Path, size: tuple[int, int, int], colored: bool) -> None:
    """Rods of three brightnesses that turn slowly from slice to slice, and noise of SD 400, 4 % of the bright ones."""
    target = create_stored(path, StoredVolume(np.broadcast_to(np.uint16(0), size), (0.01, 0.01, 0.01)))
    random = np.random.default_rng(0)
    noise = random.standard_normal((DRAWN, *size[1:]), np.float32)
    if colored:
        noise = ndimage.gaussian_filter(noise, (0, 0.8, 0.8))
    noise *= 400 / noise.std()
    y, x = np.mgrid[: size[1], : size[2]].astype(np.float32) / 40
    for k in range(size[0]):
        turn = np.sin(x + np.float32(k / 150)) * np.cos(y - np.float32(k / 200))
        plane = np.select([turn > 0.55, turn > 0.1, turn < -0.7], [10000, 7000, 3000], 5000).astype(np.float32)
        plane += np.roll(noise[k % DRAWN], 37 * (k // DRAWN), axis=1)
        target[slice(k, k + 1), slice(0, size[1]), slice(0, size[2])] = np.rint(plane).astype(np.uint16)[None]


def whole_run(source: Path, target: Path, memory: float, preset: str) -> float:
    """The command to its end; returns its peak memory in GB."""
    command = [sys.executable, "-m", "NSN2NDenoiseLib.cli", "denoise", source, target, "--quiet"]
    command += ["--preset", preset, "--device", "cpu", "--memory", memory, "--report", target.with_name("report.json")]
    timed = ["/usr/bin/time", "-v"] if shutil.which("/usr/bin/time") else []
    start = time.monotonic()
    done = subprocess.run([*timed, *map(str, command)], stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        sys.exit(done.returncode)
    print("\n".join(line.strip() for line in done.stderr.splitlines() if "Maximum resident" in line))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(target.with_name("report.json").read_text())
    sides = " x ".join(map(str, report["parts"]["sides"]))
    print(f"{report['parts']['count']} parts of {sides}: {used.ru_utime + used.ru_stime:.0f} s CPU, {seconds:.0f} s")
    print(f"noise {report['noiseBefore']} -> {report['noiseAfter']}, predicted peak {report['predictedMemoryMB']} MB")
    return used.ru_maxrss * 1024 / 1e9


def one_part(source: Path, target: Path, memory: float, preset: str, part: list[int] | None) -> float:
    """The look, and the part in the middle; returns the peak memory of this process in GB."""
    chosen: dict = {}

    def choose(shape, reach, *rest):
        found = cut(shape, part) if part else choose_bricks(shape, reach, *rest)
        print(
            f"look: {time.process_time() - start:.0f} s CPU, peak memory {peak_memory_mb() / 1000:.2f} GB", flush=True
        )
        chosen.update(all=found, reach=reach, rest=rest, began=time.process_time())
        return [found[len(found) // 2]]

    parts.choose_bricks = choose
    volume = open_stored(source)
    target, start = create_stored(target, volume), time.process_time()
    settings = engine.Settings.from_preset(preset, device="cpu")
    engine.denoise_stored(volume.array, target, settings, spacing=volume.spacing, memory_mb=1000 * memory)
    seconds, before = time.process_time() - chosen["began"], chosen["began"] - start
    sides = tuple(side.stop - side.start for side in chosen["all"][0])
    print(f"one of {len(chosen['all'])} parts of {' x '.join(map(str, sides))}: {seconds:.0f} s CPU")
    reach, (dtype, settings, allowed) = chosen["reach"], chosen["rest"]
    for size, gigabytes in ((volume.array.shape, memory), (volume.array.shape, 4.0), (LARGER, 4.0), (LARGER, 16.0)):
        if 1000 * gigabytes < allowed:
            continue
        found = choose_bricks(size, reach, dtype, settings, 1000 * gigabytes)
        ours = tuple(side.stop - side.start for side in found[0])
        own = work(sides, volume.array.shape, reach) / len(chosen["all"])
        more = before * np.prod(size, dtype=float) / np.prod(volume.array.shape, dtype=float)
        hours = (more + seconds * work(ours, size, reach) / own) / 3600
        name = " x ".join(map(str, size))
        print(f"{name} with {gigabytes:g} GB: {len(found)} parts of {ours}, predicted {hours:.1f} h CPU")
    return peak_memory_mb() / 1000


if __name__ == "__main__":
    sys.exit(main())
