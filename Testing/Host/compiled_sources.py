"""Modules are loaded anew for each test; their files are compiled once, also where Python keeps no bytecode."""

import functools
from importlib.machinery import SourceFileLoader

__all__ = ["install"]


@functools.cache
def _compiled(source, path):
    return compile(source, path, "exec", dont_inherit=True)


def install():
    """For all imports from files, whose compiled code depends on nothing but their content; once for the process."""
    SourceFileLoader.source_to_code = lambda self, source, path: _compiled(source, path)
