"""Noise2Noise: trained on two noisy versions of another volume or of other slices."""

from Benchmark.Peers.supervised import denoise_with_pairs

LABEL = "Noise2Noise (other data)"
SOURCE = "Lehtinen et al., ICML 2018 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{}]


def denoise(case, seed, progress, **training):
    """The target is a second, independent noise realization of the training volume; see denoise_with_pairs."""
    return denoise_with_pairs(
        case, seed, progress, lambda clean, noisy, again: [(noisy, again), (again, noisy)], **training
    )
