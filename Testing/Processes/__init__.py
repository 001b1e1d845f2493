"""Python that starts in a moment: processes forked from one that has torch and the package loaded already."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where the package is.
PACKAGE = Path(__file__).resolve().parents[2] / "NSN2NDenoise"


@contextmanager
def quick_python(name: str = "python") -> Iterator[str]:
    """A program to start instead of the interpreter, with the same arguments, open files, end and exit status.

    What starts it may write to it, read from it, interrupt, terminate and kill it; it has another number than the
    process that works. Without fork, the interpreter.

    Args:
        name: of the program's file.
    """
    if not hasattr(os, "fork"):
        yield sys.executable
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        address, program = Path(folder, "address"), Path(folder, name)
        listener.bind(str(address))
        listener.listen(16)
        here = Path(__file__).parent
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{here / "client.py"}" "{address}" "$@"\n')
        program.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, str(here / "server.py"), str(listener.fileno()), str(program)],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": str(PACKAGE), "OMP_NUM_THREADS": "1"},
        )
        try:
            yield str(program)
        finally:
            server.communicate()
