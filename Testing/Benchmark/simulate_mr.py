"""Rician noise of magnitude MR images: Gaussian noise on the real and the imaginary part (paper, Sec. 4.3).

The noise is drawn in the clean volume's own units, before any rescale; nothing is clipped or normalized afterwards.
"""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import ive


def add_rician_noise(clean, level, seed, maximum=None, filtered=0.0, spread=None):
    """Magnitude of clean + complex Gaussian noise.

    clean: (K, J, I), any type; level: SD as a fraction of maximum (0.07 is "L = 7 %"), which is the
    largest clean value unless given (for a crop: that of the whole volume); seed: int.
    filtered: SD in pixels of an in-plane Gaussian that correlates the noise of both parts (its SD stays), as a filter
    of k-space does; spread: (K, J, I) factor on the SD, as of parallel imaging, or None.
    Returns (noisy float32, sigma in image units, without the spread).
    """
    clean = np.asarray(clean, dtype=np.float64)
    sigma = float(level) * float(clean.max() if maximum is None else maximum)
    rng = np.random.default_rng(seed)
    factor = 1.0 if spread is None else spread
    real, imaginary = (factor * _grain(rng, sigma, clean.shape, filtered) for _ in range(2))
    return np.hypot(clean + real, imaginary).astype(np.float32), sigma


def _grain(rng, sigma, shape, filtered):
    noise = rng.normal(0.0, sigma, shape)
    if not filtered:
        return noise
    noise = gaussian_filter(noise, (0, filtered, filtered), mode="wrap")
    return noise * (sigma / noise.std())


def expected_magnitude(clean, sigma):
    """E[M] of a Rician variable of amplitude `clean` and noise SD sigma: where training on noisy targets converges.

    E[M] = sigma sqrt(pi/2) exp(-x/2) [(1 + x) I0(x/2) + x I1(x/2)] with x = A^2 / (2 sigma^2)
    (Gudbjartsson and Patz, Magn. Reson. Med. 34, 1995). float32, same shape. Above A = 1000 sigma the Bessel functions
    fail and the series A + sigma^2 / (2 A) is exact to float32.
    """
    amplitude = np.asarray(clean, dtype=np.float64)
    x = np.minimum(amplitude / sigma, 1000.0) ** 2 / 2.0
    mean = sigma * np.sqrt(np.pi / 2.0) * ((1.0 + x) * ive(0, x / 2.0) + x * ive(1, x / 2.0))
    series = amplitude + sigma**2 / (2.0 * np.maximum(amplitude, sigma))
    return np.where(amplitude > 1000.0 * sigma, series, mean).astype(np.float32)
