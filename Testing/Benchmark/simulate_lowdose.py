"""Simulated low-dose CT: line integrals -> Poisson counts -> filtered backprojection, slice by slice.

Parallel beam, one detector element per pixel, Ram-Lak filter. The noise is correlated in the plane (by the filter and
the interpolation), anisotropic (more along the longer paths) and independent from slice to slice. The reference is the
noiseless sinogram through the same backprojection, so a perfect denoiser would reach it exactly.
"""

from dataclasses import dataclass

import numpy as np
from skimage.transform import iradon, radon

MU_WATER = 0.0195  # 1/mm, near 70 keV
AIR_HU = -1000.0


@dataclass(frozen=True)
class LowDoseCT:
    """reference: float32 (K, J, I) in HU; noise: dict photons -> float32 (K, J, I) in HU, to be added to reference."""

    reference: np.ndarray
    noise: dict

    def noisy(self, photons, slice_correlation=0.0):
        """Reference plus noise at that many photons; see correlate_slices for slice_correlation."""
        return self.reference + correlate_slices(self.noise[photons], slice_correlation)


def simulate_low_dose(hu, pixel_mm, photons, views=360, seed=0, progress=None):
    """LowDoseCT of a volume at each number of photons per ray and view (before the body).

    hu: (K, J, I) in HU; pixel_mm: in-plane pixel size in mm (square pixels); photons: sequence of numbers.
    progress(fraction), if given, is called after each slice. The same seed gives the same noise.
    """
    hu = np.asarray(hu, dtype=np.float32)
    rows, columns = hu.shape[1:]
    theta = np.arange(views) * (180.0 / views)
    reference = np.empty_like(hu)
    noise = {count: np.empty_like(hu) for count in photons}
    for k, plane in enumerate(hu):
        attenuation = np.clip((plane - AIR_HU) / 1000.0, 0.0, None) * MU_WATER
        integrals = line_integrals(_to_circle(attenuation), pixel_mm, theta)
        reference[k] = _to_hu(backproject(integrals, pixel_mm, theta), rows, columns) + AIR_HU
        for count in photons:
            rng = np.random.default_rng([seed, k, int(count)])
            error = poisson_line_integrals(integrals, count, rng) - integrals
            noise[count][k] = _to_hu(backproject(error, pixel_mm, theta), rows, columns)
        if progress is not None:
            progress((k + 1) / len(hu))
    return LowDoseCT(reference, noise)


def line_integrals(attenuation, pixel_mm, theta):
    """Radon transform, (detectors, views), without unit, of a square image in 1/mm."""
    return radon(attenuation, theta=theta, circle=True) * pixel_mm


def poisson_line_integrals(integrals, photons, rng):
    """-log(N / photons) with N ~ Poisson(photons exp(-integrals)); a ray without a photon counts as one photon."""
    counts = rng.poisson(photons * np.exp(-integrals))
    return -np.log(np.maximum(counts, 1) / photons)


def backproject(integrals, pixel_mm, theta):
    """Filtered backprojection (Ram-Lak, linear interpolation) to 1/mm."""
    return iradon(integrals, theta=theta, output_size=len(integrals), filter_name="ramp", circle=False) / pixel_mm


def correlate_slices(noise, correlation):
    """Mix each slice's noise with its neighbor's: lag-1 correlation as asked, lag 2 zero, variance kept.

    n'_k = a n_k + b n_(k+1) with a^2 + b^2 = 1 and a b = correlation (0 ... 0.5), as in contiguous clinical CT, where
    lag 1 was measured as 0.2-0.3 and lag 2 as about zero. The last slice takes its neighbor on the other side.
    """
    if correlation == 0:
        return noise
    if not 0 < correlation <= 0.5:
        raise ValueError(f"slice correlation must be in [0, 0.5], got {correlation}")
    angle = 0.5 * np.arcsin(2.0 * correlation)
    following = np.concatenate([noise[1:], noise[-2:-1]])
    return (np.cos(angle) * noise + np.sin(angle) * following).astype(noise.dtype)


def _to_circle(plane):
    """The plane centered in a square whose inscribed circle holds all of it."""
    rows, columns = plane.shape
    side = int(np.ceil(np.hypot(rows, columns))) + 2
    top, left = (side - rows) // 2, (side - columns) // 2
    return np.pad(plane, ((top, side - rows - top), (left, side - columns - left)))


def _to_hu(square, rows, columns):
    side = square.shape[0]
    top, left = (side - rows) // 2, (side - columns) // 2
    return square[top : top + rows, left : left + columns] * (1000.0 / MU_WATER)
