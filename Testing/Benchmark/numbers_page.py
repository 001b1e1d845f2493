#!/usr/bin/env python3
"""Runs the commands behind the README's figures and writes what they print: numbers_page.py --data DIR (make numbers)

Numbers.md gets each command with its output, the commit, the machine and the date. It is written only when every
command succeeded.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmark import REPOSITORY, records
from Benchmark.tables import machine

PAGE = Path(__file__).resolve().parent / "Numbers.md"
CHECK = "python Testing/Benchmark/check_numbers.py"
#: DIR is the data folder, OUT where the volumes go.
COMMANDS = (
    f"{CHECK} mr --data DIR --write OUT/mr.nii.gz",
    "nsn2n denoise OUT/mr.nii.gz OUT/mr-out.nii.gz --overwrite",
    f"{CHECK} mr --data DIR --denoised OUT/mr-out.nii.gz",
    "nsn2n denoise DIR/ct_lidc0314_1mm_noisy.nii.gz OUT/ct-out.nii.gz --overwrite",
    f"{CHECK} real --input DIR/ct_lidc0314_1mm_noisy.nii.gz --denoised OUT/ct-out.nii.gz",
)


def main(arguments=None, commands=COMMANDS, page=PAGE):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the volumes")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "demo-output", help="where the volumes go")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    places = {"DIR": str(options.data.resolve()), "OUT": str(options.out.resolve())}
    parts = [
        "# Numbers",
        "What `make numbers DATA=DIR` printed, on development volumes: where the README's figures come from.",
        f"Commit {records.commit()}, {time.strftime('%Y-%m-%d')}; {machine(records.machine())}. Other programs may "
        "have run beside: CPU seconds tell more than wall seconds.",
    ]
    for command in commands:
        print(f"$ {command}", flush=True)
        status, output, wall, cpu = run(command, places)
        if status != 0:
            print(f"it failed with status {status}; {page.name} is left as it was", file=sys.stderr)
            return 1
        parts.append(f"    $ {command}\n{indented(output)}\n\n{wall:.0f} s, {cpu:.0f} s of the CPU.")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"wrote {page}")
    return 0


def run(command, places):
    """(exit status, what it printed without this machine's places, wall and CPU seconds); shown at once, too."""
    words = [_placed(word, places) for word in command.split()]
    words[0] = {"python": sys.executable, "nsn2n": str(Path(sys.executable).parent / "nsn2n")}.get(words[0], words[0])
    begin, before = time.perf_counter(), _children()
    lines = []
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY, env=os.environ
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    output = "".join(lines)
    for name, place in places.items():
        output = output.replace(place, name)
    return process.returncode, output, time.perf_counter() - begin, _children() - before


def indented(output):
    """A Markdown code block; of a line that was written over, what was left at the end."""
    lines = [line.rstrip("\r\n").rpartition("\r")[2].rstrip() for line in output.split("\n")]
    return "\n".join(f"    {line}" for line in lines if line)


def _placed(word, places):
    first, slash, rest = word.partition("/")
    return places.get(first, first) + slash + rest


def _children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
