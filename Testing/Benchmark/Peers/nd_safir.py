"""ND-SAFIR on the volume, the author's package: patches over growing neighborhoods, for Gaussian noise."""

import os

import numpy as np

from Benchmark.Peers import require

LABEL = "ND-SAFIR"
SOURCE = "Boulanger et al., IEEE TMI 2010; package ndsafir"
LICENSE = "BSD-3-Clause"
PACKAGE = "ndsafir"
RANDOM = False
SWEEP = [{"factor": f} for f in (0.7, 1.0, 1.4, 2.0)]


def denoise(case, seed, progress, factor=1.0, blind=False):
    """Factor times the noise SD, which is the true one or (blind) what the package measures itself."""
    require(PACKAGE)
    import ndsafir

    noisy = case.noisy.astype(np.float32)
    sd = float(ndsafir.calibrate_gaussian(noisy)) if blind else case.sigma
    threads = int(os.environ.get("OMP_NUM_THREADS", 0))
    return np.asarray(ndsafir.denoise_gaussian(noisy, noise_std=factor * sd, nthreads=threads), dtype=np.float32)
