"""Loads what a run needs, and forks a process for each client; ends when its stdin does.

    python server.py LISTENER PROGRAM

A guard is forked first, which forks the worker: it tells the client how that ended, passes on the signals that the
client is sent, and kills the worker if the client is gone. What multiprocessing starts in a worker is PROGRAM, too.
"""

import atexit
import fcntl
import gc
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import types
import weakref
from contextlib import suppress

import distributed  # noqa: F401
import numpy as np
import SimpleITK  # noqa: F401
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import worker  # noqa: F401
from NSN2NDenoiseLib.cli import commands, preview  # noqa: F401
from NSN2NDenoiseLib.engine.judge import kept  # noqa: F401
from NSN2NDenoiseLib.engine.train import training  # noqa: F401

PROGRAM = sys.argv[2]


def warm_up() -> None:
    """Load the kernels of both filters, of white noise and of other; no training, whose threads no fork survives."""
    white = np.random.default_rng(0).normal(0, 30, (6, 40, 40))
    for volume in (white, white + np.roll(white, 1, axis=1) + np.roll(white, 1, axis=2)):
        engine.denoise(volume.astype(np.float32), engine.Settings.from_preset("fast", device="cpu"))


def serve(listener: socket.socket) -> None:
    """Fork a guard for every client, until whoever started this process is gone."""
    while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
        if listener in ready:
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                guard(client)
            client.close()
        bury(os.WNOHANG)
    bury(0)


def bury(how: int) -> None:
    """Take notice of the guards that have ended, so that their seconds count."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def guard(client: socket.socket) -> None:
    """Fork the worker, tell how it ended, and end."""
    size, files, _, _ = socket.recv_fds(client, 8, 100)
    asked = b""
    while rest := int.from_bytes(size, "big") - len(asked):
        asked += client.recv(rest)
    pid = os.fork()
    if pid == 0:
        client.close()
        work(files, *json.loads(asked))
    for file in files:
        os.close(file)

    def watch() -> None:
        with suppress(ProcessLookupError):
            while number := client.recv(1):
                os.kill(pid, number[0])
            os.kill(pid, signal.SIGKILL)  # the client has ended

    threading.Thread(target=watch, daemon=True).start()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):
        client.sendall(str(status).encode())
    os._exit(0)


def work(files: list[int], numbers: list[int], arguments: list[str], folder: str, environment: dict) -> None:
    """Be the interpreter, with these open files under the numbers that its starter gave them."""
    held = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1) for file in files]
    for file in files:
        os.close(file)
    for file, number in zip(held, numbers, strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    # those of the server know it as a file, perhaps, and this one is a pipe
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww"))
    sys.stdout.reconfigure(line_buffering=os.isatty(1), write_through="PYTHONUNBUFFERED" in environment)
    os.chdir(folder)
    multiprocessing.set_executable(PROGRAM)
    status = 0
    try:
        run(arguments)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
    except BaseException as error:
        traceback.print_exc()
        status = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def run(arguments: list[str]) -> None:
    """``-c CODE``, ``-m MODULE`` or ``FILE``, with arguments; flags before them are left to the server's own."""
    while arguments[0].startswith("-") and arguments[0] not in ("-c", "-m"):
        arguments = arguments[1:]
    kind, *rest = arguments
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), vars(main))
    elif kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(kind))
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    warm_up()
    for finalizer in list(weakref.finalize._registry):
        finalizer.atexit = False  # what this process has, no other has to tidy up
    gc.collect()
    gc.freeze()  # no other has to look through it, and so to copy it
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        serve(listener)
