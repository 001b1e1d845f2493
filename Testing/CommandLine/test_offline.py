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


#: ``nsn2n`` several times in one process; each time with a log of its own.
CALLS = """
import json, os, sys
from NSN2NDenoiseLib.cli.main import main
for log, arguments in json.loads(sys.argv[1]):
    os.environ["WATCHED"] = log
    assert main(arguments) == 0, arguments
"""


@pytest.fixture(scope="module")
def used(small, tmp_path_factory) -> dict[str, list[tuple[str, str]]]:
    """What an interpreter that loads ``nsn2n``, denoises, inspects and then runs a batch did with sockets each time."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "watch").mkdir()
    (folder / "watch/sitecustomize.py").write_text(WATCH)
    (folder / "in").mkdir()
    sitk.WriteImage(sitk.ReadImage(str(small))[:40, :40, :6], str(folder / "in/v.nrrd"))
    calls = {
        "denoise": ("in/v.nrrd", "out.nrrd", "--steps", "2", "--device", "cpu", "--preview", "look.png"),
        "inspect": ("in/v.nrrd",),
        "batch": ("in", "out", "--preset", "fast", "--device", "cpu", "--workers", "1"),
    }
    found = {**environment(), "WATCHED": str(folder / "load")}
    found["PYTHONPATH"] = f"{folder / 'watch'}:{found['PYTHONPATH']}"
    words = json.dumps([(str(folder / name), [name, *arguments]) for name, arguments in calls.items()])
    how = {"cwd": folder, "env": found, "capture_output": True, "text": True, "timeout": 240}
    done = subprocess.run([sys.executable, "-c", CALLS, words], **how)
    assert done.returncode == 0, done.stderr
    return {name: events(folder / name) for name in ("load", *calls)}


def events(log: Path) -> list[tuple[str, str]]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [event for event in map(tuple, map(json.loads, lines)) if event != IPV6_PROBE]


def test_the_watch_sees_a_socket(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    found = {**environment(), "WATCHED": str(tmp_path / "log"), "PYTHONPATH": str(tmp_path)}
    code = "import socket\nwith socket.socket() as s: s.bind(('127.0.0.1', 0))"
    subprocess.run([sys.executable, "-c", code], env=found, check=True, timeout=240)
    assert json.loads((tmp_path / "log").read_text()) == ["socket.bind", "127.0.0.1"]


def test_the_command_line_opens_none(used):
    assert used["load"] == used["denoise"] == used["inspect"] == []


def test_a_batch_stays_on_this_computer(used):
    hosts = {host for event, host in used["batch"] if event in ("socket.connect", "socket.bind", "socket.sendto")}
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
