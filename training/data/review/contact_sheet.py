"""A sheet of small pictures, each of a photo with the boxes that a suspicion is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from training.data.labels import Photo
from training.data.photos import read
from training.drawing import fonts_folder
from training.errors import AnnotationError

TILE = (230, 190)
CAPTION = 34
COLUMNS = 6
SUSPECT, OTHER, BACKGROUND = "#ff1744", "#00b8d4", "#202124"


@dataclass(frozen=True)
class Tile:
    """A photo, or two side by side, and what to see on it."""

    photos: tuple[Photo, ...]
    caption: str
    suspects: tuple[int, ...] = ()
    """objects of the first photo that are drawn in red"""


def draw(tiles: Sequence[Tile], images: Path) -> Image.Image:
    """The sheet; a photo that can't be decoded is a tile that says so."""
    rows = max(1, -(-len(tiles) // COLUMNS))
    sheet = Image.new("RGB", (COLUMNS * TILE[0], rows * (TILE[1] + CAPTION)), BACKGROUND)
    font = ImageFont.truetype(str(fonts_folder() / "DejaVuSans.ttf"), 11)
    pen = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        left, top = number % COLUMNS * TILE[0], number // COLUMNS * (TILE[1] + CAPTION)
        width = (TILE[0] - 6) // len(tile.photos)
        for place, photo in enumerate(tile.photos):
            suspects = tile.suspects if place == 0 else ()
            picture = _picture(photo, images, suspects, (width - 2, TILE[1] - 4))
            sheet.paste(picture, (left + 3 + place * width, top + 2))
        pen.text((left + 4, top + TILE[1]), _end(tile.photos[0].filename, font), "white", font)
        pen.text((left + 4, top + TILE[1] + 15), _beginning(tile.caption, font), "#ffd600", font)
    return sheet


def _picture(photo: Photo, images: Path, suspects: tuple[int, ...], size: tuple[int, int]) -> Image.Image:
    try:
        picture = read(images / photo.filename, at_least=max(size)).image
    except AnnotationError:
        return Image.new("RGB", size, SUSPECT)
    scale = min(size[0] / photo.width, size[1] / photo.height)
    picture = picture.resize((max(1, int(photo.width * scale)), max(1, int(photo.height * scale))))
    pen = ImageDraw.Draw(picture)
    for index, item in enumerate(photo.objects):
        sides = tuple(side * scale for side in (item.xmin, item.ymin, item.xmax, item.ymax))
        if index not in suspects:
            pen.rectangle(sides, outline=OTHER)
    for index in suspects:
        item = photo.objects[index]
        sides = tuple(side * scale for side in (item.xmin, item.ymin, item.xmax, item.ymax))
        pen.rectangle(sides, outline=SUSPECT, width=2)
    return picture


def _end(text: str, font: ImageFont.FreeTypeFont) -> str:
    """What fits under a tile of the end of ``text``: file names differ there."""
    return text if _fits(text, font) else "…" + next(text[i:] for i in range(len(text)) if _fits(f"…{text[i:]}", font))


def _beginning(text: str, font: ImageFont.FreeTypeFont) -> str:
    """What fits under a tile of the beginning of ``text``."""
    if _fits(text, font):
        return text
    return next(text[:i] for i in range(len(text), 0, -1) if _fits(f"{text[:i]}…", font)) + "…"


def _fits(text: str, font: ImageFont.FreeTypeFont) -> bool:
    return font.getlength(text) <= TILE[0] - 8
