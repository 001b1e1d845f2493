"""Width of strong edges: does the denoiser blur?"""

import numpy as np
from scipy import ndimage, optimize, special

from Benchmark.regions import low_pass

REACH = 6.0  # pixels to either side
STEP = 0.25  # pixels
TEN_TO_NINETY = 2.563103  # of an edge blurred by a Gaussian of SD 1


def edge_places(volume, mask, count=2000, seed=0):
    """Places of strong in-plane edges of `volume`: (n, 3) int (k, j, i) and their unit gradients (n, 2) along (j, i).

    Ridges of the low-passed gradient among its strongest 2 % in mask, chosen on the input and used for every result.
    """
    smooth = low_pass(volume, spacing_ratio=np.inf)
    down, right = (ndimage.sobel(smooth, axis) for axis in (1, 2))
    strength = np.hypot(down, right)
    candidates = mask & (strength >= np.percentile(strength[mask], 98))
    candidates &= strength >= ndimage.maximum_filter(strength, (1, 5, 5))
    margin = int(REACH) + 2
    inner = np.zeros_like(candidates)
    inner[:, margin:-margin, margin:-margin] = True
    places = np.argwhere(candidates & inner)
    if len(places) > count:
        places = np.random.default_rng(seed).permutation(places)[:count]
    k, j, i = places.T
    gradients = np.stack([down[k, j, i], right[k, j, i]], axis=1)
    return places, gradients / np.linalg.norm(gradients, axis=1, keepdims=True)


def edge_width(volume, places, gradients, pixel_mm):
    """10-90 % rise distance in mm of the mean profile across those edges; NaN when there are none.

    The profile (each divided by its own step) is fitted by an error function; the positions are pixel centers, which
    widens input and output alike.
    """
    if len(places) == 0:
        return float("nan")
    offsets = np.arange(-REACH, REACH + STEP / 2, STEP)
    k = np.repeat(places[:, :1], len(offsets), axis=1)
    j = places[:, 1:2] + offsets * gradients[:, :1]
    i = places[:, 2:3] + offsets * gradients[:, 1:]
    profiles = ndimage.map_coordinates(np.asarray(volume, dtype=np.float32), [k, j, i], order=1)
    ends = 8
    step = profiles[:, -ends:].mean(axis=1) - profiles[:, :ends].mean(axis=1)
    good = step > 0.5 * np.median(step)
    mean = profiles[good].sum(axis=0) / step[good].sum()

    def model(x, center, sd, height, offset):
        return offset + 0.5 * height * (1 + special.erf((x - center) / (np.sqrt(2) * sd)))

    start = (0.0, 1.5, 1.0, float(mean[0]))
    limits = ([-REACH, 0.05, 0.0, -np.inf], [REACH, REACH, np.inf, np.inf])
    (_, sd, _, _), _ = optimize.curve_fit(model, offsets, mean, p0=start, bounds=limits)
    return float(TEN_TO_NINETY * sd * pixel_mm)
