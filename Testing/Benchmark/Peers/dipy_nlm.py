"""Non-local means on the volume, DIPY: classic, blockwise, and ASCM, which mixes two patch sizes."""

import numpy as np

from Benchmark.Peers import require

LABEL = "NLM 3-D (DIPY)"
SOURCE = "Coupe et al., IEEE TMI 2008; Coupe et al., MedIA 2012 (ASCM); DIPY nlmeans, adaptive_soft_matching"
LICENSE = "BSD-3-Clause"
PACKAGE = "dipy"
RANDOM = False
CORRECTS_RICIAN = True
SETTINGS = {  # method, patch radius, block radius
    "classic": ("classic", 1, 2),
    "classic, block 5": ("classic", 1, 5),
    "classic, patch 2": ("classic", 2, 3),
    "blockwise": ("blockwise", 1, 2),
    "blockwise, patch 2": ("blockwise", 2, 2),
}
FACTORS = {"classic, block 5": (0.85, 1.0, 2.2), "ASCM": (0.7, 0.85, 1.0, 1.2, 1.6)}
SWEEP = [
    {"method": m, "factor": f}
    for m in (*SETTINGS, "ASCM")
    for f in FACTORS.get(m, (0.7, 0.85, 1.0, 1.2, 1.6, 2.2, 3.0))
]


def denoise(case, seed, progress, method, factor, coils=None):
    """sigma = factor times the noise SD; the Rician model on magnitude MR, the Gaussian one elsewhere.

    coils: None takes the true SD; else DIPY's own estimate_sigma finds it, which has a correction for the number of
    coils of a magnitude image (0: none).
    """
    require(PACKAGE)
    from dipy.denoise.adaptive_soft_matching import adaptive_soft_matching

    lift = 0.0 if case.rician else float(case.noisy.min())  # its Gaussian model wants no negative values
    volume = (case.noisy - lift).astype(np.float64)
    sigma = factor * (case.sigma if coils is None else _estimated(volume, coils))
    if method == "ASCM":
        fine, coarse = (_nlmeans(volume, sigma, case.rician, "blockwise", patch, 1) for patch in (1, 2))
        result = adaptive_soft_matching(volume, fine, coarse, sigma)
    else:
        result = _nlmeans(volume, sigma, case.rician, *SETTINGS[method])
    return (result + lift).astype(np.float32)


def _estimated(volume, coils):
    from dipy.denoise.noise_estimate import estimate_sigma

    return float(estimate_sigma(volume, N=coils)[0])


def _nlmeans(volume, sigma, rician, method, patch, block):
    from dipy.denoise.nlmeans import nlmeans

    return nlmeans(volume, sigma=sigma, patch_radius=patch, block_radius=block, rician=rician, method=method)
