"""The noise map's values: the smooth field that what is seen in each region speaks least against.

In some regions the noise can be read off flat tissue, in others hardly anything is known but that it isn't much
stronger than what is seen. So no region is asked for its noise alone. Each has a curve over all possible noise levels:
how badly the line of `intercept` fits its cubes at that level. It counts little where no tissue is flat, and least for
levels below its line's, since what the line takes for noise may be anatomy. The map is the field with the least sum of
these errors and of its squared steps from region to region: where a region does not know, its neighbors decide. How
large steps may be is what all regions together find most likely (the evidence, by Laplace's approximation).
"""

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from .intercept import errors_at, fit_line
from .map import NoiseMap

#: Side of a region in pixels, at least; and the number of regions along the longer side of a slice, at most.
REGION, ACROSS = 16, 12
#: Regions along the slices, at most, and slices in one, at least.
ALONG, THICK = 6, 6
#: Ends of a region's groups, as parts of its cubes, and the fewest cubes of a region.
ENDS, FEWEST = (0.0, 0.1, 0.25, 0.45, 0.7), 60
#: Median of the mean square of 16 normally distributed values, of which half are independent, in units of its mean.
MEDIAN = 0.94
#: A region's errors count the more the nearer `Line.reached` is to 1, from here on; and at least this much for levels
#: below its line's, and above it.
LEAST, BELOW, ABOVE = 0.25, 0.01, 0.3
#: SDs of a step from region to region that are tried, and that of the whole field around the common level, in
#: logarithms of the variance.
STEPS, SPREAD = (0.1, 0.2, 0.4, 0.8), 7.0
#: Squared error of a region, in SDs, that counts at most when the common level is sought.
MOST = 9.0
#: Logarithms of the variance that are tried, around the median of what is seen, and their distance.
TRIALS = np.linspace(-4.0, 4.0, 121)
APART = TRIALS[1] - TRIALS[0]
#: A field is found in at most so many moves, each of this size at most; a smaller one than the last number ends it.
MOVES, LONGEST, ENOUGH = 40, 0.4, 0.01
#: The map stays within these factors of the common SD.
BOUNDS = (0.2, 5.0)


def fit_map(
    places: np.ndarray, anatomy: np.ndarray, energy: np.ndarray, shape: tuple[int, int, int], own: float
) -> NoiseMap:
    """Variance of the noise over the volume, in units of its median over the regions.

    Args:
        places: (n, 3), the centers of the cubes in voxels.
        anatomy: (n,), see `sample_cubes`.
        energy: (n,), mean square of the coefficients that show the noise.
        shape: of the stack.
        own: see `intercept.fit_line`.
    """
    counts = _regions(shape)
    seen = _seen(places, anatomy, energy, shape, counts)
    if not seen:
        return NoiseMap(np.ones((1, 1, 1), np.float32), shape)
    middle = float(np.median([variance.min() for _, variance, _ in seen.values()]))
    errors = np.zeros((int(np.prod(counts)), len(TRIALS)))
    for region, groups in seen.items():
        errors[region] = _errors(*groups, own, middle * np.exp(TRIALS))
    common = float(TRIALS[np.argmin(np.minimum(errors, MOST).sum(axis=0))])
    field = _likeliest(_Curves(errors, counts), common)
    limited = np.clip(field - common, 2 * np.log(BOUNDS[0]), 2 * np.log(BOUNDS[1]))
    return NoiseMap(np.exp(limited - np.median(limited)).astype(np.float32), shape)


def _regions(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    side = max(REGION, max(shape[1:]) / ACROSS)
    return (max(1, min(ALONG, shape[0] // THICK)), *(max(1, round(n / side)) for n in shape[1:]))


def _seen(places, anatomy, energy, shape, counts) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each region with enough cubes: anatomy, variance and number of cubes of its groups, anatomy rising."""
    cell = [np.minimum((places[:, a] * counts[a] / shape[a]).astype(int), counts[a] - 1) for a in range(3)]
    region = np.ravel_multi_index(cell, counts)
    order = np.lexsort((anatomy, region))
    bounds = np.searchsorted(region[order], np.arange(np.prod(counts) + 1))
    seen = {}
    for index, (first, last) in enumerate(pairwise(bounds)):
        if last - first >= FEWEST:
            ends = [first + round(end * (last - first)) for end in ENDS]
            groups = [order[slice(*pair)] for pair in pairwise(ends)]
            seen[index] = (
                np.array([anatomy[group].mean() for group in groups]),
                np.array([np.median(energy[group]) / MEDIAN for group in groups]),
                np.array([len(group) for group in groups]),
            )
    return seen


def _errors(anatomy, variance, count, own: float, trials: np.ndarray) -> np.ndarray:
    """What a region has against each of `trials` (n,) as its noise: (n,), 0 for the best."""
    errors = errors_at(anatomy, variance, count, own, trials)
    best = int(np.argmin(errors))
    errors -= errors[best]
    reached = fit_line(anatomy, variance, count, own).reached
    trust = (reached - LEAST) / (1 - LEAST)
    errors[:best] *= max(trust, BELOW)
    errors[best:] *= max(trust, ABOVE)
    return errors


class _Curves:
    """The errors of all regions (regions, trials), and their slopes and bends, at any field of levels (`counts`)."""

    def __init__(self, errors: np.ndarray, counts: tuple[int, int, int]) -> None:
        slopes = np.gradient(errors, APART, axis=1)
        self.counts, self._tables = counts, (errors, slopes, np.maximum(np.gradient(slopes, APART, axis=1), 0))

    def at(self, field: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Errors, slopes and bends there, each of the field's shape."""
        index = np.clip((field.ravel() - TRIALS[0]) / APART, 0, len(TRIALS) - 1.001)
        low, region = index.astype(int), np.arange(field.size)
        part = index - low
        found = (table[region, low] * (1 - part) + table[region, low + 1] * part for table in self._tables)
        return tuple(values.reshape(self.counts) for values in found)


def _likeliest(curves: _Curves, common: float) -> np.ndarray:
    """The field (`counts`) with the size of steps that is most likely."""
    best, least, steps = np.full(curves.counts, common), np.inf, _squared_steps(curves.counts)
    for step in STEPS:
        precision = steps / step**2 + np.eye(len(steps)) / SPREAD**2
        field = _smoothest(curves, common, sparse.csr_matrix(precision))
        unlikely = _unlikelihood(curves, field, common, precision)
        if unlikely < least:
            best, least = field, unlikely
    return best


def _squared_steps(counts: tuple[int, int, int]) -> np.ndarray:
    """Matrix (regions, regions) whose quadratic form is the sum of a field's squared steps."""
    steps = np.zeros((int(np.prod(counts)),) * 2)
    for axis, n in enumerate(counts):
        before, after = np.eye(int(np.prod(counts[:axis]))), np.eye(int(np.prod(counts[axis + 1 :])))
        line = np.diff(np.eye(n), axis=0)
        steps += np.kron(np.kron(before, line.T @ line), after)
    return steps


def _smoothest(curves: _Curves, common: float, precision: sparse.csr_matrix) -> np.ndarray:
    """The field with the least sum of errors and squared steps: Newton's method.

    `precision`: matrix of the squared steps and of the squared distances from the common level, in SDs.
    """
    field, curvature = np.full(curves.counts, common), precision.copy()
    diagonal = np.repeat(np.arange(field.size), np.diff(precision.indptr)) == precision.indices
    for _ in range(MOVES):
        _, slope, bend = curves.at(field)
        gradient = slope.ravel() / 2 + precision @ (field - common).ravel()
        curvature.data[diagonal] = precision.data[diagonal] + bend.ravel() / 2
        move, _ = cg(curvature, -gradient)
        move = np.clip(move, -LONGEST, LONGEST).reshape(field.shape)
        field = field + move
        if np.abs(move).max() < ENOUGH:
            break
    return field


def _unlikelihood(curves: _Curves, field: np.ndarray, common: float, precision: np.ndarray) -> float:
    """-2 log of the evidence for steps of this size, but for a constant (Laplace's approximation at `field`)."""
    errors, _, bends = curves.at(field)
    away = (field - common).ravel()
    narrowed = np.linalg.slogdet(precision + np.diag(bends.ravel() / 2))[1] - np.linalg.slogdet(precision)[1]
    return float(errors.sum() + away @ precision @ away + narrowed)
