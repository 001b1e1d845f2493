"""One PNG that a person can judge a run by: input, W, output and removed noise of three slices."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..engine import DenoiseResult, slices_first
from ..report.tiles import gray, upright, window
from .volume_io import Volume

#: Where along the slice axis the three slices lie.
PLACES = (0.3, 0.5, 0.7)
#: Side of a tile and width of the gaps, in pixels.
TILE, MARGIN, CAPTION = 340, 8, 22
#: Side of a thumbnail's tiles, in pixels.
THUMBNAIL = 160
#: Gray values of the removed noise span this many noise SDs either way.
NOISE_SPAN = 4.0
#: Color of voxels without a match (W = 0), and how opaque it is.
UNMATCHED, OPACITY = (255, 120, 0), 0.65
BACKGROUND, TEXT = (24, 24, 28), (235, 235, 235)


def draw_preview(volume: Volume, result: DenoiseResult, name: str) -> Image.Image:
    """Three rows (slices) of four tiles; one window for input and output, named in the caption.

    Args:
        volume: the input.
        result: of `engine.denoise`.
        name: of the input, for the caption.
    """
    report = result.report
    before, after, weights = (slices_first(a, report["axis"]) for a in (volume.array, result.denoised, result.weights))
    low, high = window(before, report["padding"], report["noiseBefore"])
    noise_range = NOISE_SPAN * (report["noiseBefore"] or (high - low) / 20)
    removed = f"removed noise, gray +-{noise_range:.3g}"
    titles = ["input", "W: not matched in orange", "output", removed]
    rows = []
    for place in PLACES:
        index = round(place * (before.shape[0] - 1))
        x = before[index].astype(np.float32)
        y = after[index].astype(np.float32)
        image = gray(x, low, high)
        tiles = [
            image,
            _overlay(image, weights[index] == 0),
            gray(y, low, high),
            gray(x - y, -noise_range, noise_range),
        ]
        rows.append((index, [_tile(_upright(tile, volume, report["axis"])) for tile in tiles]))
    return _compose(rows, titles, _caption(name, report, low, high))


def draw_thumbnail(volume: Volume, denoised: np.ndarray, report: dict) -> Image.Image:
    """The middle slice in three small gray tiles: input, output, removed noise; windows as in `draw_preview`.

    Args:
        volume: the input.
        denoised: (K, J, I), image units.
        report: of the run.
    """
    before, after = (slices_first(a, report["axis"]) for a in (volume.array, denoised))
    low, high = window(before, report["padding"], report["noiseBefore"])
    span = NOISE_SPAN * (report["noiseBefore"] or (high - low) / 20)
    x, y = (stack[len(before) // 2].astype(np.float32) for stack in (before, after))
    strip = Image.new("L", (3 * THUMBNAIL, THUMBNAIL))
    for column, tile in enumerate((gray(x, low, high), gray(y, low, high), gray(x - y, -span, span))):
        small = _tile(_upright(tile, volume, report["axis"])).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        strip.paste(small.convert("L"), (column * THUMBNAIL, 0))
    return strip


def _caption(name: str, report: dict, low: float, high: float) -> list[str]:
    shift = "unknown" if report["meanShift"] is None else f"{report['meanShift']:.2g}"
    before, after = ("unknown" if report[k] is None else f"{report[k]:.3g}" for k in ("noiseBefore", "noiseAfter"))
    return [
        f"{name}: noise SD {before} -> {after} in tissue, mean shift {shift} (image units)",
        f"threshold {report['threshold']:g} = {report['thresholdImageUnits']:.3g} image units, "
        f"{100 * report['matchedFraction']:.1f} % of the voxels matched; preset {report['preset']}, "
        f"{report['steps']} steps, seed {report['seed']}; input and output in the window {low:.4g} to {high:.4g}",
    ]


def _overlay(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    colored = image.copy()
    colored[mask] = ((1 - OPACITY) * image[mask] + OPACITY * np.array(UNMATCHED)).astype(np.uint8)
    return colored


def _upright(tile: np.ndarray, volume: Volume, axis: str) -> Image.Image:
    directions = np.array(volume.image.GetDirection()).reshape(3, 3)
    return upright(tile, axis, directions, volume.image.GetSpacing(), TILE)


def _tile(image: Image.Image) -> Image.Image:
    tile = Image.new("RGB", (TILE, TILE), (0, 0, 0))
    tile.paste(image, ((TILE - image.width) // 2, (TILE - image.height) // 2))
    return tile


def _compose(rows: list, titles: list[str], caption: list[str]) -> Image.Image:
    font = ImageFont.load_default(15)
    width = len(titles) * (TILE + MARGIN) + MARGIN
    top = MARGIN + CAPTION * (len(caption) + 1)
    picture = Image.new("RGB", (width, top + len(rows) * (TILE + MARGIN)), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for line, text in enumerate(caption):
        size = 15
        while draw.textlength(text, ImageFont.load_default(size)) > width - 2 * MARGIN and size > 9:
            size -= 1
        draw.text((MARGIN, MARGIN + line * CAPTION), text, TEXT, ImageFont.load_default(size))
    for column, title in enumerate(titles):
        draw.text((MARGIN + column * (TILE + MARGIN), MARGIN + len(caption) * CAPTION), title, TEXT, font)
    for row, (index, tiles) in enumerate(rows):
        for column, tile in enumerate(tiles):
            position = (MARGIN + column * (TILE + MARGIN), top + row * (TILE + MARGIN))
            picture.paste(tile, position)
            if column == 0:
                draw.text((position[0] + 6, position[1] + 4), f"slice {index}", TEXT, font)
    return picture
