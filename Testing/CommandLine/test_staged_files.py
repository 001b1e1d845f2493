"""Outputs appear as a whole or not at all, whatever fails on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from NSN2NDenoiseLib.cli import staged_files
from NSN2NDenoiseLib.cli.staged_files import StagedFiles

from Testing.CommandLine.conftest import environment


def test_staged_files_appear_together_or_not_at_all(tmp_path):
    old = tmp_path / "a.txt"
    old.write_text("old")
    with pytest.raises(ValueError), StagedFiles() as staged:
        staged.path(old).write_text("new")
        raise ValueError
    assert old.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]
    with StagedFiles() as staged:
        staged.path(old).write_text("new")
        staged.path(tmp_path / "b.txt").write_text("other")
        staged.commit()
    assert old.read_text() == "new" and sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"]
    with pytest.raises(OSError, match="was not written"), StagedFiles() as staged:
        staged.path(old)
        staged.commit()


def names(folder) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.fixture
def three(tmp_path):
    """Two files that are there, one of them a link, and one that is not."""
    (tmp_path / "a.txt").write_text("old a")
    (tmp_path / "elsewhere").write_text("old b")
    (tmp_path / "b.txt").symlink_to("elsewhere")
    return [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]


def replace_but(fail_at: int, error: BaseException):
    """`os.replace` that raises at its n-th call and works again afterwards."""
    calls, real = [], os.replace

    def replace(source, target):
        calls.append(target)
        if len(calls) == fail_at:
            raise error
        real(source, target)

    return replace


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("error", [PermissionError(13, "in use"), KeyboardInterrupt()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_a_rename_that_fails_takes_the_others_back(tmp_path, three, monkeypatch, fail_at, error, links):
    before = names(tmp_path)
    if not links:
        monkeypatch.setattr(staged_files.os, "link", lambda *_: os.stat(tmp_path / "no hard links here"))
    with pytest.raises(type(error)), StagedFiles() as staged:
        for path in three:
            staged.path(path).write_text("new")
        monkeypatch.setattr(staged_files.os, "replace", replace_but(fail_at, error))
        staged.commit()
    assert names(tmp_path) == before
    assert (tmp_path / "a.txt").read_text() == "old a"
    assert (tmp_path / "b.txt").is_symlink() and (tmp_path / "elsewhere").read_text() == "old b"


@pytest.mark.parametrize("fail_at", [1, 2, 3, 4, None])
def test_a_folder_takes_the_place_of_another_or_leaves_it_there(tmp_path, monkeypatch, fail_at):
    series, record = tmp_path / "series", tmp_path / "record.json"
    series.mkdir()
    (series / "old.dcm").write_text("old")
    record.write_text("old")
    with contextlib.suppress(PermissionError), StagedFiles(replaces_folders=True) as staged:
        written = staged.path(series)
        written.mkdir()
        (written / "new.dcm").write_text("new")
        staged.path(record).write_text("new")
        staged.path(tmp_path / "more.json").write_text("new")
        if fail_at is not None:
            monkeypatch.setattr(staged_files.os, "replace", replace_but(fail_at, PermissionError(13, "in use")))
        staged.commit()
    assert names(series) == (["new.dcm"] if fail_at is None else ["old.dcm"])
    assert record.read_text() == ("new" if fail_at is None else "old")
    assert names(tmp_path) == ["more.json"] * (fail_at is None) + ["record.json", "series"]


def test_every_file_is_there_at_every_moment(three, monkeypatch):
    """What a kill between two renames leaves: each file whole, old or new."""
    real = os.replace

    def replace(source, target):
        assert [path.exists() for path in three[:2]] == [True, True]
        real(source, target)
        assert [path.exists() for path in three[:2]] == [True, True]

    with StagedFiles() as staged:
        for path in three:
            staged.path(path).write_text("new")
        monkeypatch.setattr(staged_files.os, "replace", replace)
        staged.commit()
    assert [path.read_text() for path in three] == ["new"] * 3


HOLD = """
import sys, time
from pathlib import Path
from NSN2NDenoiseLib.cli.staged_files import StagedFiles
with StagedFiles() as staged:
    staged.path(Path(sys.argv[1])).write_text("half")
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(staged_files.flock is None, reason="this system has no flock")
def test_what_a_killed_run_left_is_removed_and_what_a_running_one_holds_is_not(tmp_path, three):
    holders = [
        subprocess.Popen([sys.executable, "-c", HOLD, str(three[0])], env=environment(), stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [holder.stdout.readline() for holder in holders] == [b"ready\n"] * 2
    holders[0].send_signal(signal.SIGKILL)
    holders[0].wait(240)
    hidden = sorted(tmp_path.glob(".nsn2n-*"))
    assert len(hidden) == 2
    long_ago = time.time() - 2 * staged_files.ABANDONED
    for folder in hidden:
        os.utime(folder, (long_ago, long_ago))
    with StagedFiles() as staged:
        staged.path(three[0]).write_text("new")
        assert len(list(tmp_path.glob(".nsn2n-*"))) == 2  # the running one's and this one's
        staged.commit()
    assert three[0].read_text() == "new"
    holders[1].send_signal(signal.SIGKILL)
    holders[1].wait(240)
