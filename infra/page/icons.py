"""The page's icon and the picture that stands for it where its address is shared, drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BLUE, WHITE, YELLOW = "#2457d6", "#ffffff", "#ffd23f"
SIZES = (192, 512)
"""Pixels of the icons that devices install."""
PREVIEW = (1200, 630)
"""What services that show links cut least of."""
FINE = 4
"""Drawn so many times as large, then reduced: smooth edges."""
UNIT = 32
"""Lengths below are parts of a square of so many."""
CORNERS = ((6, 6, 1, 1), (26, 6, -1, 1), (6, 26, 1, -1), (26, 26, -1, -1))
"""Of the frame around what is found: where each is, and which way it opens."""
ARM = 6
DIGIT = ((13, 12), (17, 9.5), (17, 22.5))
"""The stroke of a 1, as the digits' own icon has it."""


def draw(icon: Mapping[str, str], name: str, promise: str, site: Path) -> None:
    """Write favicon.svg, icons and preview.png into ``site``; of digits, the app has icons of its own already."""
    if icon["kind"] != "digits":
        (site / "favicon.svg").write_text(_vector(icon.get("letter")), "utf-8")
        (site / "icons").mkdir(exist_ok=True)
        for size in SIZES:
            square(icon, size).save(site / "icons" / f"{size}.png", optimize=True)
    preview(icon, name, promise).save(site / "preview.png", optimize=True)


def square(icon: Mapping[str, str], size: int) -> Image.Image:
    """The icon with ``size`` pixels to a side, blue to the edge: devices round it as they like."""
    fine = size * FINE
    unit = fine / UNIT
    picture = Image.new("RGB", (fine, fine), BLUE)
    pencil = ImageDraw.Draw(picture)
    if icon["kind"] == "digits":
        pencil.rounded_rectangle(
            (8 * unit, 5 * unit, 24 * unit, 27 * unit), 2 * unit, outline=WHITE, width=round(2.5 * unit)
        )
        pencil.line([(x * unit, y * unit) for x, y in DIGIT], fill=WHITE, width=round(2.5 * unit), joint="curve")
    else:
        for x, y, right, down in CORNERS:
            corner = [(x + right * ARM, y), (x, y), (x, y + down * ARM)]
            pencil.line([(a * unit, b * unit) for a, b in corner], fill=YELLOW, width=round(2.5 * unit), joint="curve")
        letter = icon.get("letter")
        if letter:
            font = ImageFont.load_default(15 * unit)
            pencil.text((fine / 2, fine / 2), letter, fill=WHITE, font=font, anchor="mm", stroke_width=unit * 0.4)
        else:
            pencil.ellipse((12 * unit, 12 * unit, 20 * unit, 20 * unit), fill=WHITE)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def preview(icon: Mapping[str, str], name: str, promise: str) -> Image.Image:
    """The icon, with name and promise beside it where Pillow's letters can write them."""
    picture = Image.new("RGB", PREVIEW, BLUE)
    pencil = ImageDraw.Draw(picture)
    side = 300
    if not (name + promise).replace("…", "").isascii():
        picture.paste(square(icon, side), ((PREVIEW[0] - side) // 2, (PREVIEW[1] - side) // 2))
        return picture
    picture.paste(square(icon, side), (70, (PREVIEW[1] - side) // 2))
    left, width = 430, PREVIEW[0] - 430 - 70
    large, small = ImageFont.load_default(76), ImageFont.load_default(38)
    lines = [(line, large, 92) for line in _wrapped(name, large, width)[:2]]
    lines += [(line, small, 52) for line in _wrapped(promise.replace("…", "..."), small, width)[:5]]
    top = (PREVIEW[1] - sum(height for *_, height in lines)) / 2
    for words, font, height in lines:
        pencil.text((left, top), words, fill=WHITE if font is large else "#dfe8ff", font=font)
        top += height
    return picture


def _wrapped(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _vector(letter: str | None) -> str:
    corners = "".join(f"M{x + right * ARM} {y}H{x}v{down * ARM}" for x, y, right, down in CORNERS)
    inner = (
        f'<text x="16" y="21.4" text-anchor="middle" fill="{WHITE}" font-family="system-ui, sans-serif"'
        f' font-size="15" font-weight="700">{letter}</text>'
        if letter
        else f'<circle cx="16" cy="16" r="4" fill="{WHITE}" />'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">\n'
        f'  <rect width="32" height="32" rx="7" fill="{BLUE}" />\n'
        f'  <path d="{corners}" fill="none" stroke="{YELLOW}" stroke-width="2.5" />\n'
        f"  {inner}\n"
        "</svg>\n"
    )
