"""Nothing of ours uses the network; a batch's own cluster stays on this computer."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

from Testing.CommandLine.conftest import ROOT, environment

#: Python runs this at its start, in every process of a run: each use of a socket leaves a line.
WATCH = """
import json, os, sys
def watch(event, args):
    if event.startswith("socket.") and event != "socket.__new__":
        host = args[1][0] if event in ("socket.connect", "socket.bind") and isinstance(args[1], tuple) else args[0]
        with open(os.environ["WATCHED"], "a") as file:
            file.write(json.dumps([event, str(host)]) + "\\n")
sys.addaudithook(watch)
"""
#: What opens connections.
NETWORK = {"socket", "ssl", "http", "urllib.request", "ftplib", "smtplib", "requests", "httpx", "aiohttp", "xmlrpc"}
#: Modules that Dask is allowed in.
BATCH = "batch"


#: pydicom imports requests where that is installed, and its urllib3 tries whether this computer knows its own address.
IPV6_PROBE = ("socket.bind", "::1")


@pytest.fixture
def watched(tmp_path):
    """Run ``nsn2n`` in a process of its own; returns what it and its children did with sockets."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch/sitecustomize.py").write_text(WATCH)

    def run(*arguments) -> list[tuple[str, str]]:
        log = tmp_path / "log"
        log.write_text("")
        found = {**environment(), "WATCHED": str(log)}
        found["PYTHONPATH"] = f"{tmp_path / 'watch'}:{found['PYTHONPATH']}"
        command = [sys.executable, "-m", "NSN2NDenoiseLib.cli", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=found, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return [event for event in map(tuple, map(json.loads, log.read_text().splitlines())) if event != IPV6_PROBE]

    return run


def test_the_watch_sees_a_socket(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    found = {**environment(), "WATCHED": str(tmp_path / "log"), "PYTHONPATH": str(tmp_path)}
    code = "import socket\nwith socket.socket() as s: s.bind(('127.0.0.1', 0))"
    subprocess.run([sys.executable, "-c", code], env=found, check=True, timeout=240)
    assert json.loads((tmp_path / "log").read_text()) == ["socket.bind", "127.0.0.1"]


def test_the_command_line_opens_none(watched, small):
    assert watched("denoise", small, "out.nrrd", "--steps", "2", "--device", "cpu", "--preview", "look.png") == []
    assert watched("inspect", small) == []


def test_a_batch_stays_on_this_computer(watched, small, tmp_path):
    (tmp_path / "in").mkdir()
    sitk.WriteImage(sitk.ReadImage(str(small))[:40, :40, :6], str(tmp_path / "in/v.nrrd"))
    used = watched("batch", "in", "out", "--preset", "fast", "--device", "cpu", "--workers", "1")
    hosts = {host for event, host in used if event in ("socket.connect", "socket.bind", "socket.sendto")}
    assert hosts == {"127.0.0.1"}


def test_no_module_imports_what_opens_connections():
    library = ROOT / "NSN2NDenoise"
    files = [path for path in library.rglob("*.py") if "Testing" not in path.parts]
    assert len(files) > 100
    for path in files:
        names = imported(path)
        assert not names & NETWORK, path
        assert BATCH in path.parts or not names & {"dask", "distributed", "dask_jobqueue"}, path


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, each with the packages that it is in."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {".".join(name.split(".")[:count]) for name in names for count in (1, 2)}
