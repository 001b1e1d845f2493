"""Jobs whose processes must not outlive the application."""

from collections.abc import Callable

import slicer


class StopOnQuit:
    """Knows the jobs whose processes exist, and calls `onQuit` before the application quits.

    Attributes:
        jobs: those jobs.
    """

    def __init__(self, onQuit: Callable[[], None]) -> None:
        self._onQuit = onQuit
        self._connected = False
        self.jobs: list = []

    def add(self, job) -> None:
        """A job is about to start; it is forgotten when its process has ended."""
        self.jobs.append(job)
        job.onChildEnded = self.jobs.remove
        self.connect()

    def connect(self) -> None:
        """From now on something may have to be stopped."""
        if not self._connected:
            slicer.app.connect("aboutToQuit()", self._onQuit)
            self._connected = True

    def stop(self) -> None:
        """Stop all processes before returning, and wait for no quit any more."""
        for job in list(self.jobs):
            job.stopNow()
        if self._connected:
            slicer.app.disconnect("aboutToQuit()", self._onQuit)
            self._connected = False
