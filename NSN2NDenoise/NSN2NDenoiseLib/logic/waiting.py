"""Waiting for a job in the console, with Slicer's windows alive."""

from collections.abc import Callable

import slicer


def waitFor(job, isThere: Callable[[], bool] = lambda: False) -> None:
    """Block until a job has ended, or what is wanted of it is there."""
    while job.running and not isThere():
        job.wait(50)
        slicer.app.processEvents()
