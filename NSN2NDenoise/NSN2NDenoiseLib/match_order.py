"""The order in which the preview's residual is computed: what the user looks at first, then outward from it."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np


class MatchOrder:
    """Hands out each slice once, always the one nearest to the slice that is looked at.

    Args:
        slices: how many there are.
        focus: the slice that is looked at, 0-based; it may move while slices are handed out.
    """

    def __init__(self, slices: int, focus: int) -> None:
        self._lock = threading.Lock()
        self._left = set(range(slices))
        self._focus = focus

    def focus(self, index: int) -> None:
        """The user now looks at slice `index`."""
        with self._lock:
            self._focus = index

    def take(self) -> int | None:
        """The next slice; None when all are taken. Thread-safe."""
        with self._lock:
            if not self._left:
                return None
            index = min(self._left, key=lambda i: (abs(i - self._focus), i))
            self._left.remove(index)
            return index

    def run(self, compute: Callable[[int], np.ndarray], out: np.ndarray, parent) -> None:
        """Fill ``out[i] = compute(i)`` for every slice on all cores and tell the parent about each.

        `parent` has ``should_stop()`` and ``send(kind, **fields)`` (see `worker.Parent`).
        """

        def work() -> None:
            while not parent.should_stop() and (index := self.take()) is not None:
                out[index] = compute(index)
                parent.send("slices", indices=[index])

        count = os.cpu_count() or 1
        with ThreadPoolExecutor(count) as pool:
            for future in [pool.submit(work) for _ in range(count)]:
                future.result()
