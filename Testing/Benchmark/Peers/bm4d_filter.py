"""BM4D on the volume, the authors' package, given the true noise: its SD or its spectrum.

On magnitude MR also with variance stabilization, as in the BM4D paper (rician_vst.py); the package has none."""

import numpy as np

from Benchmark.Peers import require
from Benchmark.rician_vst import RicianVST, check_noise

LABEL = "BM4D"
SOURCE = "Maggioni et al., IEEE TIP 2013; Makinen et al., IEEE TIP 2022; package bm4d"
LICENSE = "non-commercial (Tampere University); comparator only"
PACKAGE = "bm4d"
RANDOM = False
SWEEP = [{"noise": "SD"}, {"noise": "spectrum"}, {"noise": "SD, Rician VST"}]


def CORRECTS_RICIAN(parameters):
    """Whether this variant undoes the Rician bias."""
    return "VST" in parameters["noise"]


def denoise(case, seed, progress, noise):
    """noise: "SD" (white), "spectrum" (the true in-plane power spectrum, slices independent) or stabilized."""
    require(PACKAGE)
    import bm4d

    if not hasattr(np, "trapz"):  # bm4d 4.2.5 calls it, numpy 2.4 has it by its new name only
        np.trapz = np.trapezoid
    check_noise(case, noise)
    if "VST" in noise:
        transform = RicianVST(case.sigma, case.noisy.max())
        return transform.inverse(bm4d.bm4d(transform.forward(case.noisy), 1.0))
    level = case.sigma
    if noise == "spectrum":
        level = np.broadcast_to(len(case.noisy) * case.noise_psd, case.noisy.shape).astype(np.float32)
    return np.asarray(bm4d.bm4d(case.noisy.astype(np.float32), level)).astype(np.float32)
