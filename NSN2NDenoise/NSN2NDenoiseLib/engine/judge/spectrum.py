"""Noise power spectrum in flat windows: the texture of the noise that was there, is left, and was removed."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: Sides of a window in pixels, the first that finds enough of them, and how many are used.
SIDES, FEWEST, MOST = (32, 24, 16), 12, 60


@dataclass(frozen=True)
class Windows:
    """Flat tissue: corners (n, 3) int, slice, row, column; side in pixels."""

    corners: np.ndarray
    side: int

    def cut(self, stack: np.ndarray) -> np.ndarray:
        """The windows' voxels, (n, side, side) float64."""
        parts = [stack[k, j : j + self.side, i : i + self.side] for k, j, i in self.corners]
        return np.stack(parts).astype(np.float64)


def find_windows(before: np.ndarray, inside: np.ndarray, slices: np.ndarray) -> Windows | None:
    """The flattest windows of tissue, chosen on the low-passed input; None where there are too few.

    Args:
        before: (slices, rows, columns), image units.
        inside: boolean, same shape, tissue.
        slices: numbers of the slices that are looked at.
    """
    for side in SIDES:
        corners, spreads = [], []
        for k in slices:
            around = np.asarray(before[max(k - 1, 0) : k + 2], np.float32).mean(axis=0)
            smooth = ndimage.gaussian_filter(around, 2.0)
            for j in range(0, smooth.shape[0] - side + 1, side // 2):
                for i in range(0, smooth.shape[1] - side + 1, side // 2):
                    here = slice(j, j + side), slice(i, i + side)
                    if inside[k][here].all():
                        corners.append((k, j, i))
                        spreads.append(float(smooth[here].std()))
        if len(corners) >= FEWEST:
            flattest = np.argsort(spreads, kind="stable")[: max(FEWEST, min(MOST, len(corners) // 3))]
            return Windows(np.array(corners)[flattest], side)
    return None


def noise_power(stack: np.ndarray, windows: Windows, pixel: tuple[float, float]) -> tuple[list[float], list[float]]:
    """Noise power spectrum, mean over windows and directions: (frequencies in 1/mm, power in units^2 mm^2).

    A polynomial of second order is taken out of each window (AAPM TG-233); white noise of SD s has s^2 times the
    pixel's area at every frequency.

    Args:
        stack: (slices, rows, columns), image units.
        windows: see `find_windows`.
        pixel: rows, columns, in mm.
    """
    values, side = _detrended(stack, windows), windows.side
    power = np.mean(np.abs(np.fft.fft2(values)) ** 2, axis=0) * np.prod(pixel) / side**2
    frequency = np.hypot(np.fft.fftfreq(side, pixel[0])[:, None], np.fft.fftfreq(side, pixel[1]))
    step = 1.0 / (side * max(pixel))
    rings = np.rint(frequency / step).astype(int)
    numbers = range(1, side // 2 + 1)
    return [float(frequency[rings == n].mean()) for n in numbers], [float(power[rings == n].mean()) for n in numbers]


def mean_frequency(frequencies: list[float], power: list[float]) -> float | None:
    """Centroid of a radial spectrum over the frequency plane, 1/mm: lower means coarser noise."""
    f, p = np.asarray(frequencies), np.asarray(power)
    total = float((f * p).sum())
    return float((f * f * p).sum() / total) if total > 0 else None


def window_sd(stack: np.ndarray, windows: Windows) -> float:
    """Median over the windows of the SD in them, image units: the noise, and what anatomy they show."""
    return float(np.sqrt(np.median(np.square(_detrended(stack, windows)).mean(axis=(1, 2)))))


def _detrended(stack: np.ndarray, windows: Windows) -> np.ndarray:
    values = windows.cut(stack)
    basis = np.linalg.qr(_polynomials(windows.side))[0]
    flat = values.reshape(len(values), -1)
    return (flat - (flat @ basis) @ basis.T).reshape(values.shape)


def _polynomials(side: int) -> np.ndarray:
    y, x = (np.mgrid[:side, :side].reshape(2, -1) - (side - 1) / 2) / side
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
