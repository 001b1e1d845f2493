"""Do edges stay sharp? Transfer function at edges that the volume itself has, by the height of their step."""

import numpy as np
from scipy import ndimage, signal

#: Pixels to either side of an edge, and between two samples of its profile.
REACH, STEP = 6.0, 0.25
#: SD in pixels of the low-pass in which edges are found.
SMOOTH = 1.5
#: Groups of edges: from so many noise SDs of step on; and edges of a group, at least and at most.
STEPS, FEWEST, MOST = (4.0, 8.0, 16.0), 60, 3000
#: Part of a profile that is averaged at each end, and the part that fades out there before it is transformed.
END, TAPER = 0.15, 0.4
#: Parts of a group that are left out in turn, which says how well its transfer is known.
FOLDS = 10
#: Frequencies count as far as the input's own edges have this part of their step.
SEEN = 0.1


def edge_transfer(
    before: np.ndarray,
    after: np.ndarray,
    inside: np.ndarray,
    slices: np.ndarray,
    noise_sd: float,
    pixel: tuple[float, float],
) -> list[dict]:
    """What an edge in the result has of each frequency that it had in the input, averaged over the edges of a group.

    Edges are found in the mean of the slices next to the one where they are measured, whose noise is another: else
    edges that noise had made steeper would be favored, and the result would seem to blur.

    Args:
        before, after: (slices, rows, columns), image units.
        inside: boolean, same shape, where edges count.
        slices: numbers of the slices that are looked at.
        noise_sd: of the input, image units.
        pixel: rows, columns, in mm.

    Returns:
        dict of JSON values for each group that has enough edges: from, to (noise SDs; to is None in the last), step
        (median, image units), edges, frequency (1/mm), transfer (1: as in the input), error (its standard error), half
        (1/mm, where it falls to 0.5; None where it does not).
    """
    if not noise_sd > 0:
        return []
    profiles, steps = [], []
    for k in slices:
        if 0 < k < len(before) - 1:
            found = _profiles(before, after, inside[k], k, 0.5 * STEPS[0] * noise_sd)
            profiles.append(found[0])
            steps.append(found[1])
    if not steps:
        return []
    profiles, steps = np.concatenate(profiles, axis=1), np.concatenate(steps)
    heights = steps / noise_sd
    rows = []
    for low, high in zip(STEPS, (*STEPS[1:], np.inf), strict=True):
        here = np.flatnonzero((heights >= low) & (heights < high))
        if len(here) < FEWEST:
            continue
        here = np.sort(np.random.default_rng(0).permutation(here)[:MOST])
        one, two = (_spectrum(part[here].sum(axis=0) / steps[here].sum()) for part in profiles)
        frequency = np.fft.rfftfreq(2 * (len(one) - 1), STEP * float(np.mean(pixel)))
        seen = (frequency <= 0.5 / max(pixel)) & np.logical_and.accumulate(one > SEEN * one[0])
        transfer = two[seen] / one[seen]
        rows.append(
            {
                "from": low,
                "to": None if np.isinf(high) else high,
                "step": float(np.median(steps[here])),
                "edges": len(here),
                "frequency": frequency[seen].tolist(),
                "transfer": transfer.tolist(),
                "error": _error(profiles[:, here], len(transfer)).tolist(),
                "half": _first_below(frequency[seen], transfer, 0.5),
            }
        )
    return rows


def _profiles(before, after, inside, k: int, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Profiles across the edges of a slice, (2, edges, samples), rising, and their steps in the neighbors' mean."""
    beside = 0.5 * (before[k - 1].astype(np.float32) + before[k + 1])
    smooth = ndimage.gaussian_filter(beside, SMOOTH)
    down, right = np.gradient(smooth)
    strength = np.hypot(down, right)
    ridge = (strength >= ndimage.maximum_filter(strength, 5)) & inside & (strength > least / (4 * SMOOTH))
    margin = int(REACH) + 1
    ridge[:margin], ridge[-margin:], ridge[:, :margin], ridge[:, -margin:] = False, False, False, False
    j, i = np.nonzero(ridge)
    offsets = np.arange(-REACH, REACH + STEP / 2, STEP)
    y = j[:, None] + offsets * (down[j, i] / strength[j, i])[:, None]
    x = i[:, None] + offsets * (right[j, i] / strength[j, i])[:, None]
    ends = max(1, round(END * len(offsets)))
    guide = ndimage.map_coordinates(beside, [y, x], order=1)
    steps = guide[:, -ends:].mean(axis=1) - guide[:, :ends].mean(axis=1)
    good = steps > least
    found = [ndimage.map_coordinates(v[k].astype(np.float32), [y[good], x[good]], order=1) for v in (before, after)]
    return np.stack(found).astype(np.float64), steps[good].astype(np.float64)


def _spectrum(profile: np.ndarray) -> np.ndarray:
    line = np.diff(profile)
    return np.abs(np.fft.rfft(line * signal.windows.tukey(len(line) + 2, TAPER)[1:-1], 4 * len(line)))


def _error(profiles: np.ndarray, count: int) -> np.ndarray:
    """Standard error of the transfer at the first `count` frequencies, by the jackknife: edges of neighboring places
    share noise, so they are left out together. profiles: (2, edges, samples)."""
    sums = np.stack([part.sum(axis=1) for part in np.array_split(profiles, FOLDS, axis=1)])
    without = [sums.sum(axis=0) - part for part in sums]
    transfers = np.stack([_spectrum(two)[:count] / _spectrum(one)[:count] for one, two in without])
    return np.sqrt((FOLDS - 1) * transfers.var(axis=0))


def _first_below(frequency: np.ndarray, transfer: np.ndarray, level: float) -> float | None:
    below = np.flatnonzero(transfer < level)
    return float(frequency[below[0]]) if below.size else None
