"""Adaptive non-local means, ANTs DenoiseImage."""

import numpy as np

from Benchmark.Peers import require

LABEL = "DenoiseImage (ANTs)"
SOURCE = "Manjon et al., J. Magn. Reson. Imaging 31, 2010; ANTsPy denoise_image"
LICENSE = "Apache-2.0"
PACKAGE = "ants"
RANDOM = False
SWEEP = [{"p": 1, "r": 2}, {"p": 1, "r": 3}, {"p": 2, "r": 2}]


def denoise(case, seed, progress, p, r):
    """Patch radius p, search radius r; Rician on magnitude MR, else Gaussian. It measures the noise itself."""
    require(PACKAGE)
    import ants

    image = ants.from_numpy(case.noisy.astype(np.float32))
    model = "Rician" if case.rician else "Gaussian"
    return ants.denoise_image(image, p=p, r=r, noise_model=model).numpy().astype(np.float32)
