"""The photos that the page is timed with: seeded, drawn on the spot, as large as a phone's and a camera's frame."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

NUMBER = "407"
TWELVE_MEGAPIXELS = (4000, 3000)
FRAME = (640, 480)
QUALITY = 88
"""About what phones use."""


NEAR, FAR = 3, 8
"""How many times as high as its plate a photo is: one that a glance reads, one whose number is looked at again."""


def photo(size: tuple[int, int], seed: int, distance: int = NEAR) -> bytes:
    """A JPEG of a plate with NUMBER on a wall under uneven light, with a sensor's noise; equal for equal seeds."""
    width, height = size
    dice = random.Random(seed)
    wall = tuple(dice.randint(90, 160) for _ in range(3))
    light = Image.frombytes("L", (16, 12), dice.randbytes(192)).filter(ImageFilter.GaussianBlur(3))
    picture = Image.composite(
        Image.new("RGB", size, wall), Image.new("RGB", size, (60, 62, 66)), light.resize(size, Image.Resampling.BICUBIC)
    )
    draw = ImageDraw.Draw(picture)
    side = height // distance
    left, top = (
        (width - 2 * side) // 2 + dice.randint(-side // 4, side // 4),
        side + dice.randint(-side // 6, side // 6),
    )
    draw.rounded_rectangle((left, top, left + 2 * side, top + side), side // 12, fill=(238, 234, 222))
    font = ImageFont.load_default(side * 0.8)
    draw.text((left + side, top + side / 2), NUMBER, (28, 36, 48), font, "mm", stroke_width=side // 40)
    noise = Image.frombytes("L", size, dice.randbytes(width * height))
    grainy = Image.blend(picture, Image.merge("RGB", (noise, noise, noise)), 0.1)
    file = io.BytesIO()
    grainy.filter(ImageFilter.GaussianBlur(0.6)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
