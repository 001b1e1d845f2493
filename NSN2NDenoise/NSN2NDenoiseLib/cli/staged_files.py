"""All outputs of a run appear together at its end, or not at all."""

import os
import shutil
import tempfile
from pathlib import Path

from ..engine import SettingsError


class StagedFiles:
    """Files are written into hidden folders beside their targets and moved there by `commit`.

    Use as a context manager: whatever happens before `commit` leaves existing files as they were and nothing behind. A
    header with a separate data file (.mhd, .nhdr) is moved last, behind its data.
    """

    def __init__(self) -> None:
        self._staged: list[tuple[Path, Path]] = []

    def __enter__(self) -> "StagedFiles":
        return self

    def __exit__(self, *_) -> None:
        for folder, _ in self._staged:
            shutil.rmtree(folder, ignore_errors=True)

    def path(self, target: Path) -> Path:
        """Where to write what shall become `target`.

        Raises:
            OSError: the target's folder can't be written to.
        """
        folder = Path(tempfile.mkdtemp(prefix=".nsn2n-", dir=target.parent))
        self._staged.append((folder, target))
        return folder / target.name

    def commit(self) -> None:
        """Move everything to its place.

        Raises:
            OSError: a file is missing or can't be moved.
        """
        for folder, target in self._staged:
            files = sorted(folder.iterdir(), key=lambda file: file.name == target.name)
            if not files or files[-1].name != target.name:
                raise OSError(f"{target} was not written")
            for file in files:
                os.replace(file, target.parent / file.name)


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
    if not folder.is_dir():
        raise SettingsError(f"the folder {folder} of the output {target.name} does not exist; create it first")
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
