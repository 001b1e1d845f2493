"""Pictures of the page as data URIs: slices before, after, removed, and maps."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..engine import slices_first
from ..engine.judge.shift import shift_map
from ..engine.look import Look
from .tiles import gray, upright, window

#: Where along the slice axis the slices lie.
PLACES = (0.3, 0.5, 0.7)
#: Longer side of a picture in pixels.
SIZE = 360
#: Gray values of the removed noise span this many noise SDs either way, those of the local shift this part of one.
NOISE_SPAN, SHIFT_SPAN = 4.0, 0.5
#: Colors of the noise map from least to most: dark blue, green, yellow.
SCALE = np.array([[24, 24, 64], [38, 90, 128], [60, 150, 110], [220, 205, 70]], float)


@dataclass(frozen=True)
class Picture:
    """A picture with its caption; `uri` goes into an img element."""

    uri: str
    caption: str


@dataclass(frozen=True)
class Geometry:
    """directions: (3, 3), columns i, j, k, rows left, posterior, superior; spacing: (i, j, k) in mm."""

    directions: np.ndarray
    spacing: tuple[float, float, float]


def slice_pictures(
    volume: np.ndarray, result: np.ndarray, look: Look, geometry: Geometry, ends: tuple[int, int]
) -> tuple[list[list[Picture]], str]:
    """Rows of before, after, removed and local shift, and what their gray values mean.

    Args:
        volume, result: (K, J, I) input and output, image units.
        look: at the input.
        geometry: of the volume.
        ends: first and last slice of what was denoised.
    """
    before, after = slices_first(volume, look.axis), slices_first(result, look.axis)
    low, high = window(before, look.padding_value, look.noise_sd)
    noise = look.noise_sd if look.noise_sd > 0 else (high - low) / 20
    rows = []
    for place in PLACES:
        k = round(ends[0] + place * (ends[1] - ends[0]))
        x, y = before[k].astype(np.float32), after[k].astype(np.float32)
        span = SHIFT_SPAN * noise
        tiles = (
            ("input", gray(x, low, high)),
            ("result", gray(y, low, high)),
            ("removed", gray(x - y, -NOISE_SPAN * noise, NOISE_SPAN * noise)),
            ("local mean shift", gray(shift_map(x, y), -span, span)),
        )
        rows.append([Picture(_uri(tile, look.axis, geometry), f"slice {k}: {name}") for name, tile in tiles])
    text = (
        f"Input and result from {low:.4g} (black) to {high:.4g} (white); removed noise ±{NOISE_SPAN * noise:.3g}; "
        f"mean of result - input over some 10 pixels ±{SHIFT_SPAN * noise:.3g}. Mid-gray is nothing. Image units."
    )
    return rows, text


def noise_picture(look: Look, geometry: Geometry) -> tuple[Picture, float, float]:
    """The noise SD over the middle slice as it was measured, and the SDs (image units) of its darkest and lightest."""
    middle = look.shape[0] // 2
    sd = look.noise.local.slab(middle, middle + 1)[0] * look.scale
    low, high = float(sd.min()), float(sd.max())
    if high - low < 0.02 * high:  # the same everywhere
        low, high = 0.9 * low, 1.1 * high
    part = np.clip((sd - low) / max(high - low, 1e-12), 0, 1) * (len(SCALE) - 1)
    color = np.stack([np.interp(part, range(len(SCALE)), SCALE[:, n]) for n in range(3)], axis=-1)
    return Picture(_uri(color.astype(np.uint8), look.axis, geometry), f"slice {middle}: noise SD"), low, high


def scale_css() -> str:
    """The colors of the noise map as a CSS gradient."""
    return "linear-gradient(to right, " + ", ".join(f"rgb({r:.0f} {g:.0f} {b:.0f})" for r, g, b in SCALE) + ")"


def _uri(tile: np.ndarray, axis: str, geometry: Geometry) -> str:
    image: Image.Image = upright(tile, axis, geometry.directions, geometry.spacing, SIZE)
    if (tile == tile[..., :1]).all():
        image = image.convert("L")  # a third of the size
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
