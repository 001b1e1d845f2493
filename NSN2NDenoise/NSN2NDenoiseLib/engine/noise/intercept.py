"""The noise's part of a variance: what is left of it where there is no anatomy.

Cubes are ranked by their anatomy, in groups; the variance of a frequency that shows little anatomy rises with it:

    variance = noise + slope (anatomy - OWN noise)

where OWN noise is what pure noise shows as `anatomy` in the flattest group. In flat tissue the groups show noise only,
and the slope is 0; where no tissue is flat, the line is followed to the point without anatomy.
"""

from dataclasses import dataclass

import numpy as np

#: Ends of the groups, as parts of all cubes,
ENDS = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4)
#: and in a volume with much flat tissue, where the flattest cubes are those that happen to be quiet.
FLAT_ENDS = (0.1, 0.2, 0.3, 0.4)
#: The fewest cubes of a group; less among few cubes.
FEWEST, FEWEST_PART = 60, 0.08
#: What tells much flat tissue.
FLAT_REACHED, FLAT_SLOPE = 0.8, 0.1
#: The fewest groups that a line is drawn through.
POINTS = 3
#: Groups with more than this times the least anatomy are not on the line any more.
RANGE = 8.0
#: What pure white noise shows as `anatomy`, in units of its variance, in cubes that were chosen for showing little.
OWN = 0.4
#: Relative error of a group of many cubes: the line is not quite straight.
ERROR = 0.05
#: A curve bends at these multiples of the least anatomy, and counts when its squared error is less by this.
BENDS, GAIN = (4.0, 2.0, 1.0), 6.0
#: Trial values of the noise's part of the smallest variance.
TRIALS = np.concatenate([[0.0], np.geomspace(0.02, 1.4, 150)])


@dataclass(frozen=True)
class Line:
    """The line through the groups.

    Attributes:
        noise: variance without anatomy.
        slope: see above.
        clean: the part of the least anatomical group's variance that is noise, 0 to 1.
        reached: its noise in `anatomy`, as a part of all its `anatomy`: near 1 where tissue is flat.
        error: sum over the groups of the squared deviations, in SDs.
    """

    noise: float
    slope: float
    clean: float
    reached: float
    error: float = 0.0

    @property
    def is_flat(self) -> bool:
        """Whether there is much tissue that shows noise only."""
        return self.reached > FLAT_REACHED and self.slope < FLAT_SLOPE


def group_cubes(anatomy: np.ndarray, flat: bool = False) -> list[np.ndarray]:
    """Groups of cubes, the least anatomy first; (n,) float -> index arrays, at least one unless `anatomy` is empty."""
    order = np.argsort(anatomy, kind="stable")
    groups, first = [], 0
    fewest = min(FEWEST, max(4, round(FEWEST_PART * order.size)))
    for end in FLAT_ENDS if flat else ENDS:
        last = round(end * order.size)
        if last - first >= fewest:
            groups.append(order[first:last])
            first = last
    if not groups and order.size:
        groups.append(order[:fewest])
    return groups


def median_variance(values: np.ndarray) -> np.ndarray:
    """Variance of normally distributed (n, ...) values of mean 0 from the median of their absolute values."""
    return np.square(np.median(np.abs(values), axis=0) / 0.6745)


def fit_line(
    anatomy: np.ndarray, variance: np.ndarray, count: np.ndarray, own: float = OWN, bend: float = np.inf
) -> Line:
    """Fit the line.

    Args:
        anatomy: (groups,), rising.
        variance: (groups,), of a frequency or a mean of several.
        count: (groups,), cubes.
        own: OWN of this noise's color.
        bend: anatomy, in units of the least, at which a curve bends down to half of the line.
    """
    anatomy, variance, count = _near(anatomy, variance, count)
    if len(anatomy) < POINTS:
        noise = float(variance.min())
        return Line(noise, 0.0, 1.0, min(1.0, own * noise / float(anatomy[0])))
    trials = TRIALS * variance.min()
    slope, error = _through(anatomy, variance, count, own, trials, bend)
    best = int(np.argmin(error))
    noise = float(trials[best])
    reached = min(1.0, own * noise / float(anatomy[0]))
    return Line(noise, float(slope[best]), noise / float(variance[0]), reached, float(error[best]))


def fit_curve(anatomy: np.ndarray, variance: np.ndarray, count: np.ndarray, own: float = OWN) -> Line:
    """As `fit_line`, or a curve that bends down where that fits clearly better: a second opinion, mostly lower."""
    line = fit_line(anatomy, variance, count, own)
    curves = [fit_line(anatomy, variance, count, own, bend) for bend in BENDS]
    best = min(curves, key=lambda curve: curve.error)
    return best if best.error < line.error - GAIN else line


def errors_at(
    anatomy: np.ndarray, variance: np.ndarray, count: np.ndarray, own: float, trials: np.ndarray
) -> np.ndarray:
    """How badly the best line fits with each of `trials` (n,) as the noise: (n,), sums of squared deviations in SDs.

    `anatomy`, `variance`, `count`, `own`: as in `fit_line`. With too few groups for a line its slope is 0.
    """
    return _through(*_near(anatomy, variance, count), own, trials)[1]


def _near(anatomy: np.ndarray, variance: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The groups that may be on the line."""
    near = anatomy <= RANGE * anatomy[0]
    anatomy = np.maximum(anatomy[near], 1e-30)  # 0 where a volume is as smooth as numbers are
    return anatomy, np.maximum(variance[near].astype(np.float64), 1e-30), count[near]  # whose square float32 makes 0


def _through(anatomy, variance, count, own, trials, bend=np.inf) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the best lines through the groups with each of `trials` (n,) as the noise, and their errors: (n,)."""
    weight = 1 / (variance**2 * (ERROR**2 + 1 / count))
    beyond = np.maximum(anatomy - own * trials[:, None], 0)
    beyond = beyond / (1 + beyond / (bend * anatomy[0])) if bend < np.inf else beyond
    rest = variance - trials[:, None]
    slope = np.maximum((weight * rest * beyond).sum(axis=1) / np.maximum((weight * beyond**2).sum(axis=1), 1e-30), 0)
    slope = slope if len(anatomy) >= POINTS else np.zeros_like(slope)
    return slope, (weight * (rest - slope[:, None] * beyond) ** 2).sum(axis=1)
