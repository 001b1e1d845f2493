"""Are hot spots kept? SUVmax and SUVpeak of a PET volume after denoising over before."""

import numpy as np
from scipy import ndimage


def suv_kept(before, after, spacing, spots=3):
    """dict suvMaxKept, suvPeakKept: mean ratio after / before over the hottest separate spots.

    A spot is a maximum of the peak image (mean in a sphere of 1 cm^3) at least 3 cm from the others; SUVmax is the
    largest voxel in that sphere. spacing: (k, j, i) in mm. Noise raises SUVmax, so a little below 1 is expected.
    """
    radius = (3.0 * 1000.0 / (4.0 * np.pi)) ** (1.0 / 3.0)
    sphere = _sphere(radius, spacing)
    peak_before = _mean_in(before, sphere)
    peak_after = _mean_in(after, sphere)
    left = peak_before.copy()
    far = np.array([30.0 / s for s in spacing])
    grid = np.indices(before.shape)
    ratios_max, ratios_peak = [], []
    for _ in range(spots):
        spot = np.array(np.unravel_index(left.argmax(), left.shape))
        if left[tuple(spot)] <= 0:
            break
        inside = _sphere_at(spot, sphere, before.shape)
        ratios_max.append(after[inside].max() / before[inside].max())
        ratios_peak.append(peak_after[tuple(spot)] / peak_before[tuple(spot)])
        left[sum(((g - c) / f) ** 2 for g, c, f in zip(grid, spot, far, strict=True)) < 1] = -np.inf
    return {"suvMaxKept": float(np.mean(ratios_max)), "suvPeakKept": float(np.mean(ratios_peak))}


def _sphere(radius, spacing):
    reach = [int(radius / s) for s in spacing]
    grid = np.mgrid[tuple(slice(-r, r + 1) for r in reach)]
    return sum((g * s) ** 2 for g, s in zip(grid, spacing, strict=True)) <= radius**2


def _mean_in(volume, sphere):
    return ndimage.convolve(np.asarray(volume, dtype=np.float32), sphere / np.float32(sphere.sum()), mode="nearest")


def _sphere_at(center, sphere, shape):
    offsets = np.argwhere(sphere) - np.array(sphere.shape) // 2
    places = np.clip(offsets + center, 0, np.array(shape) - 1)
    return tuple(places.T)
