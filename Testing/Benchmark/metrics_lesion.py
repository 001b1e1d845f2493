"""What a lesion loses: contrast recovered, its bias, and detectability, for each contrast, diameter and texture."""

import numpy as np
from NSN2NDenoiseLib.engine.judge.lesions import recovered

from Benchmark.observer import detectability, gabor, hotelling, laguerre_gauss, matched_filter

#: Pairs that an observer needs to be trained and tested.
FEWEST = 40
#: Side of an observer's image in diameters, and in pixels at least.
SIDE, LEAST_SIDE = 3.0, 17
#: Pixels outside a lesion's rim from where on its surroundings begin.
RIM = 2.0
#: What makes a cell of the tables, beside the texture.
SEEN = ("contrasts", "diameters")


def contrast_by_cell(results, lesions):
    """List of dict: contrast, diameter, textured (None: both), count, recovered, low, high, brighter, darker.

    results: list of (with lesions, without), each (slices, rows, columns) in image units; lesions: Lesions of each.
    low, high: 95 % interval of the mean over the lesions; brighter, darker: the mean of each sign alone.
    """
    parts = np.concatenate([recovered(a, b, found) for (a, b), found in zip(results, lesions, strict=True)])
    signed, diameters, textured = (
        np.concatenate([getattr(found, name) for found in lesions]) for name in (*SEEN, "textured")
    )
    rows = []
    for contrast, diameter, texture in cells(signed, diameters):
        here = (np.abs(signed) == contrast) & (diameters == diameter)
        here &= True if texture is None else textured == texture
        if here.sum() > 1:
            mean, half = parts[here].mean(), 1.96 * parts[here].std(ddof=1) / np.sqrt(here.sum())
            sign = {name: parts[here & (s * signed > 0)] for name, s in (("brighter", 1), ("darker", -1))}
            rows.append(
                {
                    "contrast": float(contrast),
                    "diameter": float(diameter),
                    "textured": texture,
                    "count": int(here.sum()),
                    "recovered": float(mean),
                    "low": float(mean - half),
                    "high": float(mean + half),
                    **{name: float(values.mean()) if len(values) else None for name, values in sign.items()},
                }
            )
    return rows


def detection_by_cell(results, lesions):
    """List of dict: contrast, diameter, textured, and AUC with interval of each observer, see `contrast_by_cell`.

    Cells with fewer than FEWEST lesions are left out. Images are the lesion's middle slice, less the mean of its
    surroundings, brighter and darker lesions together, the latter with their sign changed.
    """
    signed, diameters = (np.concatenate([getattr(found, name) for found in lesions]) for name in SEEN)
    rows = []
    for contrast, diameter, texture in cells(signed, diameters):
        pairs = []
        for (present, absent), found in zip(results, lesions, strict=True):
            here = (np.abs(found.contrasts) == contrast) & (found.diameters == diameter)
            here &= True if texture is None else found.textured == texture
            side, radius = image_side(diameter, found.spacing[1]), 0.5 * diameter / found.spacing[1]
            pairs += [
                (sign * image(present, center, side, radius), sign * image(absent, center, side, radius))
                for center, sign in zip(found.centers[here], np.sign(found.contrasts[here]), strict=True)
            ]
        if len(pairs) >= FEWEST:
            present, absent = (np.stack(images) for images in zip(*pairs, strict=True))
            pixels = diameter / lesions[0].spacing[1]
            observers = {
                "laguerreGauss": hotelling(laguerre_gauss(present.shape[1], max(pixels, 3.0))),
                "gabor": hotelling(gabor(present.shape[1])),
                "matchedFilter": matched_filter,
            }
            found = {name: vars(detectability(present, absent, train)) for name, train in observers.items()}
            rows.append({"contrast": contrast, "diameter": diameter, "textured": texture, **found})
    return rows


def cells(signed, diameters):
    """(contrast, diameter, textured) of all cells; textured None: both kinds of tissue, then each alone."""
    for contrast in np.unique(np.abs(signed)):
        for diameter in np.unique(diameters):
            for texture in (None, False, True):
                yield contrast, diameter, texture


def image_side(diameter, spacing_mm):
    """Side of an observer's image in pixels, odd."""
    return 2 * (max(int(SIDE * diameter / spacing_mm), LEAST_SIDE) // 2) + 1


def image(volume, center, side, radius):
    """What an observer sees: the image around a center, minus the mean of what is around the lesion.

    A reader compares a lesion with its surroundings; without this, an observer without channels would have to go by
    gray values, which differ more from organ to organ than lesions do from their organ.
    """
    found = cut(volume, center, side)
    rows, columns = np.mgrid[:side, :side] - side // 2
    return found - found[np.hypot(rows, columns) > radius + RIM].mean()


def cut(volume, center, side):
    """The image around a center in its slice, (side, side) float64; beyond the border it is mirrored."""
    k, j, i = center
    rows, columns = (np.arange(c - side // 2, c + side // 2 + 1) for c in (j, i))
    rows, columns = (_mirror(n, size) for n, size in ((rows, volume.shape[1]), (columns, volume.shape[2])))
    return volume[k][np.ix_(rows, columns)].astype(np.float64)


def _mirror(indices, size):
    indices = np.abs(indices)
    return np.where(indices >= size, 2 * size - 2 - indices, indices)
