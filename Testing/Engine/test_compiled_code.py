"""Files of compiled code: kept for the next start; a disk that is full, or a damaged file, ends no run."""

import os
import resource
import signal
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


def start(folder, before=None):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, str(folder / "triple.py")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, preexec_fn=before, **pipes)


def said(process) -> str:
    told, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return told.strip()


def fill():
    """No file may be larger than 1 kB, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, resource.RLIM_INFINITY))


def test_it_is_kept_and_nothing_that_happens_to_it_ends_a_run(tmp_path):
    (tmp_path / "triple.py").write_text(CALL)
    assert said(start(tmp_path, fill)) == "21 0"
    assert not list(tmp_path.rglob("*.nb*"))
    both = [start(tmp_path) for _ in range(2)]  # two programs that share it, from the start
    assert {said(process) for process in both} <= {"21 0", "21 1"}
    assert said(start(tmp_path)) == "21 1"
    for ending in ("nbi", "nbc"):
        for file in tmp_path.rglob(f"*.{ending}"):
            file.write_bytes(file.read_bytes()[: 5 if ending == "nbi" else 100])
        assert said(start(tmp_path)) == "21 0"
        assert said(start(tmp_path)) == "21 1"  # healed
