"""What goes wrong, on purpose: runs of ``nsn2n`` in processes that end themselves at a chosen moment.

The processes are forked from a server that has loaded everything, so that one takes no seconds to start. Nothing here
depends on how fast the machine is: a process is killed by itself, at the moment that it names.
"""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

import pytest

from Testing.CommandLine.conftest import ROOT, Ended

#: Moments of a run; those from "look" to "report" are the stages that it tells, "commit" is behind the first rename.
STAGES = ("read", "look", "match", "first", "learn", "spare", "judge", "report", "write", "commit")


@dataclass(frozen=True)
class Fault:
    """What shall happen.

    Attributes:
        signal: sent by the process to itself at `stage`.
        stage: one of `STAGES`, or None.
        full_at: the disk is full from this output on, counted from 0; or None.
        vanish: file that is removed behind `vanish_after`, "check" (of the arguments) or "header" (of the file).
    """

    signal: int = signal.SIGKILL
    stage: str | None = None
    full_at: int | None = None
    vanish: str | None = None
    vanish_after: str = "check"


NONE = Fault()


def start_server() -> multiprocessing.context.BaseContext:
    """A context whose processes have torch, SimpleITK and the command line loaded from their first moment."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["Testing.CommandLine.faults_preload"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "NSN2NDenoise"), str(ROOT)]))
        forkserver.ensure_running()
    return context


def run(context, folder: Path, commands: list[list[str]], fault: Fault = NONE) -> list[Ended]:
    """Run commands one after the other in one process, with a fault.

    Returns:
        How each ended, what it printed in `stderr`; if the process died, the last has its exit status.
    """
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(str(folder), commands, fault, writer))
    process.start()
    writer.close()
    printed = b""
    while data := os.read(reader.fileno(), 65536):
        printed += data
    process.join(240)
    ended = []
    for part in printed.decode().split("\0")[1:]:
        output, _, status = part.partition("\1")
        ended.append(Ended(int(status) if status else process.exitcode, "", output))
    return ended


def _child(folder: str, commands: list[list[str]], fault: Fault, writer) -> None:
    from NSN2NDenoiseLib.cli.main import main

    os.chdir(folder)
    for stream in (1, 2):  # a pipe, which is never full as a disk is
        os.dup2(writer.fileno(), stream)
    _prepare(fault)
    for command in commands:
        os.write(1, b"\0")
        try:
            status = main(command)
        except SystemExit as ending:
            status = ending.code
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(1, f"\1{status}".encode())


def _prepare(fault: Fault) -> None:
    from NSN2NDenoiseLib.cli import commands, staged_files, volume_io
    from NSN2NDenoiseLib.dicom import read

    def strike() -> None:
        os.kill(os.getpid(), fault.signal)

    def before(module, name: str, act: Callable[[], None], skip: int = 0) -> None:
        """Act once, when module.name is called for the time after `skip`."""
        original, calls = getattr(module, name), []

        def wrapped(*arguments, **options):
            calls.append(name)
            if len(calls) == skip + 1:
                act()
            return original(*arguments, **options)

        setattr(module, name, wrapped)

    class Bar(commands.ProgressBar):
        def __call__(self, progress) -> None:
            if progress.stage == fault.stage and not getattr(self, "struck", False):
                self.struck = True
                strike()

    commands.ProgressBar = Bar
    if fault.stage == "read":
        before(commands, "read_volume", strike)
    if fault.stage == "write":
        before(commands, "write_like", strike, skip=1)
    if fault.stage == "commit":
        before(staged_files.os, "replace", strike, skip=1)
    if fault.full_at is not None:

        def fill() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))

        before(staged_files.StagedFiles, "path", fill, skip=fault.full_at)
    if fault.vanish is not None:

        def vanish() -> None:
            os.unlink(fault.vanish)

        if fault.vanish_after == "check":
            before(commands, "read_volume", vanish)
        else:
            before(volume_io.sitk.ImageFileReader, "Execute", vanish)
            before(read.sitk.ImageSeriesReader, "Execute", vanish)
