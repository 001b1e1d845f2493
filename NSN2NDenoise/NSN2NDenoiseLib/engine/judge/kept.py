"""How much of the noise a result still follows, measured by adding a little more of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..noise.model import NoiseModel
from ..volume.part import Box

#: Samples that are looked at, and their sides in slices, rows and columns, at most: no more slices than a block of the
#: filters and what it looks for on both sides.
SAMPLES, SIDES = 3, (7, 64, 64)
#: Voxels at a sample's border that don't count: their blocks see less there than in the whole volume.
BORDER = (1, 4, 4)
#: SD of the added noise in units of the noise.
PROBE = 0.2


@dataclass(frozen=True)
class Kept:
    """How much of the noise a result follows.

    Attributes:
        covariance: of the noise and the result, in units of the noise's variance, 0 to 1.
        spread: SD of that between samples.
        left: SD of the noise in the result, in units of the noise's.
    """

    covariance: float
    spread: float
    left: float


def noise_kept(
    samples: Sequence[np.ndarray],
    results: Sequence[np.ndarray],
    noises: Sequence[NoiseModel],
    again: Callable[[np.ndarray, int], np.ndarray],
    tissue: float,
) -> Kept:
    """Measure how much of the noise a result follows.

    It is how much the result follows noise of the same color that is added to the input, in a few samples with much
    tissue. Stein's unbiased risk estimate needs it. All that made the result is done again: what only the guide of a
    filter follows would be missed otherwise.

    Args:
        samples: (slices, rows, columns) float32, normalized, from `sample_regions`.
        results: what became of them.
        noises: as it was measured, of each sample's region.
        again: the denoising of a sample: of its voxels, and which one it is.
        tissue: value, normalized, above which voxels count.

    References:
        Ramani, Blu, Unser, "Monte-Carlo SURE: a black-box optimization of regularization parameters for general
        denoising algorithms", IEEE Trans. Image Process. 17, 2008.
    """
    covariances, energies = [], []
    for number, (own, result, noise) in enumerate(zip(samples, results, noises, strict=True)):
        unit = noise.unit(0, len(own))
        probe = unit * noise.level.color.sample(own.shape, seed=number)
        difference = again(own + np.float32(PROBE) * probe, number) - result
        inner = tuple(slice(b, s - b) if s > 3 * b else slice(None) for b, s in zip(BORDER, own.shape, strict=True))
        counts = own[inner] > tissue
        if counts.any():
            variance = np.square(unit[inner])[counts].mean()
            covariances.append((probe * difference)[inner][counts].mean() / PROBE / variance)
            energies.append(np.square(difference[inner])[counts].mean() / PROBE**2 / variance)
    if not covariances:
        return Kept(0.0, 0.0, 0.0)
    covariance = float(np.clip(np.mean(covariances), 0, 1))
    return Kept(covariance, float(np.std(covariances)), float(np.sqrt(np.mean(energies))))


def sample_regions(
    volume: np.ndarray, tissue: float, gap: int = 1, samples: int = SAMPLES, sides: tuple[int, int, int] = SIDES
) -> list[Box]:
    """The regions with the most tissue at different places along the slices, at least two gaps thick.

    Args:
        volume: (slices, rows, columns) float32, normalized.
        tissue: as in `noise_kept`.
        gap: pairs are (x_i, x_i+gap).
        samples, sides: how many, and their slices, rows and columns, at most.
    """
    sides = sample_shape(volume.shape, gap, sides)
    starts = np.unique(np.linspace(0, volume.shape[0] - sides[0], samples + 2).round().astype(int))
    starts = starts[1:-1] if len(starts) > 2 else starts
    found = []
    for start in starts:
        bright = volume[start + sides[0] // 2] > tissue
        corners = [
            (np.count_nonzero(bright[row : row + sides[1], column : column + sides[2]]), -row, -column)
            for row in _places(volume.shape[1], sides[1])
            for column in _places(volume.shape[2], sides[2])
        ]
        _, row, column = max(corners)
        found.append(
            (slice(int(start), int(start) + sides[0]), slice(-row, sides[1] - row), slice(-column, sides[2] - column))
        )
    return found


def sample_shape(
    shape: tuple[int, int, int], gap: int = 1, sides: tuple[int, int, int] = SIDES
) -> tuple[int, int, int]:
    """Slices, rows and columns of each sample of a volume of this shape; other arguments as above."""
    return tuple(map(min, (max(sides[0], 2 * gap), *sides[1:]), shape))


def _places(size: int, side: int) -> list[int]:
    return [int(place) for place in np.unique(np.linspace(0, size - side, 1 + 2 * (size // side)).round())]
