"""Files of compiled code: kept for the next start; a disk that is full, or a damaged file, ends no run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")
PACKAGE = Path(__file__).resolve().parents[2] / "NSN2NDenoise"
#: Call a compiled function; say its result, and whether it was found compiled.
CALL = """
from NSN2NDenoiseLib.engine.runtime.compiled_code import compiled

def triple(number):
    return 3 * number

triple = compiled(triple, nogil=True)
print(triple(7), sum(triple.stats.cache_hits.values()))
"""
#: Be so many programs at the same time, which have numba loaded, and nothing compiled; and tell when all have ended.
PROGRAMS = """
import contextlib, io, os, resource, runpy, signal, sys
import NSN2NDenoiseLib.engine.runtime.compiled_code

for line in sys.stdin:
    count, largest_file = map(int, line.split())
    for _ in range(count):
        if os.fork() == 0:
            if largest_file:  # as on a disk that is full
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
            with contextlib.redirect_stdout(io.StringIO()) as said:
                runpy.run_path(sys.argv[1])
            os.write(1, said.getvalue().encode())  # at once: another program may write, too
            os._exit(0)
    failed = any([os.wait()[1] for _ in range(count)])
    print("failed" if failed else "done", flush=True)
"""


@pytest.fixture
def start(tmp_path):
    """Start so many programs at the same time, and give back the set of what they say."""
    (tmp_path / "triple.py").write_text(CALL)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", PROGRAMS, str(tmp_path / "triple.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as programs:

        def said(count: int = 1, largest_file: int = 0) -> set[str]:
            print(count, largest_file, file=programs.stdin, flush=True)
            lines = []
            while (line := programs.stdout.readline().strip()) not in ("done", "failed", ""):
                lines.append(line)
            assert line == "done" and len(lines) == count
            return set(lines)

        yield said


def test_it_is_kept_and_nothing_that_happens_to_it_ends_a_run(start, tmp_path):
    assert start(largest_file=1 << 10) == {"21 0"}
    assert not list(tmp_path.rglob("*.nb*"))
    assert start(2) <= {"21 0", "21 1"}  # two programs that share it, from the start
    assert start() == {"21 1"}
    for ending in ("nbi", "nbc"):
        for file in tmp_path.rglob(f"*.{ending}"):
            file.write_bytes(file.read_bytes()[: 5 if ending == "nbi" else 100])
        assert start() == {"21 0"}
        assert start() == {"21 1"}  # healed
