"""How the threads of torch's convolutions wait for each other."""

import os


def wait_passively() -> None:
    """Let waiting threads sleep, unless somebody has chosen otherwise; to be called before torch is imported.

    Threads that wait by spinning (OpenMP's default) slow a run down several times when other programs want the cores
    too, and Slicer always does. OpenMP reads it when torch loads it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
