"""Jobs whose processes must not outlive the application."""

import logging
from collections.abc import Callable

import slicer
from slicer.i18n import tr as _


class StopOnQuit:
    """Knows the jobs whose processes exist, calls `onQuit` before the application quits, and lets nothing begin then.

    Attributes:
        jobs: those jobs.
        isClosed: whether nothing may be started any more.
    """

    def __init__(self, onQuit: Callable[[], None]) -> None:
        self._onQuit = onQuit
        self._connected = self.isClosed = False
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

    def close(self) -> None:
        """From now on nothing may be started, not even by a callback that hears of an end."""
        self.isClosed = True

    def check(self) -> None:
        """Raise RuntimeError where nothing may be started any more."""
        if self.isClosed:
            raise RuntimeError(_("Slicer is closing, or the module was unloaded: nothing new is started."))

    def tell(self, finishedCallback: Callable[..., None] | None, *what) -> None:
        """Tell a caller of an end. While everything is stopped, an error of one must not leave the rest running."""
        try:
            if finishedCallback is not None:
                finishedCallback(*what)
        except Exception:
            if not self.isClosed:
                raise
            logging.exception("NSN2N: a finishedCallback failed while everything was stopped")

    def stop(self) -> None:
        """Stop all processes before returning, and wait for no quit any more."""
        for job in list(self.jobs):
            job.stopNow()
        if self._connected:
            slicer.app.disconnect("aboutToQuit()", self._onQuit)
            self._connected = False
