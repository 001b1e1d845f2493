"""Modules are loaded anew for each test; their files are compiled, or their bytecode is read, once."""

import os
from importlib.machinery import SourceFileLoader

__all__ = ["install"]

_readCode = SourceFileLoader.get_code
_codes = {}


def _code(loader, name):
    """What a loader has for a file, the same as long as the file is the same."""
    path = loader.get_filename(name)
    file = os.stat(path)
    key = path, file.st_mtime_ns, file.st_size
    if key not in _codes:
        _codes[key] = _readCode(loader, name)
    return _codes[key]


def install():
    """For all imports from files, for the process."""
    SourceFileLoader.get_code = _code
