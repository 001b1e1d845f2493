"""The input itself: the baseline."""

LABEL = "noisy input"
SOURCE = "-"
LICENSE = "-"
PACKAGE = None
RANDOM = False
SWEEP = [{}]


def denoise(case, seed, progress):
    """The noisy volume."""
    return case.noisy
