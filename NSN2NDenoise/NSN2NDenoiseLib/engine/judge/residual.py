"""Is the removed noise noise? Its correlation with the image, between slices, and within them."""

import numpy as np


def residual_correlation(before: np.ndarray, after: np.ndarray, inside: np.ndarray, slices: np.ndarray) -> dict:
    """Correlations of what was removed.

    Anatomy goes on from slice to slice, noise does (nearly) not: what was removed should correlate between neighboring
    slices no more than the noise does.

    Args:
        before, after: (slices, rows, columns), image units.
        inside: boolean, same shape, where it counts.
        slices: numbers of the slices that are looked at.

    Returns:
        withImage: of removed noise and output; acrossSlices: of the removed noise of neighboring slices; rows,
        columns: of its pixels 1, 2, 3 apart down a column and along a row; sd: its SD, image units. None where
        nothing was removed.
    """
    removed, image, pairs = [], [], []
    within = {axis: [[] for _ in range(3)] for axis in (0, 1)}
    for k in slices:
        plane, mask = np.subtract(before[k], after[k], dtype=np.float32), inside[k]
        removed.append(plane[mask])
        image.append(np.asarray(after[k], np.float32)[mask])
        if k + 1 < len(before):
            both = mask & inside[k + 1]
            pairs.append((plane[both], np.subtract(before[k + 1], after[k + 1], dtype=np.float32)[both]))
        for axis, lags in within.items():
            for lag, found in enumerate(lags, 1):
                near, far = (_shifted(a, axis, lag) for a in (plane, mask))
                here = far[0] & far[1]
                found.append((near[0][here], near[1][here]))
    return {
        "withImage": _correlation([(a, b) for a, b in zip(removed, image, strict=True)]),
        "acrossSlices": _correlation(pairs),
        "rows": [_correlation(p) for p in within[0]],
        "columns": [_correlation(p) for p in within[1]],
        "sd": _sd(np.concatenate(removed)),
    }


def _sd(values: np.ndarray) -> float | None:
    return float(values.std(dtype=np.float64)) if values.size else None


def _shifted(plane: np.ndarray, axis: int, lag: int) -> tuple[np.ndarray, np.ndarray]:
    count = plane.shape[axis]
    return plane.take(range(count - lag), axis), plane.take(range(lag, count), axis)


def _correlation(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float | None:
    if not pairs:
        return None
    one, two = (np.concatenate([p[n] for p in pairs]).astype(np.float64) for n in (0, 1))
    if one.size < 100 or not (one.std() > 0 and two.std() > 0):
        return None
    return float(np.corrcoef(one, two)[0, 1])
