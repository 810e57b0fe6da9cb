"""Photos and odd files that the page is given: drawn on the spot, nobody's photos."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

NUMBER = "407"
SIZE = (480, 320)
ORIENTATION = 0x0112
"""EXIF's tag."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture lies in a file of each EXIF orientation, by what turns an upright one so."""
PHOTOGRAPHED = """
<body style="margin: 0; background: #8a7f72">
  <div style="position: absolute; left: 90px; top: 70px; padding: 20px 40px; background: #f4f1e8;
              color: #1d2733; font: bold 110px sans-serif; letter-spacing: 6px">NUMBER</div>
</body>
"""


def plate(text: str = NUMBER, size: tuple[int, int] = SIZE, height: float = 0.35) -> Image.Image:
    """A plate with ``text`` on a wall; lines of text stand below each other."""
    picture = Image.new("RGB", size, "#8a7f72")
    draw = ImageDraw.Draw(picture)
    side = size[1] * height
    font = ImageFont.load_default(side)
    lines = text.split("\n")
    step = size[1] / len(lines)
    for index, line in enumerate(lines):
        centre = (size[0] / 2, step * (index + 0.5))
        box = draw.textbbox(centre, line, font=font, anchor="mm")
        margin = side * 0.25
        draw.rectangle((box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin), fill="#f4f1e8")
        draw.text(centre, line, fill="#1d2733", font=font, anchor="mm")
    return picture


def boxes(text: str, size: tuple[int, int] = SIZE, height: float = 0.35) -> list[tuple[float, float, float, float]]:
    """Where the digits of a ``plate`` of one line are: left, top, right and bottom in pixels."""
    font = ImageFont.load_default(size[1] * height)
    draw = ImageDraw.Draw(Image.new("RGB", size))
    left = (size[0] - draw.textlength(text, font)) / 2
    places = [left + draw.textlength(text[:index], font) for index in range(len(text))]
    return [
        draw.textbbox((place, size[1] / 2), digit, font, anchor="lm") for place, digit in zip(places, text, strict=True)
    ]


def saved(picture: Image.Image, path: Path, **options: Any) -> Path:
    """``picture`` as a file of the format that the path's ending names."""
    picture.save(path, **options)
    return path


def turned(orientation: int, path: Path) -> Path:
    """A JPEG whose pixels lie as ``orientation`` (1-8) says, with the tag that puts them right."""
    picture = plate()
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(picture, path, exif=exif, quality=95)


def jpeg() -> bytes:
    """A good JPEG's bytes."""
    buffer = io.BytesIO()
    plate().save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def odd(kind: str, folder: Path) -> Path:
    """A file that the page reads like any photo, by ``kind``."""
    picture = plate()
    match kind:
        case "cmyk":
            return saved(picture.convert("CMYK"), folder / "cmyk.jpg", quality=95)
        case "16-bit":
            levels = bytes(level for level in picture.convert("L").tobytes() for _ in range(2))
            return saved(Image.frombytes("I;16", SIZE, levels), folder / "deep.png")
        case "animated":
            pictures = [plate("55"), plate("88")]
            return saved(picture, folder / "moving.gif", save_all=True, append_images=pictures, duration=200)
        case "transparent":
            # Dark digits, to be read on nothing but a light ground.
            clear = Image.new("RGBA", SIZE, (0, 0, 0, 0))
            font = ImageFont.load_default(SIZE[1] * 0.35)
            ImageDraw.Draw(clear).text((SIZE[0] / 2, SIZE[1] / 2), NUMBER, fill="#1d2733", font=font, anchor="mm")
            return saved(clear, folder / "clear.png")
        case "50 megapixels":
            return saved(plate(size=(8660, 5774)), folder / "large.jpg", quality=80)
    raise ValueError(kind)


def unreadable(kind: str, folder: Path) -> Path:
    """A file that can't be read, by ``kind``."""
    whole = jpeg()
    body = {
        "empty.jpg": b"",
        "words.jpg": b"no photo at all",
        "truncated.jpg": whole[: len(whole) // 2],
        "damaged.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 64 + b"IEND\xaeB`\x82",
        "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100,
    }[kind]
    path = folder / kind
    path.write_bytes(body)
    return path


def camera_film(path: Path) -> Path:
    """What Chromium shows as its camera: a few pictures of a plate, as MJPEG."""
    buffer = io.BytesIO()
    plate(size=(640, 480), height=0.25).save(buffer, "JPEG", quality=92)
    path.write_bytes(buffer.getvalue() * 10)
    return path


def photograph(browser: Browser, number: str, path: Path) -> Path:
    """A plate with ``number`` on it, taken by the browser itself."""
    page = browser.new_page(viewport={"width": 480, "height": 320})
    page.set_content(PHOTOGRAPHED.replace("NUMBER", number))
    page.screenshot(path=path)
    page.close()
    return path
