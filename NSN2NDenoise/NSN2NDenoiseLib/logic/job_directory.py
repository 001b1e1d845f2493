"""A private temporary directory for one job, removed on every path."""

import atexit
import os
import shutil
from collections.abc import Iterator

import numpy as np
import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.child import protocol

from .owned_folder import PREFIX, abandonedFolders, makeFolder
from .turns import Turns, pieces

#: Bytes that a file is made smaller by at a time.
STEP = 32 << 20

#: What to do about a temporary folder that can't be written.
REMEDY = _("Free some disk space, or choose another temporary folder in the application's settings.")
#: Directories that are being removed, or whose removal was refused, and what makes them small.
_leftovers: dict[str, Turns] = {}
#: Where this session has looked for what a killed Slicer left; None: the system's temporary folder.
_swept: set[str | None] = set()


class JobDirectory:
    """Holds a job's parameters and its volume, for the child to read.

    Args:
        job: parameters with their ``task``, JSON-serializable (see `protocol`).
        arrays: written beside it, by their files' names.

    Raises:
        OSError: the temporary directory can't be written, for example because the disk is full; nothing is left.
    """

    def __init__(self, job: dict, arrays: dict[str, np.ndarray] | None = None) -> None:
        try:
            self.path = makeFolder(f"{PREFIX}{job['task']}-", _root())
        except OSError as error:
            text = _("The temporary folder can't be used ({error}). {remedy}").format(error=error, remedy=REMEDY)
            raise OSError(text) from error
        try:
            protocol.write_job(self.path, job)
            for name, array in (arrays or {}).items():
                np.save(self.file(name), array)
        except BaseException:
            self.remove()
            raise
        _removeAbandoned()

    def file(self, name: str) -> str:
        """Path of a file in the directory."""
        return os.path.join(self.path, name)

    def writing(self, volume: np.ndarray, name: str = protocol.VOLUME_FILE) -> Iterator[None]:
        """Write a (K, J, I) array to a file, piece by piece.

        Raises:
            OSError: for example because the disk is full.
        """
        flat = volume.reshape(-1)
        with open(self.file(name), "wb") as file:
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(volume))
            for piece in pieces(flat.size, flat.itemsize):
                file.write(flat[piece].data)
                yield

    def remove(self) -> None:
        """Remove the directory, in turns if it is large; what the system still holds is removed later."""
        for path in [path for path, turns in _leftovers.items() if not turns.running]:
            _sweep(path)
        _remove(self.path)


@atexit.register
def removeLeftovers() -> None:
    """Remove now what is still there (Windows keeps files that are mapped; large files take their turns)."""
    for path in list(_leftovers):
        _sweep(path)


def _remove(path: str) -> None:
    if path not in _leftovers:
        turns = _leftovers[path] = Turns(_emptying(path), lambda _result: _sweep(path), lambda _error: _sweep(path))
        turns.start()


def _removeAbandoned() -> None:
    """Remove what a Slicer has left that was killed before another process knew of it, once a session."""
    for root in {_root(), None} - _swept:
        _swept.add(root)
        for path in abandonedFolders(root):
            _remove(path)


def _emptying(path: str) -> Iterator[None]:
    """Make large files small: removing gigabytes at once takes more than a second."""
    for entry in os.scandir(path):
        for size in range(entry.stat().st_size - STEP, 0, -STEP):
            os.truncate(entry.path, size)
            yield


def _sweep(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.exists(path):
        _leftovers.pop(path, None)


def _root() -> str | None:
    path = getattr(slicer.app, "temporaryPath", None)
    return path if path and os.path.isdir(path) else None
