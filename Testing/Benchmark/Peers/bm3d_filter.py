"""BM3D slice by slice, the authors' package, given the true noise: its SD or its spectrum."""

import numpy as np

from Benchmark.case import CannotRun
from Benchmark.Peers import require

LABEL = "BM3D"
SOURCE = "Dabov et al., IEEE TIP 2007; Makinen et al., IEEE TIP 2020; package bm3d"
LICENSE = "non-commercial (Tampere University); comparator only"
PACKAGE = "bm3d"
RANDOM = False
SWEEP = [{"noise": "SD"}, {"noise": "spectrum"}]


def denoise(case, seed, progress, noise, every=1):
    """noise: "SD" (white) or "spectrum" (the true power spectrum); every: denoise each n-th slice only."""
    require(PACKAGE)
    import bm3d

    level = case.sigma
    if noise == "spectrum":
        level = case.noise_psd
        if level is None:
            raise CannotRun("the true noise spectrum is unknown on a real volume")
    result = case.noisy.copy()
    slices = list(range(0, len(result), every))
    for n, k in enumerate(slices):
        result[k] = bm3d.bm3d(case.noisy[k].astype(np.float64), level)
        progress((n + 1) / len(slices))
    return result, slices
