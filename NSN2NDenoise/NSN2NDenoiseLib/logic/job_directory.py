"""A private temporary directory for one job, removed on every path."""

import atexit
import os
import shutil
import tempfile

import numpy as np
import slicer

from NSN2NDenoiseLib.child import protocol

_leftovers: set[str] = set()


class JobDirectory:
    """Holds a job's parameters and its volume, for the child to read.

    Args:
        job: parameters with their ``task``, JSON-serializable (see `protocol`).
        volume: (K, J, I) array.

    Raises:
        OSError: the temporary directory can't be written, for example because the disk is full; nothing is left.
    """

    def __init__(self, job: dict, volume: np.ndarray) -> None:
        self.path = tempfile.mkdtemp(prefix=f"NSN2N-{job['task']}-", dir=_root())
        try:
            np.save(self.file(protocol.VOLUME_FILE), volume)
            protocol.write_job(self.path, job)
        except BaseException:
            self.remove()
            raise

    def file(self, name: str) -> str:
        """Path of a file in the directory."""
        return os.path.join(self.path, name)

    def remove(self) -> None:
        """Remove the directory; what the system still holds is removed later."""
        _leftovers.add(self.path)
        removeLeftovers()


def removeLeftovers() -> None:
    """Remove directories whose removal was refused earlier (Windows keeps files that are still mapped)."""
    for path in list(_leftovers):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            _leftovers.discard(path)


def _root() -> str | None:
    path = getattr(slicer.app, "temporaryPath", None)
    return path if path and os.path.isdir(path) else None


atexit.register(removeLeftovers)
