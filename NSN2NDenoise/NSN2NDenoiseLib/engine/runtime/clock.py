"""Seconds in which the computer was awake: neither a closed laptop lid nor a clock that is set counts."""

import ctypes
import sys
import time


def awake_seconds() -> float:
    """A clock without a meaning of its zero, which stands while the computer sleeps.

    `time.monotonic` does so on Linux (CLOCK_MONOTONIC) and macOS (mach_absolute_time), but goes on on Windows; there
    it is QueryUnbiasedInterruptTime, in units of 100 ns and steps of some 16 ms.
    """
    if sys.platform != "win32":
        return time.monotonic()
    ticks = ctypes.c_ulonglong()
    ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
    return ticks.value * 1e-7
