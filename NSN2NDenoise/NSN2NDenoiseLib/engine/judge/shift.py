"""Do values stay what they were? The mean change by tissue, and the local mean change as a map."""

import numpy as np
from scipy import ndimage

from .sites import is_hounsfield

#: Tissues in HU: name, from, to. Between fat and soft tissue, and around -1000, values are mostly mixtures.
CT_TISSUES = (
    ("lung", -950.0, -600.0),
    ("fat", -130.0, -60.0),
    ("soft tissue", 0.0, 100.0),
    ("bone and contrast agent", 150.0, 3000.0),
)
#: Other modalities: tissue is brighter than this part of the bright end, and is cut in so many ranges.
BRIGHT, RANGES = 0.15, 3
#: SD in pixels of the low-pass that says what tissue a voxel is; three slices are averaged for it.
SMOOTH = 2.0
#: A voxel lies within a tissue when the low-passed values so many pixels around it do, too.
WITHIN = 5
#: A tissue of fewer voxels is left out.
FEWEST = 500
#: SD of the low-pass of the map, in pixels.
LOCAL = 4.0


def shift_by_tissue(
    before: np.ndarray, after: np.ndarray, excluded: np.ndarray | None = None, slices: np.ndarray | None = None
) -> list[dict]:
    """Mean of after - before in each tissue, without its borders.

    Args:
        before, after: (slices, rows, columns), image units.
        excluded: boolean, same shape, True on padding; or None.
        slices: numbers of the slices that are looked at; None: all.

    Returns:
        dict of JSON values for each tissue that is there: name, low, high (image units, of the low-passed input),
        voxels, mean (of the input), shift (mean of after - before), error (its standard error over slices, or None).
    """
    slices = np.arange(len(before)) if slices is None else slices
    smooth = np.stack([_low_pass(before, k) for k in slices])
    found = []
    for name, low, high in _tissues(smooth, is_hounsfield(before)):
        sums, totals, counts = [], 0.0, []
        for k, plane in zip(slices, smooth, strict=True):
            inside = (plane >= low) & (plane <= high)
            if excluded is not None:
                inside &= ~excluded[k]
            inside = ndimage.minimum_filter(inside.view(np.uint8), WITHIN, mode="constant").astype(bool)
            counts.append(int(np.count_nonzero(inside)))
            sums.append(float((after[k][inside].astype(np.float64) - before[k][inside]).sum()))
            totals += float(before[k][inside].sum(dtype=np.float64))
        count = sum(counts)
        if count < FEWEST:
            continue
        means = [s / n for s, n in zip(sums, counts, strict=True) if n >= FEWEST / 10]
        error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 2 else None
        values = {"mean": totals / count, "shift": sum(sums) / count, "error": error}
        found.append({"name": name, "low": float(low), "high": float(high), "voxels": count, **values})
    return found


def shift_map(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Local mean of after - before in one slice, (rows, columns) float32, image units; noise averages out in it."""
    return ndimage.gaussian_filter(np.subtract(after, before, dtype=np.float32), LOCAL)


def _low_pass(stack: np.ndarray, k: int) -> np.ndarray:
    around = np.asarray(stack[max(k - 1, 0) : k + 2], np.float32).mean(axis=0)
    return ndimage.gaussian_filter(around, SMOOTH)


def _tissues(smooth: np.ndarray, hounsfield: bool) -> list[tuple[str, float, float]]:
    if hounsfield:
        return list(CT_TISSUES)
    sample = smooth[:, ::2, ::2]
    tissue = sample[sample > BRIGHT * np.percentile(sample, 99.5)]
    if not tissue.size:
        return []
    limits = np.quantile(tissue, np.linspace(0, 1, RANGES + 1))
    names = ("darker third of the tissue", "middle third of the tissue", "brighter third of the tissue")
    return [(name, float(limits[n]), float(limits[n + 1])) for n, name in enumerate(names)]
