"""Blockwise non-local means on the volume, DIPY."""

import numpy as np

from Benchmark.Peers import require

LABEL = "NLM 3-D (DIPY)"
SOURCE = "Coupe et al., IEEE TMI 2008; DIPY nlmeans"
LICENSE = "BSD-3-Clause"
PACKAGE = "dipy"
RANDOM = False
CORRECTS_RICIAN = True
SWEEP = [{"factor": f, "method": m} for m in ("classic", "blockwise") for f in (0.7, 0.85, 1.0, 1.2, 1.6, 2.2)]


def denoise(case, seed, progress, factor, method):
    """sigma = factor times the noise SD; the Rician model on magnitude MR, the Gaussian one elsewhere."""
    require(PACKAGE)
    from dipy.denoise.nlmeans import nlmeans

    lift = 0.0 if case.rician else float(case.noisy.min())  # its Gaussian model wants no negative values
    volume = (case.noisy - lift).astype(np.float64)
    settings = {"patch_radius": 1, "method": method, "rician": case.rician}
    if method == "classic":
        settings["block_radius"] = 2
    return (nlmeans(volume, sigma=factor * case.sigma, **settings) + lift).astype(np.float32)
