"""BM4D on the volume, the authors' package: given the true noise, its SD or its spectrum, or as a user would run it.

On magnitude MR also with variance stabilization, as in the BM4D paper (rician_vst.py); the package has none.

What `noise` can be:
    SD, spectrum                    true; the spectrum is the noise's mean over whole slices
    tissue spectrum                 the same shape, scaled to the true SD in tissue: noise of CT is stronger there
    ..., Rician VST                 the same behind the variance stabilization
    SD map, Rician VST              for noise that varies: divided by its true SD before, multiplied with it after
    estimated, flat blocks          blind: scikit-image's estimate_sigma; the SD measured in homogeneous tissue
"""

import numpy as np

from Benchmark.case import CannotRun
from Benchmark.metrics_roi import block_noise
from Benchmark.Peers import require
from Benchmark.regions import homogeneous_blocks
from Benchmark.rician_vst import RicianVST, check_noise

LABEL = "BM4D"
SOURCE = "Maggioni et al., IEEE TIP 2013; Makinen et al., IEEE TIP 2022; package bm4d"
LICENSE = "non-commercial (Tampere University); comparator only"
PACKAGE = "bm4d"
RANDOM = False
SWEEP = [{"noise": "SD"}, {"noise": "spectrum"}, {"noise": "SD, Rician VST"}]
BLIND = ("estimated", "flat blocks")


def CORRECTS_RICIAN(parameters):
    """Whether this variant undoes the Rician bias."""
    return "VST" in parameters["noise"]


def denoise(case, seed, progress, noise, factor=1.0):
    """noise: see above; factor: on the SD that the filter is told."""
    require(PACKAGE)
    import bm4d

    if noise in BLIND:
        return _filter(bm4d, case.noisy, factor * blind_sd(case, noise))
    if noise == "SD map, Rician VST":
        if case.spread is None:
            raise CannotRun("the noise does not vary over the volume")
        even = case.noisy / case.spread
        transform = RicianVST(case.sigma, even.max())
        return case.spread * transform.inverse(_filter(bm4d, transform.forward(even), factor))
    check_noise(case, noise)
    if noise.endswith("Rician VST"):
        transform = RicianVST(case.sigma, case.noisy.max())
        stable, level = transform.forward(case.noisy), factor
        if "spectrum" in noise:
            residue = stable - transform.forward(case.ceiling)
            level = _power(residue, float(residue[case.mask].std()), factor)
        return transform.inverse(_filter(bm4d, stable, level))
    level = factor * case.sigma
    if "spectrum" in noise:
        level = _power(case.noisy - case.reference, case.sigma if noise.startswith("tissue") else None, factor)
    return _filter(bm4d, case.noisy, level)


def blind_sd(case, how):
    """The noise's SD as somebody without the truth would find it, image units."""
    if how == "flat blocks":
        return block_noise(case.noisy, homogeneous_blocks(case.noisy, spacing=case.spacing))
    from skimage.restoration import estimate_sigma

    return float(estimate_sigma(case.noisy))


def _power(noise, sd, factor):
    """The power spectrum that BM4D wants, float32 (K, J, I): of noise that is independent between slices.

    sd: what the SD is scaled to, None for that of the whole noise.
    """
    power = np.mean(np.abs(np.fft.fft2(noise.astype(np.float64))) ** 2, axis=0)
    if sd is not None:
        power *= sd**2 * power.size / power.mean()  # the mean of |FFT|^2 is the variance times the pixels
    return np.broadcast_to(factor**2 * len(noise) * power, noise.shape).astype(np.float32)


def _filter(bm4d, volume, level):
    if not hasattr(np, "trapz"):  # bm4d 4.2.5 still calls it, for a spectrum; numpy 2.4 has it under its new name only
        np.trapz = np.trapezoid
    return np.asarray(bm4d.bm4d(volume.astype(np.float32), level)).astype(np.float32)
