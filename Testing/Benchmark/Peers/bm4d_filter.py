"""BM4D on the volume, the authors' package, given the true noise: its SD or its spectrum."""

import numpy as np

from Benchmark.case import CannotRun
from Benchmark.Peers import require

LABEL = "BM4D"
SOURCE = "Maggioni et al., IEEE TIP 2013; Makinen et al., IEEE TIP 2022; package bm4d"
LICENSE = "non-commercial (Tampere University); comparator only"
PACKAGE = "bm4d"
RANDOM = False
SWEEP = [{"noise": "SD"}, {"noise": "spectrum"}]


def denoise(case, seed, progress, noise):
    """noise: "SD" (white) or "spectrum" (the true in-plane power spectrum, slices independent)."""
    require(PACKAGE)
    import bm4d

    level = case.sigma
    if noise == "spectrum":
        plane = case.noise_psd
        if plane is None:
            raise CannotRun("the true noise spectrum is unknown on a real volume")
        level = np.broadcast_to(len(case.noisy) * plane, case.noisy.shape).astype(np.float32)
    return np.asarray(bm4d.bm4d(case.noisy.astype(np.float32), level)).astype(np.float32)
