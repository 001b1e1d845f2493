"""Fixtures of all tests."""

import multiprocessing.spawn
from multiprocessing import resource_tracker

import pytest

from Testing.Processes import quick_python


@pytest.fixture(scope="session")
def python():
    """A program to start instead of the interpreter, with torch and the package loaded (Processes)."""
    with quick_python("python-real") as program:
        yield program


@pytest.fixture
def quick_workers(python):
    """What multiprocessing starts here, as Dask's workers are, is `python`."""
    resource_tracker.ensure_running()  # it ends when all tests have ended, so it is the interpreter's
    before = multiprocessing.spawn.get_executable()
    multiprocessing.set_executable(python)
    yield
    multiprocessing.set_executable(before)
