"""The order in which the preview's residual is computed: what the user looks at first, then outward from it."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class MatchOrder:
    """Hands out each slice once, always the one nearest to the slice that is looked at.

    Args:
        slices: how many there are.
        focus: tells the slice that is looked at now, 0-based; asked for each slice that is handed out.
    """

    def __init__(self, slices: int, focus: Callable[[], int]) -> None:
        self._lock = threading.Lock()
        self._left = set(range(slices))
        self._focus = focus

    def take(self) -> int | None:
        """The next slice; None when all are taken. Thread-safe."""
        with self._lock:
            if not self._left:
                return None
            focus = self._focus()
            index = min(self._left, key=lambda i: (abs(i - focus), i))
            self._left.remove(index)
            return index

    def run(self, compute: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
        """Call ``compute(slice)`` for every slice that is left, on all cores, until `should_stop` says yes."""

        def work() -> None:
            while not should_stop() and (index := self.take()) is not None:
                compute(index)

        count = os.cpu_count() or 1
        with ThreadPoolExecutor(count) as pool:
            for future in [pool.submit(work) for _ in range(count)]:
                future.result()
