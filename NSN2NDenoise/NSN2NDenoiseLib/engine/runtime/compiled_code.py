"""Compiled code that numba keeps for the next start, and what becomes of a run where that can't be written or read."""

from contextlib import suppress

from numba import njit
from numba.core.caching import FunctionCache

#: Sums may be taken in any order (vectors), but infinities and NaN count.
OPTIONS = {"nogil": True, "fastmath": {"contract", "reassoc", "nsz", "arcp"}, "error_model": "numpy"}


class _Kept(FunctionCache):
    """numba's files. A full disk, or a file that a power cut has damaged, ends no run: it compiles again then."""

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged pickle raises
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig, data):
        with suppress(OSError):
            super().save_overload(sig, data)


def compiled(function, **options):
    """`numba.njit`, and what it compiles is kept beside the source, or else in the user's cache, or nowhere."""
    dispatcher = njit(**{**OPTIONS, **options})(function)
    with suppress(RuntimeError):  # neither can be written
        dispatcher._cache = _Kept(function)  # as its enable_caching does
    return dispatcher


def inlined(function):
    """Compile into what calls it."""
    return njit(forceinline=True, **OPTIONS)(function)
