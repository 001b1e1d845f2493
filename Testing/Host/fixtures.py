"""pytest fixtures. In a conftest.py: `from Testing.Host.fixtures import *` (the repository root on sys.path).

host: the running host, reset before and after; the test fails if it left a problem behind.
scene: host.scene.   loadModule: host.loadModule.
"""

import pytest

__all__ = ["host", "loadModule", "scene"]


def _fail(found, when):
    text = "\n".join(str(problem) for problem in found)
    pytest.fail(f"{len(found)} problem(s) {when}, each an error in a real Slicer:\n{text}", pytrace=False)


@pytest.fixture
def host():
    """A fresh Slicer. Fails the test at its end for swallowed exceptions, unknown signals, VTK errors and dialogs."""
    from .host import Host

    instance = Host.instance()
    instance.problems.installHooks()
    instance.reset()
    instance.problems.take()
    yield instance
    instance.processEvents()
    during = instance.problems.take()
    instance.reset()
    after = instance.problems.take()
    if during:
        _fail(during, "during the test")
    if after:
        _fail(after, "while the module was cleaned up")


@pytest.fixture
def scene(host):
    """slicer.mrmlScene, empty."""
    return host.scene


@pytest.fixture
def loadModule(host):
    """Function: path of a scripted module -> its widget object, shown in the main window."""
    return host.loadModule
