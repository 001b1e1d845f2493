"""A run's progress on a terminal of 80 columns, or as a few lines in a log."""

import sys
import time

from ..engine import Progress

WIDTH = 24
NAMES = {
    "look": "looking at the volume",
    "match": "matching slices",
    "pair": "comparing frames",
    "first": "first filter",
    "similar": "filtering",
    "learn": "training",
    "refine": "filtering",
    "limit": "filtering",
    "spare": "filtering",
    "judge": "measuring",
    "unbias": "correcting the bias",
    "strength": "measuring",
    "within": "measuring",
    "report": "measuring",
}


class ProgressBar:
    """Shows `Progress` on a stream: one line redrawn on a terminal, a line every 10 % elsewhere."""

    def __init__(self, stream=None, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._terminal = self._stream.isatty()
        self._last_time = 0.0
        self._last_shown = -1.0
        self._drawn = False

    def __call__(self, progress: Progress) -> None:
        if self._quiet:
            return
        now = time.monotonic()
        if self._terminal:
            if now - self._last_time < 0.1 and progress.fraction < 1:
                return
            self._stream.write("\r" + format_progress(progress).ljust(79))
            self._drawn = True
        else:
            if progress.fraction < 1 and progress.fraction - self._last_shown < 0.1:
                return
            self._last_shown = progress.fraction
            self._stream.write(format_progress(progress).rstrip() + "\n")
        self._last_time = now
        self._stream.flush()

    def close(self) -> None:
        """Leave the bar's line."""
        if self._drawn:
            self._stream.write("\n")
            self._stream.flush()
            self._drawn = False


def format_progress(progress: Progress) -> str:
    """One line of at most 79 characters: bar, percentage, stage, loss, time left."""
    filled = round(WIDTH * progress.fraction)
    line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {100 * progress.fraction:3.0f} %  {NAMES[progress.stage]}"
    if progress.loss is not None:
        line += f"  loss {progress.loss:.2e}"
    if progress.seconds_left is not None and progress.fraction < 1:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        line += f"  {minutes}:{seconds:02d} left"
    return line[:79]
