"""What is kept of a finished volume, so that the next call recognizes it; written with the result, as its last.

A record holds the input's files (size, time and hash), the settings, the version, the size of the result and the row of
the table. While a volume's files are put in place, its record says only that.
"""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from .. import __version__
from ..cli.staged_files import StagedFiles
from ..engine import InputError, Settings
from .items import Item

#: Folder of the records inside the batch's own. BIDS validators pass hidden folders by.
FOLDER = ".batch"
#: The record of a volume whose files are being put in place.
IN_WORK = {"inWork": True}
#: Bytes that are read at once.
BLOCK = 2**20


def record_path(folder: Path, item: Item) -> Path:
    """Where the record of a volume is."""
    return folder / FOLDER / f"{item.output}.json"


def make_record(item: Item, settings: Settings, stamps: list, written: Path, row: dict, report: dict) -> dict:
    """The record of a volume that was just written.

    Args:
        item: the volume.
        settings: of the run.
        stamps: `stamp_files` from before the input was read.
        written: the result, which may still be in another folder.
        row: of the table.
        report: of the run.
    """
    return {
        "version": __version__,
        "settings": _plain(settings),
        "input": stamps,
        "sha256": hash_files(item.files),
        "outputBytes": _size(written),
        "row": row,
        "report": report,
    }


def read_record(folder: Path, item: Item) -> dict | None:
    """The record of a volume's result, or None where there is no whole result."""
    try:
        record = _read(record_path(folder, item))
        return record if record["outputBytes"] == _size(folder / item.output) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def mark_in_work(kept: Path) -> None:
    """Put `IN_WORK` in the place of a record, before its result is replaced: a call that is killed there can be told
    from a result that somebody changed.
    """
    with StagedFiles() as staged:
        staged.path(kept).write_text(json.dumps(IN_WORK), encoding="utf-8")
        staged.commit()


def is_foreign(folder: Path, item: Item) -> bool:
    """Of a volume for which `read_record` has none: whether something is in its result's place that was changed since,
    or is no batch's.
    """
    try:
        return os.path.lexists(folder / item.output) and _read(record_path(folder, item)) != IN_WORK
    except (OSError, ValueError):
        return True


def look_at(place: Path) -> tuple[int, int] | None:
    """Bytes and time of change (ns) of what is in a result's place; None: there is nothing."""
    try:
        stat = place.lstat()
    except OSError:  # a name that is too long is told by its run
        return None
    return stat.st_size, stat.st_mtime_ns


def check_place(folder: Path, item: Item) -> None:
    """Raise InputError if anything else has come in a result's place since the batch began; what an earlier try of this
    batch has left there counts for nothing.
    """
    place = folder / item.output
    if look_at(place) != item.place and read_record(folder, item) is None and is_foreign(folder, item):
        raise InputError(
            f"{item.output} appeared or was changed while the batch ran, so it is not replaced; move it, and give the "
            "same command again"
        )


def differences(record: dict, item: Item, settings: Settings) -> list[str]:
    """In what the run that a record tells of differs from the one that is asked for; nothing: it need not be run."""
    found = []
    if record.get("version") != __version__:
        found.append(f"version {record.get('version')}")
    before, now = record.get("settings", {}), _plain(settings)
    found += [f"{name} {before.get(name)}" for name in now if before.get(name) != now[name]]
    stamps = stamp_files(item.files)
    if record.get("input") != stamps:
        sizes = [size for _, size, _ in stamps]
        same_size = [size for _, size, _ in record.get("input", [])] == sizes
        if not same_size or record.get("sha256") != hash_files(item.files):  # a copy has another time
            found.append("another input")
    return found


def stamp_files(files: list[Path]) -> list[list]:
    """Name, bytes and time of change (ns) of each file."""
    stats = [(file.name, file.stat()) for file in files]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


def hash_files(files: list[Path]) -> str:
    """SHA-256 over the contents."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                total.update(block)
    return total.hexdigest()


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(settings: Settings) -> dict:
    """As they come back from JSON."""
    return json.loads(json.dumps(asdict(settings)))


def _size(path: Path) -> int:
    """Bytes of a file, or of a folder's files."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir())
    return path.stat().st_size
