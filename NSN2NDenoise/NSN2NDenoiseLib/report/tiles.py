"""Slices as pictures: gray window, and upright as a radiologist looks at them. Pillow only."""

import numpy as np
from PIL import Image

#: Gray values of the images span these percentiles of the input, but at most so many noise SDs around its tissue.
WINDOW = (1.0, 99.7)
WINDOW_SPAN = 15.0


def window(stack: np.ndarray, padding: float | None, noise: float | None) -> tuple[float, float]:
    """Gray window of a volume, (low, high) in image units.

    Args:
        stack: (slices, rows, columns), image units.
        padding: value that does not count, or None.
        noise: SD in image units, or None.
    """
    sample = stack[:: max(1, len(stack) // 16), ::2, ::2].ravel()
    if padding is not None:
        sample = sample[sample != padding]
    low, high = np.percentile(sample.astype(np.float64), WINDOW)
    if noise:
        tissue = float(np.median(sample[sample > low + 0.25 * (high - low)]))
        low, high = max(low, tissue - WINDOW_SPAN * noise), min(high, tissue + WINDOW_SPAN * noise)
    return float(low), float(max(high, low + 1e-6))


def gray(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """(rows, columns) -> (rows, columns, 3) uint8."""
    values = np.clip((image - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
    return np.repeat(values[..., None], 3, axis=2)


def upright(
    tile: np.ndarray, axis: str, directions: np.ndarray, spacing: tuple[float, float, float], size: int
) -> Image.Image:
    """The tile as a radiologist looks at it (patient left on the right, feet down), pixels made square.

    Args:
        tile: (rows, columns, 3) uint8, a slice along `axis`.
        axis: "k", "j" or "i".
        directions: (3, 3), columns: i, j, k; rows: left, posterior, superior.
        spacing: (i, j, k) in mm.
        size: of the longer side, pixels.
    """
    vertical, horizontal = [index for index in (2, 1, 0) if "ijk"[index] != axis]
    main = {index: int(np.argmax(np.abs(directions[:, index]))) for index in (vertical, horizontal)}
    if main[horizontal] > main[vertical]:
        tile = tile.swapaxes(0, 1)
        vertical, horizontal = horizontal, vertical
    if directions[main[horizontal], horizontal] < 0:
        tile = tile[:, ::-1]
    up = main[vertical] == 2  # superior belongs at the top
    if (directions[main[vertical], vertical] > 0) == up:
        tile = tile[::-1]
    sides = np.array([tile.shape[1] * spacing[horizontal], tile.shape[0] * spacing[vertical]])
    sides = np.maximum(1, np.round(sides * size / sides.max())).astype(int)
    return Image.fromarray(np.ascontiguousarray(tile)).resize(tuple(int(s) for s in sides), Image.Resampling.BICUBIC)
