"""BM3D slice by slice, the authors' package, given the true noise: its SD or its spectrum.

On magnitude MR also with variance stabilization (rician_vst.py); the package has none."""

import numpy as np

from Benchmark.Peers import require
from Benchmark.rician_vst import RicianVST, check_noise

LABEL = "BM3D"
SOURCE = "Dabov et al., IEEE TIP 2007; Makinen et al., IEEE TIP 2020; package bm3d"
LICENSE = "non-commercial (Tampere University); comparator only"
PACKAGE = "bm3d"
RANDOM = False
SWEEP = [{"noise": "SD"}, {"noise": "spectrum"}, {"noise": "SD, Rician VST"}]


def CORRECTS_RICIAN(parameters):
    """Whether this variant undoes the Rician bias."""
    return "VST" in parameters["noise"]


def denoise(case, seed, progress, noise, every=1):
    """noise: "SD" (white), "spectrum" (the true power spectrum) or stabilized; every: denoise each n-th slice only."""
    require(PACKAGE)
    import bm3d

    check_noise(case, noise)
    level = case.noise_psd if noise == "spectrum" else case.sigma
    transform = RicianVST(case.sigma, case.noisy.max()) if "VST" in noise else None
    result = case.noisy.copy()
    slices = list(range(0, len(result), every))
    for n, k in enumerate(slices):
        if transform is None:
            result[k] = bm3d.bm3d(case.noisy[k].astype(np.float64), level)
        else:
            result[k] = transform.inverse(bm3d.bm3d(transform.forward(case.noisy[k]).astype(np.float64), 1.0))
        progress((n + 1) / len(slices))
    return result, slices
