"""Fixtures of all tests."""

import pytest

from Testing.Processes import quick_python


@pytest.fixture(scope="session")
def python():
    """A program to start instead of the interpreter, with torch and the package loaded (Processes)."""
    with quick_python("python-real") as program:
        yield program
