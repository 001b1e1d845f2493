"""What a command says can get lost: a log on a full disk, a reader that has gone, no terminal. Its work does not."""

import io
import os
import sys

import pytest

from Testing.CommandLine.test_odd_places import USER


class Full(io.StringIO):
    """A log on a full disk."""

    def write(self, text):
        raise OSError(28, "No space left on device")


def unread():
    """A pipe whose reader has gone (``nsn2n inspect scan.nrrd | head -1``)."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def nothing():
    """What a service, or a program without a console on Windows, has."""


STREAMS = [("stdout", Full), ("stderr", Full), ("stdout", unread), ("stderr", unread), ("stdout", nothing)]
STREAMS += [("stderr", nothing)]


@pytest.mark.parametrize(("name", "make"), STREAMS)
def test_outputs_are_there_and_that_is_no_failure(nsn2n, tiny, tmp_path, monkeypatch, name, make):
    stream = make()
    monkeypatch.setattr(sys, name, stream)
    ended = nsn2n("mask", tiny, "mask.nrrd")
    assert ended.returncode == 0 and (tmp_path / "mask.nrrd").exists()
    assert "nothing was changed" not in ended.stderr and "Traceback" not in ended.stderr
    assert ("nsn2n: done, but what there was to say" in ended.stderr) == ((name, make) == ("stdout", Full))
    assert getattr(sys, name) is stream
    if stream is not None:
        stream.close()  # the interpreter's end does so, and turns an error into a status of its own


def test_an_answer_that_is_lost_is_a_failure(nsn2n, tiny, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Full())
    for arguments in (["inspect", tiny, "--preset", "fast"], ["--xml"]):
        ended = nsn2n(*arguments)
        assert ended.returncode == 1 and "could not be written ([Errno 28] No space left on device)" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_letters_that_the_terminal_does_not_have(nsn2n, tiny, tmp_path, monkeypatch):
    """As on Windows, where a log has the letters of one part of the world."""
    log = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(log, "cp1252", write_through=True))
    assert nsn2n("mask", tiny, f"{USER}.nrrd").returncode == 0
    assert (tmp_path / f"{USER}.nrrd").exists()
    assert r"W is in Jörg Müller-\u0141ukasz \u7530\u4e2d ß.nrrd" in log.getvalue().decode("cp1252")
