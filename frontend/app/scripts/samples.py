"""Draws the photos that pages of digits offer to try: nobody's photos, and what visitors have before their cameras.

    PYTHONPATH=. .environments/train/bin/python frontend/app/scripts/samples.py frontend/app/samples
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDE, HIGH = 1200, 900
"""Pixels of a scene; the photo is half of it, which smooths edges."""
SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""Of seven, which make each digit: a on top, then clockwise, g in the middle."""
Corners = tuple[tuple[float, float], ...]


def noise(rng: np.random.Generator, cells: int, strength: float) -> np.ndarray:
    """[HIGH, WIDE] smooth unevenness around 0."""
    small = Image.fromarray(rng.uniform(0, 255, (cells, cells * 4 // 3)).astype(np.uint8))
    large = np.asarray(small.resize((WIDE, HIGH), Image.Resampling.BICUBIC), np.float32)
    return (large / 255 - 0.5) * strength


def surface(rng: np.random.Generator, colour: tuple[int, int, int], coarse: float, fine: float) -> Image.Image:
    """A wall, a board or cloth: ``colour`` with stains and grain."""
    uneven = noise(rng, 5, coarse) + noise(rng, 60, fine) + rng.normal(0, fine / 3, (HIGH, WIDE))
    return Image.fromarray(np.clip(np.array(colour, np.float32) + uneven[..., None], 0, 255).astype(np.uint8))


def bricks(rng: np.random.Generator) -> Image.Image:
    picture = surface(rng, (176, 168, 156), 30, 14)
    pencil = ImageDraw.Draw(picture)
    for row, top in enumerate(range(-20, HIGH, 92)):
        for left in range(-260 + row % 2 * 120, WIDE, 244):
            tone = rng.integers(-18, 18)
            pencil.rounded_rectangle((left, top, left + 228, top + 78), 5, fill=(142 + tone, 74 + tone, 58 + tone))
    grain = surface(rng, (128, 128, 128), 60, 40)
    return Image.blend(picture, Image.composite(picture, grain, Image.new("L", (WIDE, HIGH), 150)), 0.6)


def laid(scene: Image.Image, piece: Image.Image, corners: Corners, shadow: float = 18) -> Image.Image:
    """``piece`` (RGBA) on ``scene`` with its corners at ``corners``, clockwise from the upper left, and its shadow."""
    (w, h), rows, sides = piece.size, [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (w, 0), (w, h), (0, h)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    warp = tuple(np.linalg.solve(np.array(rows, float), np.array(sides, float)))
    put = piece.transform((WIDE, HIGH), Image.Transform.PERSPECTIVE, warp, Image.Resampling.BICUBIC)
    dark = put.getchannel("A").filter(ImageFilter.GaussianBlur(shadow)).point(lambda level: int(level * 0.55))
    under = Image.composite(Image.new("RGB", (WIDE, HIGH), "#000"), scene, dark.transform(
        (WIDE, HIGH), Image.Transform.AFFINE, (1, 0, -shadow * 0.6, 0, 1, -shadow), Image.Resampling.BILINEAR
    ))
    under.paste(put, mask=put.getchannel("A"))
    return under


def photographed(rng: np.random.Generator, scene: Image.Image, light: tuple[float, float], blur: float) -> Image.Image:
    """As a phone takes it: light from one side, darker corners, a little blur and grain."""
    y, x = np.mgrid[0:1:HIGH * 1j, 0:1:WIDE * 1j]
    level = 1 + light[0] * (x - 0.5) + light[1] * (y - 0.5) - 0.5 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    lit = np.asarray(scene.filter(ImageFilter.GaussianBlur(blur)), np.float32) * level[..., None]
    small = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).resize((WIDE // 2, HIGH // 2), Image.Resampling.LANCZOS)
    grainy = np.asarray(small, np.float32) + rng.normal(0, 3, (HIGH // 2, WIDE // 2, 1))
    return Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8))


def lettered(size: tuple[int, int], ground: str, words: list[tuple[str, float, tuple[float, float], str]]) -> Image.Image:
    """A plate with ``words``: text, height, where its middle is, colour."""
    plate = Image.new("RGBA", size, ground)
    pencil = ImageDraw.Draw(plate)
    for text, height, middle, colour in words:
        font = ImageFont.load_default(height)
        pencil.text(middle, text, fill=colour, font=font, anchor="mm", stroke_width=height / 30, stroke_fill=colour)
    return plate


def house(rng: np.random.Generator) -> Image.Image:
    plate = lettered((560, 380), "#1c3f7c", [("128", 250, (280, 190), "#f4f4ee")])
    ImageDraw.Draw(plate).rounded_rectangle((12, 12, 548, 368), 18, outline="#f4f4ee", width=8)
    for corner in ((40, 40), (520, 40), (40, 340), (520, 340)):
        ImageDraw.Draw(plate).circle(corner, 9, fill="#b9b9b4")
    scene = laid(bricks(rng), plate, ((330, 250), (860, 215), (875, 590), (340, 600)))
    return photographed(rng, scene, (0.35, -0.2), 1.6)


def meter(rng: np.random.Generator) -> Image.Image:
    box = Image.new("RGBA", (900, 620), "#e9e7df")
    pencil = ImageDraw.Draw(box)
    pencil.rounded_rectangle((60, 60, 840, 560), 30, outline="#9a978c", width=6)
    pencil.rectangle((110, 190, 790, 350), fill="#1a1a1a")
    for index, digit in enumerate("046213"):
        left = 125 + index * 110
        wheel = Image.new("RGB", (98, 132), "#b3261e" if index == 5 else "#2b2b2b")
        shade = Image.linear_gradient("L").resize((98, 132)).point(lambda level: int(110 * abs(level / 127.5 - 1)))
        ImageDraw.Draw(wheel).text(
            (49, 66 + (10 if index == 5 else 0)), digit, fill="#f6f6f0", font=ImageFont.load_default(112), anchor="mm",
            stroke_width=2, stroke_fill="#f6f6f0",
        )
        wheel.paste("#000", mask=shade)
        box.paste(wheel, (left, 204))
    pencil.text((450, 440), "kWh", fill="#333", font=ImageFont.load_default(64), anchor="mm")
    pencil.line((200, 500, 700, 500), fill="#777", width=10)
    scene = laid(surface(rng, (92, 96, 92), 50, 18), box, ((170, 150), (1060, 190), (1040, 770), (160, 720)))
    return photographed(rng, scene, (-0.3, -0.35), 1.4)


def scoreboard(rng: np.random.Generator) -> Image.Image:
    board = Image.new("RGBA", (1000, 560), "#15181c")
    pencil = ImageDraw.Draw(board)
    pencil.rectangle((8, 8, 992, 552), outline="#3c434b", width=10)
    for name, middle in (("HOME", 260), ("GUEST", 740)):
        pencil.text((middle, 100), name, fill="#e8e8e8", font=ImageFont.load_default(72), anchor="mm")
    glow = Image.new("RGBA", board.size, (0, 0, 0, 0))
    lamps = ImageDraw.Draw(glow)
    for text, left in (("78", 120), ("64", 600)):
        for index, digit in enumerate(text):
            _seven(lamps, int(digit), left + index * 160, 190, 120, 280)
    board = Image.alpha_composite(board, glow.filter(ImageFilter.GaussianBlur(14)))
    board = Image.alpha_composite(board, glow)
    scene = laid(surface(rng, (58, 66, 84), 40, 8), board, ((110, 240), (1080, 170), (1090, 720), (120, 740)), 26)
    return photographed(rng, scene, (0.1, -0.3), 1.8)


def _seven(pencil: ImageDraw.ImageDraw, digit: int, left: float, top: float, width: float, height: float) -> None:
    half, thick = height / 2, 26
    places = {
        "a": (0, 0, width, thick), "g": (0, half - thick / 2, width, half + thick / 2),
        "d": (0, height - thick, width, height), "f": (0, 0, thick, half), "b": (width - thick, 0, width, half),
        "e": (0, half, thick, height), "c": (width - thick, half, width, height),
    }
    for name in SEGMENTS[digit]:
        x0, y0, x1, y1 = places[name]
        pencil.rounded_rectangle((left + x0, top + y0, left + x1, top + y1), 8, fill="#ff5436")


def price(rng: np.random.Generator) -> Image.Image:
    tag = lettered(
        (760, 460), "#fff4c2",
        [("APPLES  1 kg", 62, (380, 90), "#5a2f12"), ("3.49", 230, (370, 275), "#b01217"), ("12 pieces 5.80", 50, (380, 415), "#333")],
    )
    scene = surface(rng, (120, 82, 48), 30, 16)
    pencil = ImageDraw.Draw(scene)
    for left in range(-80, WIDE, 150):
        for top in (-60, 70):
            red = int(rng.integers(150, 205))
            pencil.ellipse((left + top % 60, top, left + top % 60 + 165, top + 160), fill=(red, 44, 40))
            pencil.ellipse((left + top % 60 + 35, top + 28, left + top % 60 + 75, top + 60), fill=(min(255, red + 45), 120, 105))
    scene = scene.filter(ImageFilter.GaussianBlur(5))
    return photographed(rng, laid(scene, tag, ((250, 270), (1000, 330), (965, 800), (225, 745))), (0.2, 0.2), 1.5)


def bib(rng: np.random.Generator) -> Image.Image:
    cloth = surface(rng, (34, 108, 92), 46, 12)
    folds = ImageDraw.Draw(cloth, "RGBA")
    for left in range(-100, WIDE, 170):
        folds.line((left, 0, left + 130, HIGH), fill=(0, 0, 0, 46), width=38)
    paper = lettered((820, 600), "#f7f7f2", [("2057", 300, (410, 330), "#161616"), ("CITY RUN", 78, (410, 92), "#f7f7f2")])
    band = Image.new("RGBA", (820, 150), "#d2542b")
    words = lettered((820, 150), "#d2542b", [("CITY RUN", 86, (410, 75), "#ffffff")])
    paper.paste(band, (0, 0))
    paper.paste(words, (0, 0))
    for corner in ((40, 190), (780, 190), (40, 560), (780, 560)):
        ImageDraw.Draw(paper).circle(corner, 13, fill="#8a8d90")
    scene = laid(cloth.filter(ImageFilter.GaussianBlur(4)), paper, ((190, 170), (1000, 130), (1030, 720), (210, 750)))
    return photographed(rng, scene, (-0.25, -0.15), 1.7)


SCENES: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "house-number": house,
    "meter": meter,
    "price-tag": price,
    "race-bib": bib,
    "scoreboard": scoreboard,
}


def main(folder: Path) -> None:
    for index, (name, draw) in enumerate(SCENES.items()):
        draw(np.random.default_rng(index)).save(folder / f"{name}.jpg", quality=82, optimize=True, progressive=True)


main(Path(sys.argv[1]))
