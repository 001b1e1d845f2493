"""An output that is not finished yet: it outlives a run that is ended, and the next one goes on with it."""

import hashlib
import os
import shutil
from pathlib import Path

from ...engine import NSN2NError, SettingsError
from ..staged_files import flock, try_to_lock
from .array_files import tiffs_in
from .files import create_stored, open_stored
from .volume import StoredVolume

#: What is added to the output's name.
ADDED = ".unfinished"


class Unfinished:
    """A folder beside an output, held while it is worked on. Use as a context manager.

    Args:
        output: the file or folder that it will become.

    Attributes:
        folder: ``OUTPUT.unfinished``; `files` is where in it the output is, `journal` what is told of its parts,
            `identity` says of which volume.

    Raises:
        SettingsError: another run works there.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self.folder = output.with_name(output.name + ADDED)
        self.files, self.journal = self.folder / "files", self.folder / "journal"
        self.identity = self.folder / "volume.sha256"
        self._lock: int | None = None

    def __enter__(self) -> "Unfinished":
        self.folder.mkdir(exist_ok=True)
        self._lock = try_to_lock(self.folder)
        if self._lock is None and flock is not None:
            raise SettingsError(f"another run is writing {self._output}; wait for it, or choose another output")
        return self

    def __exit__(self, *_) -> None:
        if not (self.journal / "run.json").is_file():  # nothing is done that could be gone on with
            self.remove()
        if self._lock is not None:
            os.close(self._lock)

    def target(self, volume: StoredVolume):
        """The output of an opened volume as far as it is, or a new one: an array whose boxes are read and written."""
        place, identity = self.files / self._output.name, _identify(volume)
        if self.journal.is_dir() and place.exists():
            try:
                found = open_stored(place, "r+").array
                same = self.identity.read_text(encoding="ascii") == identity
                if same and found.shape == tuple(volume.array.shape) and found.dtype == volume.array.dtype:
                    return found
            except (NSN2NError, OSError):
                pass  # the run was killed before it was whole
        for folder in (self.files, self.journal):
            shutil.rmtree(folder, ignore_errors=True)
        self.files.mkdir()
        found = create_stored(place, volume)
        self.identity.write_text(identity, encoding="ascii")
        self.journal.mkdir()
        return found

    def remove(self) -> None:
        """All is done, or nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _identify(volume: StoredVolume) -> str:
    """SHA-256 of what an opened volume's file says beside the voxels, and of name, bytes and time (ns) of its files."""
    head, source = volume.like(), volume.source
    files = {source, getattr(volume.array, "path", source)}
    if source.is_dir():
        files = {file for file in tiffs_in(source) or source.rglob("*") if file.is_file()}
    stats = [(str(file.resolve()), file.stat()) for file in sorted(files)]
    said = [
        *(volume.spacing, head.GetSpacing(), head.GetOrigin(), head.GetDirection(), sorted(volume.more.items())),
        volume.nifti,
        *((key, head.GetMetaData(key)) for key in head.GetMetaDataKeys()),
        *((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats),
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()
