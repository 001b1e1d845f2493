"""Seconds of the wall and of the CPU."""

import time

import numpy as np


def clock():
    """[wall, CPU of all threads of this process] in seconds; differences of two calls are durations."""
    return np.array([time.perf_counter(), time.process_time()])
