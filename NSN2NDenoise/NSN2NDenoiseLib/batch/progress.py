"""How far a batch is: how many, how fast, how much longer."""

import sys

from ..cli.progress_bar import WIDTH
from ..engine.runtime.clock import awake_seconds
from .task import DONE, Row


class BatchProgress:
    """One line that is redrawn on a terminal, a line for each volume elsewhere; what went wrong has a line of its own.

    Args:
        total: volumes.
        voxels: of all of them together.
        quiet: says nothing.
        stream: standard error if None.
    """

    def __init__(self, total: int, voxels: int, quiet: bool = False, stream=None) -> None:
        self._total, self._voxels, self._quiet = total, voxels, quiet
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        # the first volume waits for the workers to start, so its end is where the clock starts
        self._first: tuple[float, int] | None = None
        self._ended = self._bad = self._done_voxels = 0

    def __call__(self, row: Row, voxels: int) -> None:
        """A volume with so many voxels ended."""
        self._ended += 1
        self._done_voxels += voxels
        self._bad += row.status != DONE
        if self._first is None:
            self._first = awake_seconds(), self._done_voxels
        if self._quiet:
            return
        if row.status != DONE:
            self._write(f"{row.status}: {row.name}: {row.reason}\n")
        self._write(self.line() + ("" if self._terminal else "\n"))

    def close(self) -> None:
        """Leave the line."""
        if self._terminal and self._ended and not self._quiet:
            self._stream.write("\n")

    def line(self) -> str:
        """``[###...]  12 of 24, 1 bad  2.3 a minute  5:10 left``"""
        part = self._done_voxels / self._voxels if self._voxels else self._ended / self._total
        filled = round(WIDTH * part)
        text = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {self._ended} of {self._total}"
        text += f", {self._bad} bad" if self._bad else ""
        seconds = awake_seconds() - self._first[0] if self._first else 0.0
        voxels = self._done_voxels - self._first[1] if self._first else 0
        if seconds > 0 and voxels > 0:
            text += f"  {60 * (self._ended - 1) / seconds:.3g} a minute"
            minutes, rest = divmod(round(seconds * (self._voxels - self._done_voxels) / voxels), 60)
            hours, minutes = divmod(minutes, 60)
            text += f"  {hours}:{minutes:02d}:{rest:02d} left" if hours else f"  {minutes}:{rest:02d} left"
        return text[:79]

    def _write(self, text: str) -> None:
        self._stream.write(("\r" + text.ljust(79)) if self._terminal else text)
        self._stream.flush()
