"""Loads what a run needs, and forks a process for each client; ends when its stdin does.

    python server.py LISTENER

A guard is forked first, which forks the worker: it tells the client how that ended, and kills it if the client is gone.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import weakref
from contextlib import suppress

import numpy as np
import SimpleITK  # noqa: F401
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import worker  # noqa: F401
from NSN2NDenoiseLib.cli import commands, preview  # noqa: F401
from NSN2NDenoiseLib.engine.judge import kept  # noqa: F401
from NSN2NDenoiseLib.engine.train import training  # noqa: F401


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
    size, streams, _, _ = socket.recv_fds(client, 8, 3)
    asked = b""
    while len(asked) < int.from_bytes(size, "big"):
        asked += client.recv(65536)
    pid = os.fork()
    if pid == 0:
        client.close()
        work(streams, *json.loads(asked))
    for stream in streams:
        os.close(stream)

    def watch() -> None:
        client.recv(1)  # nothing comes: the client has ended
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):
        client.sendall(str(status).encode())
    os._exit(0)


def work(streams: list[int], arguments: list[str], folder: str, environment: dict) -> None:
    """Be the interpreter."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    # those of the server know it as a file, perhaps, and this one is a pipe
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww"))
    sys.stdout.reconfigure(line_buffering=os.isatty(1), write_through="PYTHONUNBUFFERED" in environment)
    os.chdir(folder)
    status = 0
    try:
        run(arguments)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run(arguments: list[str]) -> None:
    """``-c CODE``, ``-m MODULE`` or ``FILE``, with arguments."""
    kind, *rest = arguments
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
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
