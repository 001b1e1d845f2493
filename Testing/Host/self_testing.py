"""slicer.testing: how a script ends Slicer with success or failure."""

import sys
import unittest

__all__ = ["exitFailure", "exitSuccess", "runUnitTest"]


def exitSuccess():
    """The script went well."""


def exitFailure(message=""):
    """The script failed: raises Exception."""
    raise Exception(message)


def runUnitTest(path, testname):
    """Run the tests of one module found in `path` (a folder or a list of them); raises Exception on failure."""
    sys.path.extend([path] if isinstance(path, str) else path)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestLoader().loadTestsFromName(testname))
    if not result.wasSuccessful():
        exitFailure(f"{testname} failed")
