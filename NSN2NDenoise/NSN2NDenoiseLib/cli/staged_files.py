"""All outputs of a run appear together at its end, or not at all."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from ..engine import SettingsError

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows
    flock = None

#: Names of the hidden folders start so.
PREFIX = ".nsn2n-"
#: Seconds after which a hidden folder that nobody holds was left by a run that was killed.
ABANDONED = 60.0
#: Where, inside a hidden folder, the files that are about to be replaced are kept until all are.
BEFORE = "before"

#: The data file that is written beside a header, which it shares its name with.
DATA_FILES = {".mhd": ".raw", ".nhdr": ".raw.gz"}


class StagedFiles:
    """Files, and folders of files, are written into hidden folders beside their targets and moved there by `commit`.

    Use as a context manager: whatever happens before or during `commit`, errors and Ctrl-C included, leaves existing
    files as they were and nothing behind. A header with a separate data file (.mhd, .nhdr) is moved last, behind its
    data.

    A process that is killed (kill -9, power) has no chance to clean up. Before `commit` it leaves existing files as
    they were, and hidden folders, which the next run that writes beside them removes (not on Windows). Killed during
    `commit`, which only renames, it can leave some of the files new and the others as they were; each is whole.

    Args:
        replaces_folders: whether a folder takes the place of one that has files; else that is an error.
    """

    def __init__(self, replaces_folders: bool = False) -> None:
        self._replaces_folders = replaces_folders
        self._staged: list[tuple[Path, Path]] = []
        self._locks: list[int] = []

    def __enter__(self) -> "StagedFiles":
        return self

    def __exit__(self, *_) -> None:
        for folder, _ in self._staged:
            shutil.rmtree(folder, ignore_errors=True)
        for lock in self._locks:
            os.close(lock)

    def path(self, target: Path) -> Path:
        """Where to write what shall become `target`.

        Raises:
            OSError: the target's folder can't be written to.
        """
        _remove_abandoned(target.parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))
        self._staged.append((folder, target))
        lock = try_to_lock(folder)
        if lock is not None:
            self._locks.append(lock)
        return folder / target.name

    def commit(self) -> None:
        """Move everything to its place.

        Raises:
            OSError: a file is missing or can't be moved; everything is as it was.
        """
        moves: list[tuple[Path, Path]] = []
        for folder, target in self._staged:
            files = sorted(folder.iterdir(), key=lambda file: file.name == target.name)
            if not files or files[-1].name != target.name:
                raise OSError(f"{target} was not written")
            moves += [(file, target.parent / file.name) for file in files]
        kept = {
            place: _keep(place, file.parent / BEFORE) for file, place in moves if place.is_symlink() or place.is_file()
        }
        try:
            for file, place in moves:
                if file.is_dir() and place.is_dir():
                    if self._replaces_folders:
                        kept[place] = _set_aside(place, file.parent / BEFORE)
                    else:
                        place.rmdir()  # raises if it is not empty
                os.replace(file, place)
        except BaseException:
            for file, place in reversed(moves):
                _undo(file, place, kept.get(place))
            raise

    def take(self, folder: Path, target: Path) -> None:
        """Take over all files of a finished folder beside `target`, which shall become it and what belongs to it."""
        place = self.path(target).parent
        for file in folder.iterdir():
            os.replace(file, place / file.name)


def _keep(file: Path, folder: Path) -> Path:
    """A second name, in `folder`, for a file that will be replaced; its own name stays."""
    folder.mkdir(exist_ok=True)
    kept = folder / file.name
    if file.is_symlink():
        os.symlink(os.readlink(file), kept)
        return kept
    try:
        os.link(file, kept)
    except OSError:  # a file system without hard links
        shutil.copy2(file, kept)
    return kept


def _set_aside(target: Path, folder: Path) -> Path:
    """Move a folder that will be replaced into `folder`."""
    folder.mkdir(exist_ok=True)
    os.replace(target, folder / target.name)
    return folder / target.name


def _undo(file: Path, place: Path, kept: Path | None) -> None:
    """Take back that `file` was moved to `place`, if it was, where `kept` had been."""
    was_moved = not os.path.lexists(file)
    if was_moved and (kept is None or kept.is_dir()):
        os.replace(place, file)
    if kept is not None and (was_moved or not os.path.lexists(place)):
        os.replace(kept, place)


def _remove_abandoned(parent: Path) -> None:
    """Remove hidden folders of runs that were killed; whoever runs still holds a lock on its own."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < ABANDONED:
                continue
            lock = try_to_lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def try_to_lock(folder: Path) -> int | None:
    """A descriptor that holds the folder until it is closed or the process ends; None where that is not possible."""
    if flock is None:
        return None
    lock = os.open(folder, os.O_RDONLY)
    try:
        flock(lock, LOCK_EX | LOCK_NB)
    except OSError:  # held by another run, or a file system without locks
        os.close(lock)
        return None
    return lock


def check_target(target: Path, source: Path, overwrite: bool, others: list[Path]) -> None:
    """Check, before any work, that a file can be written at its end.

    Args:
        target: the file to be.
        source: the input file or folder, which must survive.
        overwrite: whether an existing target may be replaced.
        others: targets that were checked before.

    Raises:
        SettingsError: the text says what is wrong with the target and what to do.
    """
    folder = target.parent
    if target.is_dir():
        raise SettingsError(f"{target} is a folder; give a file name")
    resolved = target.resolve()
    if resolved == source.resolve() or (target.exists() and source.exists() and os.path.samefile(target, source)):
        raise SettingsError(f"{target} is the input; the input is never overwritten, choose another output")
    if source.is_dir() and folder.resolve() == source.resolve():
        raise SettingsError(f"{target} lies in the input folder; choose an output outside the DICOM series")
    if resolved in [other.resolve() for other in others]:
        raise SettingsError(f"{target} is given for two outputs; choose different names")
    if target.exists() and not overwrite:
        raise SettingsError(f"{target} exists already; add --overwrite to replace it")
    data = target.with_suffix(DATA_FILES.get(target.suffix.lower(), target.suffix))
    if data.exists() and not target.exists():
        raise SettingsError(f"{data} exists already, and {target.name} would replace it; choose another name")
    _check_parent(target)


def check_folder_target(target: Path, source: Path) -> None:
    """Check, before any work, that a folder can be written at its end; arguments as `check_target`.

    Raises:
        SettingsError: the folder has files already, which are never replaced, or can't be written.
    """
    if target.is_dir() and any(target.iterdir()):
        raise SettingsError(f"the folder {target} is not empty; choose a new one")
    if target.exists() and not target.is_dir():
        raise SettingsError(f"{target} is a file; give a new folder")
    if source.resolve() in (target.resolve(), target.resolve().parent):
        raise SettingsError(f"{target} lies in the input folder; choose an output outside the DICOM series")
    _check_parent(target)


def _check_parent(target: Path) -> None:
    folder = target.parent
    if not folder.is_dir():
        raise SettingsError(f"the folder {folder} of the output {target.name} does not exist; create it first")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(f"the folder {folder} can't be written to ({error.strerror or error})") from error


def check_space(needed: dict[Path, int]) -> None:
    """Check that the disks of the targets have room.

    Args:
        needed: bytes for each target.

    Raises:
        SettingsError: a disk is too full; the text says how much it lacks.
    """
    by_disk: dict[int, tuple[Path, int]] = {}
    for target, size in needed.items():
        disk = target.parent.stat().st_dev
        by_disk[disk] = (target.parent, by_disk.get(disk, (target.parent, 0))[1] + size)
    for folder, size in by_disk.values():
        free = shutil.disk_usage(folder).free
        if free < size:
            raise SettingsError(
                f"the disk of {folder} has {free / 1e6:.0f} MB free, about {size / 1e6:.0f} MB are needed; make room "
                "or choose another folder"
            )
