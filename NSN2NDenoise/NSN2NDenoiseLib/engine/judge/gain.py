"""Did it help? The error of input and result, estimated from the volume itself, place by place, without a truth."""

from dataclasses import astuple, dataclass
from math import hypot, log, log10, sqrt

import numpy as np
from scipy import ndimage

from ..noise.model import NoiseModel
from .kept import Kept

#: Side in pixels of the cells whose removed energy is summed.
CELL = 4
#: SD of the Gaussian window over cells, in slices and in cells.
WINDOW = (1.0, 1.5, 1.5)
#: Removed energy up to this part above the noise's is chance, or the map's error.
TOLERANCE = 1.25
#: A strength above this is all of it.
WHOLE = 0.999
#: How far Stein's estimate of an error may be off (SD): of the noise's variance, which is known so well, and of `kept`.
KNOWN, KEPT = 0.08, 0.1
#: Error of a result that is as good as its noise lets expect, in units of that noise's variance, and its SD likewise:
#: where little noise is left, some anatomy is lost, too (`check_harm.py`).
EXPECTED, SPREAD = 1.3, 0.5
#: A result that is predicted to be better than the input by less (dB) may be worse: where the noise is weak beside the
#: anatomy, results that lose up to .1 dB are predicted to gain .2 (`check_harm.py`).
LEAST_GAIN = 0.4
#: The most that is told, dB.
MOST = 60.0
#: A change by a factor of e, dB.
DECIBEL = 10 / log(10)


@dataclass(frozen=True)
class Gain:
    """What was removed against what there was to remove, in cells of 4 x 4 pixels.

    With noise n of variance V and E the mean square of what was removed, the mean square error of
    input - a (input - denoised) is V - 2 a (V - C) + a^2 E with C = cov(n, denoised) (Stein). It is least at
    a = (V - C) / E: wherever E exceeds V - C, anatomy went, and less than all of it is better.

    Attributes:
        energy: E, (slices, cell rows, cell columns) float32, normalized.
        variance: V, likewise.
        kept: C in units of V, its spread, and the SD of the noise in the result in units of the root of V.
    """

    energy: np.ndarray
    variance: np.ndarray
    kept: Kept

    @property
    def strength(self) -> np.ndarray:
        """The best a of each cell, at most 1, with some tolerance; float32."""
        wanted = TOLERANCE * (1 - self.kept.covariance) * self.variance / np.maximum(self.energy, 1e-20)
        return np.minimum(1.0, wanted).astype(np.float32)

    def decibels(self, where: np.ndarray, strength: np.ndarray | float) -> tuple[float, float]:
        """How much smaller the mean square error is than the input's, over some cells, at a strength: dB and their SD.

        Args:
            where: boolean, as `energy`, the cells that count.
            strength: a, as `energy`, or one number.
        """
        return self.sums(where, strength).decibels(self.kept)

    def sums(self, where: np.ndarray, strength: np.ndarray | float) -> "GainSums":
        """What `decibels` is made of; those of places that have no cell in common can be added."""
        a, variance, energy = (
            np.broadcast_to(values, where.shape)[where].astype(np.float64)
            for values in (strength, self.variance, self.energy)
        )
        terms = (variance, a * variance, a**2 * variance, a**2 * energy, a, a > WHOLE)
        return GainSums(len(a), *(float(term.sum()) for term in terms))


@dataclass(frozen=True)
class GainSums:
    """Sums over cells: how many, V, aV, a^2 V, a^2 E, a, and how many have all of what was removed stay removed."""

    cells: int = 0
    variance: float = 0.0
    once: float = 0.0
    twice: float = 0.0
    energy: float = 0.0
    strength: float = 0.0
    whole: float = 0.0

    def __add__(self, other: "GainSums") -> "GainSums":
        return GainSums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def decibels(self, kept: Kept) -> tuple[float, float]:
        """How much smaller the mean square error is than the input's, and its SD, dB; 0 without cells.

        The error of the result itself, E - V + 2 C, is a small difference of large numbers where the filter is good:
        there, V would have to be known to a percent. The noise in the result tells it, too, and the better the less it
        is. Both estimates are averaged, each with the weight of its precision.
        """
        if not self.variance > 0:
            return 0.0, 0.0
        # (1 - a) (1 - a + 2 a C / V) V: of the input that is mixed in
        mixed = self.variance - 2 * (1 - kept.covariance) * self.once + (1 - 2 * kept.covariance) * self.twice
        of_result, sd = self._error(kept)
        after = max(mixed + of_result, 10 ** (-MOST / 10) * self.variance)
        return 10 * float(np.log10(self.variance / after)), DECIBEL * sd / after

    def _error(self, kept: Kept) -> tuple[float, float]:
        """Of the result, a sum of squares, and its SD."""
        variance = self.twice
        by_energy = self.energy - (1 - 2 * kept.covariance) * variance
        its_sd = variance * hypot(KNOWN, KEPT * kept.covariance, 2 * kept.spread)
        expected = EXPECTED * kept.left**2 * variance
        # there is no limit to how much anatomy may have gone: an error above the expected one is no surprise
        expected_sd = hypot(SPREAD * expected, max(by_energy - expected, 0.0))
        if not variance > 0 or not expected_sd > 0:
            return expected, its_sd
        weights = 1 / its_sd**2, 1 / expected_sd**2
        error = (weights[0] * by_energy + weights[1] * expected) / sum(weights)
        return max(error, expected / 2), 1 / sqrt(sum(weights))

    @property
    def mean_strength(self) -> float:
        """Mean of a; 1 without cells."""
        return self.strength / self.cells if self.cells else 1.0

    @property
    def whole_part(self) -> float:
        """Part of the cells where all stays removed; 1 without cells."""
        return self.whole / self.cells if self.cells else 1.0


def mixed_gain(decibels: float, sd: float, covariance: float, strength: float) -> tuple[float, float]:
    """The predicted gain of input + strength (result - input), and its SD, dB.

    With noise n of variance 1 and the result's error e, it is the mean square of (1 - strength) n + strength e.

    Args:
        decibels, sd: of the result.
        covariance: of n and e, in units of the noise's variance.
        strength: 0 to 1.
    """
    error, own = 10 ** (-decibels / 10), 1 - strength
    mixed = own**2 + 2 * own * strength * covariance + strength**2 * error
    return -10 * log10(mixed), hypot(DECIBEL * 2 * own * strength * KNOWN, sd * strength**2 * error) / mixed


def measure_gain(noisy: np.ndarray, denoised: np.ndarray, noise: NoiseModel, kept: Kept) -> Gain:
    """Compare what was removed with the noise.

    Args:
        noisy, denoised: (slices, rows, columns) float32, normalized.
        noise: as it was measured.
        kept: how much of the noise is in the result (`noise_kept`).
    """
    slices, rows, columns = noisy.shape
    cells = (slices, -(-rows // CELL), -(-columns // CELL))
    energy, variance = np.zeros(cells, np.float32), np.zeros(cells, np.float32)
    for index in range(slices):
        energy[index] = cell_means(np.square(noisy[index] - denoised[index]))
        variance[index] = cell_means(np.square(noise.unit(index, index + 1)[0]))
    return Gain(*(ndimage.gaussian_filter(values, WINDOW, mode="nearest") for values in (energy, variance)), kept)


def at_full_size(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """One slice of cells, (cell rows, cell columns), at the size of the slice, linear in between; float32."""
    rows, columns = (_weights(side, count) for side, count in zip(shape, cells.shape, strict=True))
    return rows @ cells @ columns.T


def cell_means(image: np.ndarray) -> np.ndarray:
    """(rows, columns) -> (cell rows, cell columns); what lacks at the ends repeats them."""
    rows, columns = image.shape
    padded = np.pad(image, ((0, -rows % CELL), (0, -columns % CELL)), mode="edge")
    return padded.reshape(padded.shape[0] // CELL, CELL, -1, CELL).mean(axis=(1, 3))


def _weights(side: int, count: int) -> np.ndarray:
    """(side, count) float32: how much each cell counts at a pixel, linear between the cells' centers."""
    positions = np.clip((np.arange(side) + 0.5) / CELL - 0.5, 0, count - 1)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(count))).astype(np.float32)
