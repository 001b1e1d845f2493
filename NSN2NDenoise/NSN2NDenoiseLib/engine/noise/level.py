"""How much noise is there, where, of which color: measured so that anatomy can't be taken for it.

Every estimate from blocks that look homogeneous fails where no tissue is: in the cortex of an EPI frame, in diffusion,
in averages, in PET. Here the noise is read at the highest frequency across four slices (`noise_cubes`), at all
frequencies within the slice, in the cubes that show least anatomy at low ones, and what anatomy is left there is
taken away by following the line to where there is none (`noise_intercept`). The color is measured, not assumed; the
variance at that one frequency becomes the whole by the noise's correlation between slices, which is measured where
anatomy shows least, too.
"""

from dataclasses import dataclass

import numpy as np

from .color import NoiseColor, along_slices, are_independent, correlation_in_slice, limit_mean, slice_correlation
from .cubes import LOW, SIDE, Cubes, sample_cubes
from .intercept import OWN, Line, fit_curve, fit_line, group_cubes, median_variance
from .map import NoiseMap
from .regions import fit_map

#: The color counts in `OWN` at most by this factor: a steeper one is anatomy's.
STEEPEST = 1.6
#: Groups up to this times the least anatomy show the color.
NEAR = 2.0
#: SD in units of the tissue's mean below which noise is not worth removing,
NEGLIGIBLE = 0.004
#: and that of a volume whose highest frequencies hold nothing but the rounding of its gray levels.
NEGLIGIBLE_SMOOTH = 0.012
#: SD in units of the rounding's up to which the highest frequencies hold nothing else.
ROUNDED = 1.7
#: Noise with this correlation of neighbors in all three directions can't be told from anatomy.
SMOOTH = 0.78
#: Less than this part of the flattest cubes' variance is noise: it can't be told from none.
INDISTINCT = 0.15
#: Estimates that differ by more than this factor disagree.
AGREE = 1.35
#: So does a line whose noise is less than this part of what the flattest cubes show of low frequencies.
REACHED = 0.2
#: Beyond this part the curve is not asked.
NEAR_FLAT = 0.6
#: Smallest SD, normalized.
LEAST = 1e-5


@dataclass(frozen=True)
class NoiseLevel:
    """The noise of one volume, in the units of the stack that it was measured on.

    Attributes:
        sd: SD of the noise in tissue: the median over the tissue.
        local: SD of the noise over the volume; `local.slab(first, last)` gives (slices, rows, columns).
        color: how the noise is spread over frequencies, and its correlation within a slice.
        slice_correlation: correlation of the noise of x_i and x_i+lag, for the lags 1, 2, 3 that fit.
        estimates: SD by each way, see `measure_noise`.
        level: mean of the tissue above air: `sd / level` is the relative noise.
        clean: the part of what the flattest cubes show that is noise, 0 to 1; the rest is anatomy, extrapolated.
        agree: whether the estimates agree.
        none: no noise worth removing.
        warnings: sentences for the user.
    """

    sd: float
    local: NoiseMap
    color: NoiseColor
    slice_correlation: list[float]
    estimates: dict[str, float]
    level: float
    clean: float
    agree: bool
    none: bool
    warnings: list[str]


@dataclass(frozen=True)
class _Look:
    """The cubes in groups, with the place-dependence taken out by `unit` (n,), a variance."""

    unit: np.ndarray
    groups: list[np.ndarray]
    anatomy: np.ndarray
    variance: np.ndarray
    count: np.ndarray
    flattest: np.ndarray
    correlation: list[float]
    along: np.ndarray
    own: float

    def line(self) -> Line:
        """All frequencies together."""
        return fit_line(self.anatomy, self.variance.mean(axis=1), self.count, self.own)


def measure_noise(
    stack: np.ndarray, excluded: np.ndarray | None, spacing_mm: float | None = None, step: float | None = None
) -> NoiseLevel:
    """Measure the noise of a volume from that volume alone.

    Args:
        stack: (slices, rows, columns) float32, at least 3 x 16 x 16, normalized to [0, 1] or in image units; air is
            lowest. It is not changed.
        excluded: boolean, same shape, True on padding; or None.
        spacing_mm: distance of the slices, or None.
        step: gray step of an integer volume in the stack's units; None finds it.

    Returns:
        `estimates` holds, each an SD in tissue: "flattest" (the flattest cubes as they are), "line" (without their
        anatomy, all frequencies together), "lines" (the same frequency by frequency; the smaller of both is `sd`),
        "curve" (as "line", if anatomy saturates: only to see whether they agree), "white" (from the highest frequency
        of all, for noise that is white), "rounding" (of the gray levels).
    """
    cubes = sample_cubes(stack, excluded)
    step = gray_step(stack) if step is None else step
    if not len(cubes.top):
        return _unknown(stack, excluded, step)
    depth = cubes.slices.shape[1]
    first = _look(cubes, np.ones(len(cubes.top), np.float32))
    centers = cubes.places + np.array([(depth - 1) / 2, (SIDE - 1) / 2, (SIDE - 1) / 2])
    shape = fit_map(centers, cubes.anatomy, np.square(cubes.top[:, 1:]).mean(axis=1), stack.shape, first.own)
    look = _look(cubes, shape.at(centers))
    line = look.line()
    if line.is_flat:
        look = _look(cubes, look.unit, flat=True)
        line = look.line()
    lines = limit_mean(np.array([fit_line(look.anatomy, v, look.count, look.own).noise for v in look.variance.T]))
    curve = fit_curve(look.anatomy, look.variance.mean(axis=1), look.count, look.own)
    scale = float(np.median(look.unit)) / look.along[-1]
    estimates = {
        "flattest": float(np.sqrt(look.variance[0].mean() * scale)),
        "line": float(np.sqrt(line.noise * scale)),
        "curve": float(np.sqrt(curve.noise * scale)),
        "lines": float(np.sqrt(lines.mean() * scale)),
        "white": float(np.sqrt(lines[-1] * scale)),
        "rounding": float(step / np.sqrt(12)),
    }
    sd = max(min(estimates["line"], estimates["lines"]), LEAST * cubes.level, 1e-12)
    pixels = correlation_in_slice(cubes, look.flattest, look.unit)
    neighbors = min(look.correlation[0], pixels[0][0], pixels[1][0])
    along = np.ones(depth) if are_independent(look.correlation[0]) else look.along
    none = neighbors > SMOOTH or _is_none(sd, line, estimates, cubes.level)
    lowest = sd if line.reached > NEAR_FLAT else estimates["curve"]
    same = max(estimates["flattest"] / sd, sd / max(lowest, 1e-12)) <= AGREE
    agree = bool(none or (same and line.reached >= REACHED))
    return NoiseLevel(
        sd=sd,
        local=shape.root(sd / float(np.sqrt(np.median(look.unit)))),
        color=NoiseColor.of(lines, along, pixels),
        slice_correlation=look.correlation,
        estimates=estimates,
        level=cubes.level,
        clean=min(line.clean, 1.0),
        agree=agree,
        none=none,
        warnings=_warnings(sd, cubes.level, agree, none, spacing_mm),
    )


def gray_step(stack: np.ndarray) -> float:
    """Distance of the gray levels of a volume of whole numbers, in the stack's units; 0 when it has no such levels."""
    values = np.unique(stack.ravel()[:: max(1, stack.size // 50_000)])
    steps = np.diff(values.astype(np.float64))
    steps = steps[steps > 1e-6 * max(float(np.ptp(values)), 1e-12)]
    if steps.size < 2 or values.size > 20_000:
        return 0.0
    smallest = float(np.quantile(steps, 0.05))
    parts = steps / smallest
    return smallest if np.abs(parts - np.rint(parts)).max() < 0.05 * max(1.0, float(parts.max()) / 20) else 0.0


def _look(cubes: Cubes, unit: np.ndarray, flat: bool = False) -> _Look:
    anatomy, top = cubes.anatomy / unit, cubes.top / np.sqrt(unit)[:, None]
    groups = group_cubes(anatomy, flat)
    means = np.array([anatomy[g].mean() for g in groups])
    variance = np.array([limit_mean(median_variance(top[g])) for g in groups])
    flattest = np.concatenate([g for g, mean in zip(groups, means, strict=True) if mean <= NEAR * means[0]])
    correlation = slice_correlation(cubes, flattest, unit)
    along = along_slices(correlation, cubes.slices.shape[1])
    color = variance[0][LOW].mean() / max(variance[0].mean(), 1e-30)
    low = along[: max(1, len(along) // 2)].mean() / along[-1]
    own = OWN * float(np.clip(color, 1 / STEEPEST, STEEPEST)) * low
    count = np.array([len(g) for g in groups])
    return _Look(unit, groups, means, variance, count, flattest, correlation, along, own)


def _is_none(sd: float, line: Line, estimates: dict[str, float], level: float) -> bool:
    rounding = estimates["rounding"]
    smooth = estimates["white"] < ROUNDED * rounding and sd < 2 * ROUNDED * rounding
    limit = NEGLIGIBLE_SMOOTH if smooth else NEGLIGIBLE
    return bool(sd < limit * level or sd < 1.2 * rounding or line.clean < INDISTINCT)


def _unknown(stack: np.ndarray, excluded: np.ndarray | None, step: float) -> NoiseLevel:
    """Without a cube of tissue: the differences of neighboring slices, an upper bound."""
    every = max(1, len(stack) // 16)
    difference = stack[1::every] - stack[:-1:every]
    if excluded is not None:
        difference = difference[~(excluded[1::every] | excluded[:-1:every])]
    sd = float(np.median(np.abs(difference))) / 0.6745 / np.sqrt(2) if difference.size else 0.0
    level = float(stack.max() - stack.min())
    sd = max(sd, LEAST * level)
    return NoiseLevel(
        sd=sd,
        local=NoiseMap(np.full((1, 1, 1), sd, np.float32), stack.shape),
        color=NoiseColor.white(min(SIDE, len(stack))),
        slice_correlation=[float("nan")] * min(3, len(stack) - 1),
        estimates={"differences": sd, "rounding": float(step / np.sqrt(12))},
        level=level,
        clean=0.0,
        agree=False,
        none=sd < NEGLIGIBLE * level,
        warnings=["The noise could not be measured: no place holds more than background."],
    )


def _warnings(sd: float, level: float, agree: bool, none: bool, spacing_mm: float | None) -> list[str]:
    part = 100 * sd / level if level > 0 else float("nan")
    if none:
        return [f"This volume has hardly any noise ({part:.1f} % of the tissue's mean)."]
    if agree:
        return []
    thick = f" (its slices are {spacing_mm:.1f} mm apart)" if spacing_mm is not None else ""
    return [
        f"Hardly any tissue of this volume{thick} is homogeneous enough to measure the noise in. Its SD is "
        f"extrapolated to {part:.1f} % of the tissue's mean; it may be less."
    ]
