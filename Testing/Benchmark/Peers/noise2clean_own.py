"""Noise2Clean trained on the very volume that it is tried on: no user can; it shows how far such a training gets."""

from dataclasses import replace

from Benchmark.case import CannotRun
from Benchmark.Peers.supervised import denoise_with_pairs

LABEL = "Noise2Clean (this volume's truth)"
SOURCE = "Ronneberger et al., MICCAI 2015 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
CORRECTS_RICIAN = True
SWEEP = [{}]


def denoise(case, seed, progress, **training):
    """The target is the reference of the case itself; see denoise_with_pairs."""
    if case.reference is None:
        raise CannotRun("the truth of this volume is unknown")
    same = replace(case, training=lambda _: (case.reference, case.noisy, case.noisy))
    return denoise_with_pairs(same, seed, progress, lambda clean, noisy, _: [(noisy, clean)], draws=1, **training)
