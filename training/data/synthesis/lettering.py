"""Characters to draw: the fonts that have them, and a line of them as a mask with numbered areas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from training.data.synthesis.scenery import Generator
from training.data.synthesis.segments import LIT, Segments
from training.drawing import fonts_folder
from training.errors import ConfigurationError

INSTALLED = tuple(
    Path(folder).expanduser()
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
)
"""Where fontconfig looks for what packages and people install."""
NOT_LETTERS = (
    *("cm", "STIXSiz", "STIXNonUni", "LastResort"),
    *("D050000L", "DSEG7SEGGCHAN", "DSEGWeather", "LinBiolinum_K", "OCRBE", "OCRBX"),
)
"""Fonts that hold other shapes where digits belong: matplotlib's for formulas, Debian's of symbols and faces."""
SEGMENTED = "DSEG"
"""How fonts of seven segments begin: Debian's fonts-dseg."""
DISPLAY = Path("seven segments")
"""Stands for `Segments` where there is none of them."""
ONE_IN = 5
"""Such a font for so many others."""
TAKEN = 255
"""Number of whatever isn't one of the photo's characters."""


def fonts(classes: Sequence[str]) -> list[Path]:
    """Font files on this machine that have every character of the classes, sorted.

    Raises:
        ConfigurationError: where the classes aren't characters that a font can draw
    """
    needed = {ord(character) for name in classes for character in name}
    if any(len(name) != 1 for name in classes):
        raise ConfigurationError(
            f"classes {', '.join(classes)}: only single characters can be synthesised; give photos with --images"
        )
    found: list[Path] = []
    for folder in (fonts_folder(), *INSTALLED):
        for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
            if not path.name.startswith(NOT_LETTERS) and _covers(path, needed):
                found.append(path)
    if not found:
        folders = ", ".join(map(str, (fonts_folder(), *INSTALLED)))
        raise ConfigurationError(f"no font in {folders} has all of {', '.join(classes)}")
    if needed <= {ord(digit) for digit in LIT} and not any(path.name.startswith(SEGMENTED) for path in found):
        found += [DISPLAY] * max(1, len(found) // ONE_IN)
    return found


def _covers(path: Path, needed: set[int]) -> bool:
    try:
        with TTFont(path, lazy=True) as font:
            symbolic = font["cmap"].getcmap(3, 0) is not None
            return not symbolic and needed <= set(font.getBestCmap() or {})
    except (TTLibError, OSError, KeyError, ValueError):
        return False


def characters(
    rng: Generator, word: Sequence[str], face: str, size: int, first: int
) -> tuple[Image.Image, Image.Image]:
    """A line of characters as a mask, and as areas numbered from ``first``, both with some room around."""
    font = Segments(rng, size) if face == str(DISPLAY) else typeface(face, size)
    gap = rng.uniform(-0.02, 0.25) * size
    spots, x = [], 0.0
    for character in word:
        left, _, right, _ = font.getbbox(character)
        spots.append(x - left)
        x += right - left + gap
    ascent, descent = font.getmetrics()
    margin = int(size * rng.uniform(0.1, 0.5))
    layer_width, layer_height = int(x - gap) + 2 * margin, ascent + descent + 2 * margin
    ink = Image.new("L", (layer_width, layer_height))
    numbered = Image.new("L", (layer_width, layer_height))
    stroke = int(rng.integers(0, 1 + size // 24))
    for index, (character, spot) in enumerate(zip(word, spots, strict=True)):
        place = (margin + spot, margin + rng.normal(0, 0.01) * size)
        single = Image.new("L", ink.size)
        if isinstance(font, Segments):
            font.draw(ImageDraw.Draw(single), place, character)
        else:
            ImageDraw.Draw(single).text(place, character, 255, font, stroke_width=stroke)
        ink.paste(255, mask=single)
        numbered.paste(min(first + index, TAKEN), mask=single.point(lambda value: 255 * (value > 100)))
    return ink, numbered


def typeface(face: str, size: float) -> ImageFont.FreeTypeFont:
    """The font of a file at a size in pixels."""
    # The basic layout: the other one is there or not, as a library of the machine is, and kerns otherwise.
    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)
