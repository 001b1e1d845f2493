"""Task transfer function: how much of each spatial frequency of a low-contrast edge is left (AAPM TG-233)."""

from dataclasses import dataclass

import numpy as np
from NSN2NDenoiseLib.engine.judge.sites import find_sites
from scipy import ndimage, signal

STEP = 0.25  # pixels, of the edge profile
REACH = 6.0  # pixels to either side of the edge
TAPER = 0.4  # of the profile fades out at its ends, where only noise is left
RADIUS = 7.0  # pixels, of an inserted disc
HALF_DEPTH = 3  # slices to either side of its middle


@dataclass(frozen=True)
class Discs:
    """Discs in a volume: centers int (n, 3) (k, j, i); contrasts (n,), image units, both signs; pixel in mm."""

    centers: np.ndarray
    contrasts: np.ndarray
    pixel: float

    def insert(self, volume):
        """The volume (slices, rows, columns) with the discs in it, float32."""
        result = np.array(volume, dtype=np.float32)
        for center, contrast in zip(self.centers, self.contrasts, strict=True):
            result[self._around(center)] += self._disc(contrast)
        return result

    def transfer(self, with_discs, without):
        """List of dict by contrast: frequency (1/mm), ttf, half (1/mm, where it is 0.5), count; from their middles."""
        found = []
        for contrast in np.unique(np.abs(self.contrasts)):
            here = np.abs(self.contrasts) == contrast
            mean = np.zeros((1, *self._disc(1.0).shape[1:]))
            for (k, j, i), signed in zip(self.centers[here], self.contrasts[here], strict=True):
                place = self._around((k, j, i))
                middle = with_discs[k][place[1:]].astype(np.float64) - without[k][place[1:]]
                mean[0] += np.sign(signed) * middle / here.sum()
            center = (mean.shape[1] // 2, mean.shape[2] // 2)
            frequency, ttf = task_transfer(mean, self._disc(contrast), center, RADIUS, self.pixel)
            half = frequency_at(frequency, ttf, 0.5)
            found.append(
                {
                    "contrast": float(contrast),
                    "frequency": frequency.tolist(),
                    "ttf": ttf.tolist(),
                    "half": half,
                    "count": int(here.sum()),
                }
            )
        return found

    def _disc(self, contrast):
        side = 2 * int(RADIUS + REACH + 2) + 1
        return add_disc((2 * HALF_DEPTH + 1, side, side), (side // 2, side // 2), RADIUS, contrast)

    def _around(self, center):
        k, j, i = center
        half = self._disc(1.0).shape[1] // 2
        return (
            slice(k - HALF_DEPTH, k + HALF_DEPTH + 1),
            slice(j - half, j + half + 1),
            slice(i - half, i + half + 1),
        )


def draw_discs(volume, spacing, contrasts, seed=0):
    """Discs in tissue of `volume` (slices, rows, columns), contrast and sign at random, all as often as the others."""
    side = 2 * (RADIUS + 2) * spacing[1]
    sites = find_sites(volume, (side / (2 * HALF_DEPTH), spacing[1], spacing[2]), side)
    half = int(RADIUS + REACH + 2)
    room = np.array(volume.shape) - 1
    inner = ((sites.centers >= (HALF_DEPTH, half, half)) & (sites.centers <= room - (HALF_DEPTH, half, half))).all(1)
    centers = sites.centers[inner]
    kinds = np.array([s * c for c in contrasts for s in (1, -1)])
    order = np.random.default_rng(seed).permutation(len(centers)) % len(kinds)
    return Discs(centers, kinds[order], spacing[1])


def add_disc(shape, center, radius, contrast, blur=0.7):
    """(slices, rows, columns) float32 with one cylinder along the slices, softened in the plane by `blur` pixels."""
    rows, columns = np.indices(shape[1:], sparse=True)
    fine = np.clip(radius + 0.5 - np.hypot(rows - center[0], columns - center[1]), 0, 1)  # partial pixels at the rim
    return np.broadcast_to(contrast * ndimage.gaussian_filter(fine, blur), shape).astype(np.float32)


def edge_profile(difference, center, radius):
    """Mean over angle and slices by the distance from the rim, (offsets in pixels, profile), inside first.

    difference: (slices, rows, columns), result with the disc minus result without it: no noise is left but what the
    method makes of the disc.
    """
    rows, columns = np.indices(difference.shape[1:], sparse=True)
    offset = (np.hypot(rows - center[0], columns - center[1]) - radius).ravel()
    near = np.abs(offset) <= REACH + STEP / 2
    bins = np.rint((offset[near] + REACH) / STEP).astype(int)
    plane = np.asarray(difference, np.float64).mean(axis=0).ravel()[near]
    count = np.bincount(bins, minlength=int(2 * REACH / STEP) + 1)
    profile = np.bincount(bins, plane, minlength=len(count)) / np.maximum(count, 1)
    offsets = np.arange(len(count)) * STEP - REACH
    return offsets, np.interp(offsets, offsets[count > 0], profile[count > 0])


def transfer(difference, center, radius, spacing_mm):
    """Spectrum of the edge's derivative, (frequencies in 1/mm, magnitude in image units): at 0 it is the step."""
    _, profile = edge_profile(difference, center, radius)
    line = -np.diff(profile)
    window = signal.windows.tukey(len(line) + 2, TAPER)[1:-1]
    spectrum = np.abs(np.fft.rfft(line * window, 4 * len(line)))
    frequencies = np.fft.rfftfreq(4 * len(line), STEP * spacing_mm)
    keep = frequencies <= 0.5 / spacing_mm
    return frequencies[keep], spectrum[keep]


def task_transfer(difference, inserted, center, radius, spacing_mm):
    """(frequencies in 1/mm, TTF): the edge that came out over the edge that went in, frequency by frequency.

    Unlike a TTF normalized to 1 at frequency 0, it shows a loss of contrast as a loss.
    """
    frequencies, after = transfer(difference, center, radius, spacing_mm)
    _, before = transfer(inserted, center, radius, spacing_mm)
    usable = before > 0.05 * before[0]
    return frequencies[usable], after[usable] / before[usable]


def frequency_at(frequencies, ttf, level):
    """First frequency at which the TTF falls to `level`, 1/mm; None where it stays above."""
    below = np.flatnonzero(ttf <= level)
    if not below.size:
        return None
    n = below[0]
    if n == 0:
        return float(frequencies[0])
    part = (ttf[n - 1] - level) / (ttf[n - 1] - ttf[n])
    return float(frequencies[n - 1] + part * (frequencies[n] - frequencies[n - 1]))
