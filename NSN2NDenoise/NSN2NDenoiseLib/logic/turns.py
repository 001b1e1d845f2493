"""Long work in turns of the event loop, so that Slicer stays responsive.

Threads would not do: Slicer's main thread keeps the interpreter's lock while it waits for events.
"""

import time
from collections.abc import Callable, Generator, Iterator

import qt

#: Seconds that one turn may take, and milliseconds that the windows get between two turns.
TURN, PAUSE = 0.04, 1
#: Bytes that are handled between two looks at the clock.
PIECE = 4 << 20


def pieces(count: int, itemsize: int) -> Iterator[slice]:
    """Cut `count` items of `itemsize` bytes into slices of `PIECE` bytes."""
    step = max(1, PIECE // itemsize)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


class Turns:
    """Runs a generator to its end, some `yield`s per turn of the event loop.

    Args:
        work: each `next` does a short piece; what it returns in the end is the result.
        onDone: called with the result.
        onError: called with the exception, if `work` or `onDone` raises one.
    """

    def __init__(self, work: Generator, onDone: Callable[[object], None], onError: Callable[[Exception], None]) -> None:
        self._work: Generator | None = work
        self._onDone, self._onError = onDone, onError
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", self.turn)

    @property
    def running(self) -> bool:
        """Whether the end is still to come."""
        return self._work is not None

    def start(self) -> None:
        """Do the first turn now, the others when the event loop comes round."""
        self._timer.start(PAUSE)
        self.turn()

    def turn(self) -> None:
        """Do one turn's work; nothing after the end."""
        if self._work is None:
            return
        work, onDone, onError = self._work, self._onDone, self._onError
        end = time.monotonic() + TURN
        try:
            while True:
                next(work)
                if time.monotonic() >= end:
                    return
        except StopIteration as stop:
            result = stop.value
        except Exception as error:
            self.stop()
            onError(error)
            return
        self.stop()
        try:
            onDone(result)
        except Exception as error:
            onError(error)

    def stop(self) -> None:
        """Stop; neither callback comes any more. The timer is deleted when it is safe (see `ChildProcess`)."""
        if self._work is not None:
            work, self._work = self._work, None
            del self._onDone, self._onError
            self._timer.stop()
            self._timer.deleteLater()
            work.close()
