"""The color of the noise: how it is spread over frequencies, and its correlation within and between slices."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from .cubes import HIGH, SIDE, Cubes, cosines
from .intercept import median_variance

#: Lags that are looked at, in slices and in pixels.
LAGS = (1, 2, 3)
#: Noise of two slices counts as independent below this correlation: anatomy shows as much.
INDEPENDENT = 0.15
#: The noise of a frequency has at least this part of the mean variance.
FLOOR = 0.02
#: White noise smoothed by a Gaussian: log(mean / frequency 1) in units of log(frequency 1 / frequency 2), of four
#: pixels; .65 to .74 for a Gaussian of SD .4 to 1.7 pixels, less for other filters.
GAUSSIAN = 0.7


@dataclass(frozen=True)
class NoiseColor:
    """The noise's spectrum and correlation; the variances are in units of the noise's, their mean is 1.

    Attributes:
        within: (4, 4), variance at the frequencies of a 4 x 4 cosine transform within a slice, row by column.
        along: (4,) or (slices,), variance at the frequencies of a cosine transform across as many slices; all 1 where
            the noise of neighboring slices counts as independent.
        rows, columns: correlation of pixels 1, 2, 3 apart along a column of pixels (next row) and along a row.
        high: variance of the highest frequency in all directions: what a HHH wavelet sees of noise of variance 1.
    """

    within: np.ndarray
    along: np.ndarray
    rows: list[float]
    columns: list[float]

    @property
    def high(self) -> float:
        """See the class."""
        return float(self.within[-1, -1] * self.along[-1])

    def sample(self, shape: tuple[int, int, int], seed: int) -> np.ndarray:
        """Stationary noise of SD 1 with this color, (slices, rows, columns) `shape`, float32.

        It is made in the frequency domain, so it goes around at the ends. (Made block by block, it would have edges
        between blocks: high frequencies that the noise has not, and which every filter takes away.)
        """
        within = _waves(shape[1]) @ _covariance(_covariance(self.within).T).T @ _waves(shape[2]).T
        along = _waves(shape[0], len(self.along)) @ _covariance(self.along)
        within, along = (np.maximum(power, 0) for power in (within, along))
        gains = np.sqrt(np.multiply.outer(along / along.mean(), within / within.mean())).astype(np.float32)
        white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        return fft.irfftn(fft.rfftn(white) * gains[:, :, : shape[2] // 2 + 1], s=shape)

    @classmethod
    def of(cls, variances: np.ndarray, along: np.ndarray, pixels: tuple[list[float], list[float]]) -> "NoiseColor":
        """From the variances of the 16 frequencies, any unit."""
        mean = variances.mean()
        within = np.maximum(variances / mean, FLOOR) if mean > 0 else np.ones(SIDE * SIDE)
        return cls((within / within.mean()).reshape(SIDE, SIDE), along / along.mean(), *pixels)

    @classmethod
    def white(cls, depth: int) -> "NoiseColor":
        """White noise."""
        return cls(np.ones((SIDE, SIDE)), np.ones(depth), [0.0] * len(LAGS), [0.0] * len(LAGS))


def slice_correlation(cubes: Cubes, chosen: np.ndarray, unit: np.ndarray) -> list[float]:
    """Correlation of the noise at the lags 1, 2, 3 between slices, as many as fit.

    It is read at the highest frequencies within the slice, where gyri show least.

    Args:
        cubes: see there.
        chosen: numbers of the cubes that show least anatomy.
        unit: (n,), variance of the noise of each cube up to a factor.
    """
    values = cubes.slices[chosen][:, :, HIGH] / np.sqrt(unit[chosen])[:, None, None]
    return _correlations(values, 1, min(max(LAGS), cubes.slices.shape[1] - 1))


def correlation_in_slice(cubes: Cubes, chosen: np.ndarray, unit: np.ndarray) -> tuple[list[float], list[float]]:
    """Correlation of the noise of pixels 1, 2, 3 apart, from one row to the next and from one column to the next."""
    within = np.kron(cosines(SIDE), cosines(SIDE))
    pixels = (cubes.top[chosen] / np.sqrt(unit[chosen])[:, None] @ within).reshape(-1, SIDE, SIDE)
    return _correlations(pixels, 1, max(LAGS)), _correlations(pixels, 2, max(LAGS))


def are_independent(correlation: float) -> bool:
    """Whether noise with this correlation counts as independent (the assumption behind Eq. 2); not where it is NaN."""
    return abs(correlation) < INDEPENDENT


def limit_mean(variances: np.ndarray) -> np.ndarray:
    """The 16 variances within a slice, that of the mean (both frequencies 0) no larger than noise can have it.

    What changes the mean of a 4 x 4 square from one slice to the next is noise, but also anatomy in thick slices, and
    the brightness of slices that a scanner measures in turns (1, 3, 5, ..., 2, 4, 6, ...). From the mean to the next
    frequency the spectrum of noise falls no faster than that of white noise smoothed by a Gaussian, see `GAUSSIAN`.

    Args:
        variances: (16,), row by row, any unit.
    """
    first, second = (np.sqrt(variances[k] * variances[SIDE * k]) for k in (1, 2))
    limited = variances.copy()
    limited[0] = min(variances[0], first * max(1.0, first / max(second, 1e-30)) ** GAUSSIAN)
    return limited


def along_slices(correlation: list[float], depth: int) -> np.ndarray:
    """Variance at each frequency across `depth` slices of noise of variance 1 with this correlation."""
    lags = np.array([1.0, *correlation, *[0.0] * depth])[:depth]
    covariance = lags[np.abs(np.subtract.outer(np.arange(depth), np.arange(depth)))]
    transform = cosines(depth)
    return np.maximum(np.einsum("fa,ab,fb->f", transform, covariance, transform), 0.05)


def _covariance(variances: np.ndarray) -> np.ndarray:
    """Covariance at the lags 0, 1, ... of stationary noise, from the variances at as many frequencies; first axis."""
    transform = cosines(len(variances))
    lags = [(transform[:, : len(transform) - lag] * transform[:, lag:]).sum(axis=1) for lag in range(len(transform))]
    return np.linalg.solve(
        np.stack([(1 if lag == 0 else 2) * of_lag for lag, of_lag in enumerate(lags)], axis=1), variances
    )


def _waves(side: int, lags: int = SIDE) -> np.ndarray:
    """(frequencies of an FFT over a side, lags): what turns covariances into power."""
    waves = np.cos(2 * np.pi * np.outer(fft.fftfreq(side), np.arange(lags)))
    return waves * np.where(np.arange(lags) == 0, 1, 2)


def _correlations(values: np.ndarray, axis: int, lags: int) -> list[float]:
    """Along an axis of (n, a, b), robust: from the medians of sums and differences."""
    found = []
    for lag in range(1, lags + 1):
        count = values.shape[axis]
        one, two = values.take(range(count - lag), axis), values.take(range(lag, count), axis)
        plus, minus = (float(median_variance((one + sign * two).ravel())) for sign in (1, -1))
        found.append((plus - minus) / (plus + minus) if plus + minus > 0 else 0.0)
    return found
