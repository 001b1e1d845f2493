"""Simulated ultrasound: fully developed speckle with a known truth, log-compressed to 8 bit as scanners store it.

Many scatterers a resolution cell give a complex Gaussian field (Goodman); its variance is the tissue's reflectivity,
and the pulse correlates it. The envelope is Rayleigh distributed; its logarithm is the logarithm of the reflectivity,
as the pulse blurs it, plus noise of the same distribution everywhere: SD 5.57 dB, mean -2.51 dB.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: Mean and SD (dB) of the logarithm of a Rayleigh envelope whose mean square is 1.
LOG_MEAN, LOG_SD = -10 * np.euler_gamma / np.log(10), 10 * np.pi / np.sqrt(6) / np.log(10)


@dataclass(frozen=True)
class Speckle:
    """noisy: uint8 (K, J, I); truth: float32, the mean of noisy but for rounding and clipping; gray: levels a dB."""

    noisy: np.ndarray
    truth: np.ndarray
    gray: float


def simulate_speckle(decibels, pulse, seed=0, dynamic_range=60.0):
    """Speckle of a volume.

    decibels: (K, J, I), reflectivity in dB, 0 the brightest; pulse: SD of its Gaussian envelope in voxels along
    slices, rows, columns; dynamic_range: dB that 255 gray levels cover, from -dynamic_range + 5 to +5 dB.
    """
    reflectivity = 10 ** (np.asarray(decibels, np.float64) / 10)
    rng = np.random.default_rng(seed)
    scatterers = rng.normal(size=(2, *reflectivity.shape)) * np.sqrt(reflectivity / 2)
    field = np.stack([ndimage.gaussian_filter(part, pulse, mode="wrap") for part in scatterers])
    energy = np.zeros(reflectivity.shape)
    energy.flat[0] = 1.0
    weight = np.square(ndimage.gaussian_filter(energy, pulse, mode="wrap"))  # of each scatterer in a voxel's variance
    variance = np.fft.ifftn(np.fft.fftn(reflectivity) * np.fft.fftn(weight)).real
    unit = weight.sum()
    envelope = 10 * np.log10(np.maximum(np.square(field).sum(axis=0) / unit, 1e-12))
    truth = 10 * np.log10(np.maximum(variance / unit, 1e-12)) + LOG_MEAN
    gray = 255.0 / dynamic_range
    noisy, truth = (np.clip((values - 5.0 + dynamic_range) * gray, 0, 255) for values in (envelope, truth))
    return Speckle(np.rint(noisy).astype(np.uint8), truth.astype(np.float32), gray)
