"""Which Python runs the child process."""

import os
import shutil
import sys

import slicer


def findPython() -> str:
    """Path of the Python interpreter that has Slicer's packages.

    Slicer's own ``python-real`` comes first, as for its command-line modules: the launcher ``PythonSlicer`` would
    survive in part when it is killed. Where Python itself is the application (as in tests), it is that Python.

    Raises:
        RuntimeError: no interpreter was found.
    """
    binary = os.path.join(getattr(slicer.app, "slicerHome", ""), "bin", "python-real")
    for candidate in (shutil.which("python-real"), shutil.which(binary), shutil.which("PythonSlicer")):
        if candidate:
            return candidate
    if os.path.basename(sys.executable or "").lower().startswith("python"):
        return sys.executable
    raise RuntimeError(
        "Slicer's Python interpreter (python-real or PythonSlicer) was not found, so NSN2N can't start its process. "
        "Start Slicer by its launcher, or reinstall it."
    )
