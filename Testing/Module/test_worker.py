"""The child process by itself: what it says, how it ends, and that it does not outlive Slicer."""

import subprocess
import sys
import time

import numpy as np
import pytest
from NSN2NDenoiseLib.child import protocol

from Testing.Module.support import LONG, MODULE_FOLDER, SHORT, isAlive

WORKER = MODULE_FOLDER / "NSN2NDenoiseLib" / "child" / "worker.py"


@pytest.fixture
def job(tmp_path):
    """Function: writes a job directory for a noisy volume and starts the worker on it, with a Python that is given."""

    def start(program, volume=None, **fields):
        directory = tmp_path / "job"
        directory.mkdir()
        if volume is None:
            k, j, i = np.mgrid[:12, :48, :48]
            ball = np.where(((k - 6) * 2) ** 2 + (j - 24) ** 2 + (i - 24) ** 2 < 18**2, 500, -500)
            volume = (ball + np.random.default_rng(0).normal(0, 30, ball.shape)).astype(np.int16)
        np.save(directory / protocol.VOLUME_FILE, volume)
        protocol.write_job(str(directory), {"spacing": [2.0, 1.0, 1.0], **fields})
        process = subprocess.Popen(
            [program, str(WORKER), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return directory, process

    return start


def messages(output: bytes) -> list[dict]:
    return [m for line in output.decode().splitlines() if (m := protocol.parse_line(line)) is not None]


def finish(process):
    """Output and errors of a child whose stdin stays open until it ends, as Slicer keeps it."""
    output = process.stdout.read()
    errors = process.stderr.read()
    process.wait(timeout=240)
    process.stdin.close()
    return output, errors


def untilTraining(process):
    for line in process.stdout:
        if b'"learn"' in line:
            return
    raise AssertionError(process.stderr.read().decode())


def test_denoise(job):
    directory, process = job(
        sys.executable, task=protocol.DENOISE, preset="default", settings={**SHORT, "threshold": 0.05}
    )
    output, errors = finish(process)
    said = messages(output)
    assert process.returncode == protocol.DONE, errors.decode() + str(said[-1:])
    assert said[-1]["type"] == "done" and said[-1]["report"]["seed"] == 0
    volume = np.load(directory / protocol.VOLUME_FILE)
    denoised = np.load(directory / protocol.DENOISED_FILE)
    assert denoised.shape == volume.shape and denoised.dtype == volume.dtype


def test_a_child_that_nobody_needs_goes_soon(job, python):
    """It holds a copy of the volume: no minutes of waiting for a preview that may come."""
    _directory, process = job(python, task=protocol.MATCH, axis="auto", preset="default")
    for line in process.stdout:
        if b'"suggested"' in line:
            break
    assert process.wait(timeout=240) == protocol.DONE


def test_cancel(job, python):
    _directory, process = job(python, task=protocol.DENOISE, preset="default", settings={**LONG, "threshold": 0.05})
    untilTraining(process)
    process.stdin.write(b"cancel\n")
    process.stdin.flush()
    assert process.wait(timeout=240) == protocol.CANCELLED


def test_parent_dies(job, python):
    directory, process = job(python, task=protocol.DENOISE, preset="default", settings={**LONG, "threshold": 0.05})
    untilTraining(process)
    process.stdin.close()
    process.stdout.close()
    assert process.wait(timeout=240) == protocol.PARENT_GONE
    assert not directory.exists()


def test_parent_is_killed(job, tmp_path):
    """A Slicer that is killed takes its child with it, and the child removes the files."""
    directory, process = job(
        sys.executable, task=protocol.DENOISE, preset="default", settings={**LONG, "threshold": 0.05}
    )
    process.kill()
    process.wait()
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, {str(WORKER)!r}, {str(directory)!r}], stdin=subprocess.PIPE)\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    for line in parent.stdout:
        if b'"learn"' in line:
            break
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 240
    while isAlive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not isAlive(child)
    assert not directory.exists()


def test_unusable_volume(job, python):
    _directory, process = job(
        python, np.zeros((8, 32, 32), np.int16), task=protocol.DENOISE, preset="default", settings=dict(SHORT)
    )
    output, _errors = finish(process)
    error = messages(output)[-1]
    assert process.returncode == protocol.UNUSABLE
    assert error["kind"] == "input" and "constant" in error["message"] and "Traceback" in error["details"]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (MemoryError(), "internal", "out of memory; crop the volume"),
        (RuntimeError("could not create a primitive"), "internal", "out of memory; crop the volume"),
        (KeyError(), "internal", "KeyError()"),
        (OSError(28, "No space left on device"), "files", "could not be written or read: [Errno 28] No space left"),
    ],
)
def test_what_is_said_of_errors(tmp_path, monkeypatch, error, kind, words):
    from NSN2NDenoiseLib.child import worker

    def fail(*_):
        raise error

    protocol.write_job(str(tmp_path), {"task": protocol.MATCH})
    parent, said = worker.Parent(str(tmp_path)), []
    monkeypatch.setattr(worker, "match", fail)
    monkeypatch.setattr(parent, "send", lambda type, **fields: said.append(fields))
    assert worker.run(str(tmp_path), parent) == protocol.FAILED
    assert said[0]["kind"] == kind and words in said[0]["message"] and "Traceback" in said[0]["details"]


def inProcess(worker, tmp_path, monkeypatch, wantsResidual=True, **job):
    """Do a job of a small volume in this process; its exit status, and the fields of its messages by their type."""
    np.save(tmp_path / protocol.VOLUME_FILE, np.random.default_rng(0).normal(0, 30, (6, 32, 32)).astype(np.float32))
    protocol.write_job(str(tmp_path), {"spacing": [1, 1, 1], "preset": "default", **job})
    parent, said = worker.Parent(str(tmp_path)), {}
    monkeypatch.setattr(parent, "send", lambda type, **fields: said.update({type: fields}))
    if wantsResidual:
        parent.residualWanted.set()  # it waits for nothing
    return worker.run(str(tmp_path), parent), said


def test_a_network_that_can_not_be_left_costs_nobody_the_result(tmp_path, monkeypatch):
    """The disk has room for the result, and none for the network of a run of hours."""
    from NSN2NDenoiseLib import engine
    from NSN2NDenoiseLib.child import worker

    def denoise(volume, *_, **__):
        return engine.DenoiseResult(volume / 2, volume > 0, [], {"warnings": ["one"]}, "a network")

    def save(network, path):
        with open(path, "w") as file:
            file.write(network[:4])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine, "denoise", denoise)
    monkeypatch.setattr(engine, "save_network", save)
    status, said = inProcess(worker, tmp_path, monkeypatch, task=protocol.DENOISE, settings={})
    assert status == protocol.DONE and (tmp_path / protocol.DENOISED_FILE).exists()
    assert not (tmp_path / protocol.NETWORK_FILE).exists()
    first, second = said["done"]["report"]["warnings"]
    assert first == "one" and "network could not be kept ([Errno 28]" in second


def test_a_disk_without_room_for_the_residual_is_an_error(tmp_path, monkeypatch):
    """The first touch of a place in a map that the disk has no room for would end the process."""
    from NSN2NDenoiseLib.child import worker

    def full(file, start, size):
        assert (start, size) == (0, 6 * 32 * 32 * 4)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker.os, "posix_fallocate", full)
    status, said = inProcess(worker, tmp_path, monkeypatch, task=protocol.MATCH, axis="auto")
    assert status == protocol.FAILED and said["error"]["kind"] == "files" and "slices" not in said
    monkeypatch.delattr(worker.os, "posix_fallocate")  # there is none on macOS and Windows
    monkeypatch.setattr(worker, "RESERVED", 10_000)
    status, said = inProcess(worker, tmp_path, monkeypatch, task=protocol.MATCH, axis="auto")
    assert status == protocol.DONE and len(np.fromfile(tmp_path / protocol.RESIDUAL_FILE, np.float32)) == 6 * 32 * 32


def test_who_only_wants_the_threshold_needs_no_room_on_the_disk(tmp_path, monkeypatch):
    """Four bytes a voxel, for each volume that is looked at."""
    from NSN2NDenoiseLib.child import worker

    for name in ("QUIET_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(worker, name, 0)
    monkeypatch.setattr(worker, "_tell_cost", lambda *_: True)
    status, said = inProcess(worker, tmp_path, monkeypatch, wantsResidual=False, task=protocol.MATCH, axis="auto")
    assert status == protocol.DONE and "suggested" in said and "slices" not in said
    assert not (tmp_path / protocol.RESIDUAL_FILE).exists()


def test_no_slicer_no_torch_for_the_mask():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['slicer', 'qt', 'vtk', 'ctk', 'torch', 'SimpleITK']))\n"
        "import NSN2NDenoiseLib.child.worker"
    )
    subprocess.run([sys.executable, "-c", code], cwd=MODULE_FOLDER, check=True)


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_lines_survive_any_cutting(cut):
    sent = b"log\n" + protocol.message_line({"type": "slices", "indices": [1, 2]}).encode() + "h\u00e9\n".encode()
    buffer = protocol.LineBuffer()
    lines = [line for n in range(0, len(sent), cut) for line in buffer.feed(sent[n : n + cut])]
    assert lines == ["log", 'NSN2N:{"type":"slices","indices":[1,2]}', "h\u00e9"]
    assert buffer.flush() == []


def test_lines_that_are_no_messages():
    assert protocol.parse_line("hello") is None
    assert protocol.parse_line(protocol.PREFIX + '{"type":"done"') is None
    assert protocol.parse_line(protocol.PREFIX + "3") is None
    assert protocol.message_line({"type": "x", "loss": float("nan")}) == 'NSN2N:{"type":"x","loss":null}\n'
