"""Draws NSN2N.png, the extension's icon: neighboring slices of one organ, noisy in the front half, clean behind.

Run: python Resources/draw_icon.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE, SCALE = 128, 4
TARGET = Path(__file__).resolve().parents[1] / "NSN2N.png"


def slice_image(side: int, noise: float, seed: int) -> Image.Image:
    """One slice: body, two organs and a spine, with this noise on a part of it that grows to the left."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    image = np.full((side, side), 18.0)
    image[(x / 0.86) ** 2 + (y / 0.72) ** 2 < 1] = 105
    image[((x + 0.34) / 0.36) ** 2 + ((y + 0.08) / 0.42) ** 2 < 1] = 168
    image[((x - 0.4) / 0.24) ** 2 + ((y + 0.1) / 0.3) ** 2 < 1] = 58
    image[(x / 0.15) ** 2 + ((y - 0.45) / 0.17) ** 2 < 1] = 238
    soft = np.asarray(Image.fromarray(image.astype(np.uint8)).filter(ImageFilter.GaussianBlur(side / 70)), float)
    grain = np.random.default_rng(seed).normal(0, noise, (side // 5 + 1,) * 2).repeat(5, 0).repeat(5, 1)[:side, :side]
    soft += grain * np.clip(0.5 - 2.2 * x, 0, 1)
    return Image.fromarray(np.clip(soft, 0, 255).astype(np.uint8)).convert("RGBA")


def main() -> None:
    canvas = Image.new("RGBA", (SIDE * SCALE,) * 2, (0, 0, 0, 0))
    side = 92 * SCALE
    for number, (offset, noise) in enumerate(((30, 0), (17, 30), (4, 62))):
        card = slice_image(side, noise, number)
        mask = Image.new("L", card.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), 10 * SCALE, fill=255)
        frame = Image.new("RGBA", card.size, (0, 0, 0, 0))
        ImageDraw.Draw(frame).rounded_rectangle(
            (0, 0, side - 1, side - 1), 10 * SCALE, outline=(255, 140, 30, 255), width=2 * SCALE
        )
        position = (offset * SCALE, (34 - offset) * SCALE)
        canvas.paste(card, position, mask)
        canvas.alpha_composite(frame, position)
    small = canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.quantize(128, method=Image.Quantize.FASTOCTREE).save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
