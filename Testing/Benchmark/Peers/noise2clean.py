"""Noise2Clean: trained on noisy and clean versions of another volume or of other slices."""

from Benchmark.Peers.supervised import denoise_with_pairs

LABEL = "Noise2Clean (other data)"
SOURCE = "Ronneberger et al., MICCAI 2015 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
CORRECTS_RICIAN = True
SWEEP = [{}]


def denoise(case, seed, progress, **training):
    """The target is the clean training volume; see denoise_with_pairs."""
    return denoise_with_pairs(
        case, seed, progress, lambda clean, noisy, again: [(noisy, clean), (again, clean)], **training
    )
