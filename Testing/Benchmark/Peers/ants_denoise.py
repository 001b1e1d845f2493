"""Adaptive non-local means, ANTs DenoiseImage."""

import numpy as np

from Benchmark.Peers import require

LABEL = "DenoiseImage (ANTs)"
SOURCE = "Manjon et al., J. Magn. Reson. Imaging 31, 2010; ANTsPy denoise_image"
LICENSE = "Apache-2.0"
PACKAGE = "ants"
RANDOM = False
SWEEP = [{"r": r, "model": model} for r in (2, 3) for model in ("case", "Gaussian")]


def denoise(case, seed, progress, r, model):
    """Patch radius 1, search radius r; model "case": Rician on magnitude MR. It measures the noise itself."""
    require(PACKAGE)
    import ants

    image = ants.from_numpy(case.noisy.astype(np.float32))
    if model == "case":
        model = "Rician" if case.rician else "Gaussian"
    return ants.denoise_image(image, p=1, r=r, noise_model=model).numpy().astype(np.float32)
