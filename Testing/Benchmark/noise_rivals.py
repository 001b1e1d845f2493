"""Other estimates of a volume's noise, to compare `measure_noise` with. All assume white noise but `flat_blocks`.

References:
    Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994 (`haar`).
    Veraart et al., "Denoising of diffusion MRI using random matrix theory", NeuroImage 142, 2016 (`patches`).
"""

import numpy as np
from NSN2NDenoiseLib.engine.noise.blocks import find_noise_blocks, noise_sd
from scipy import ndimage

#: Windows that `patches` looks at, and their size in slices, rows and columns; the side of a patch.
WINDOWS, WINDOW, PATCH = 150, (6, 12, 12), 3
#: `neighbors` looks at this part of the pixels, where the low-passed slices agree best.
AGREE = 0.1


def flat_blocks(stack, excluded, tissue):
    """Homogeneous blocks of 8 x 8 pixels: what the engine used until now."""
    return noise_sd(stack, find_noise_blocks(stack, excluded))


def haar(stack, excluded, tissue):
    """Median of the diagonal Haar coefficients in all three directions."""
    even = stack[tuple(slice(0, n - n % 2) for n in stack.shape)]
    for axis in range(3):
        one, two = (even.take(range(first, even.shape[axis], 2), axis) for first in (0, 1))
        even = (one - two) / np.sqrt(2)
    inside = tissue[tuple(slice(0, n - n % 2, 2) for n in tissue.shape)]
    return _median_sd(even[inside])


def neighbors(stack, excluded, tissue):
    """Differences of neighboring slices where their low-passed versions agree."""
    low = ndimage.gaussian_filter(stack, (0, 2.0, 2.0))
    apart, difference = np.abs(np.diff(low, axis=0)), np.diff(stack, axis=0)
    inside = tissue[1:] & tissue[:-1]
    use = inside & (apart <= np.quantile(apart[inside], AGREE))
    return _median_sd(difference[use]) / np.sqrt(2)


def patches(stack, excluded, tissue):
    """Marchenko-Pastur: the eigenvalues of patches of a window that fit pure noise; median over windows of tissue."""
    found, random = [], np.random.default_rng(0)
    last = np.maximum(np.array(stack.shape) - WINDOW, 0)
    for start in random.integers(0, last + 1, (WINDOWS * 4, 3)):
        place = tuple(slice(s, s + n) for s, n in zip(start, WINDOW, strict=True))
        if len(found) == WINDOWS or tissue[place].mean() < 0.9:
            continue
        rows = np.lib.stride_tricks.sliding_window_view(stack[place], (PATCH,) * 3).reshape(-1, PATCH**3)
        rows = rows.astype(np.float64) - rows.mean(axis=0)
        values = np.linalg.eigvalsh(rows.T @ rows / len(rows))[::-1]
        for first in range(len(values)):
            mean = values[first:].mean()
            if values[first] - values[-1] < 4 * mean * np.sqrt((len(values) - first) / len(rows)):
                break
        found.append(np.sqrt(mean))
    return float(np.median(found)) if found else float("nan")


RIVALS = {"flat blocks (until now)": flat_blocks, "Haar HHH": haar, "neighbors": neighbors, "patch PCA": patches}


def _median_sd(values):
    return float(np.median(np.abs(values))) / 0.6745 if values.size else float("nan")
