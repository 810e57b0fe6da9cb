"""Picture files as a browser shows them: one reading for everything that looks at photos.

=============  ========================================================================================================
formats        JPEG, PNG, WebP, GIF, AVIF, BMP; TIFF, HEIC, JPEG 2000, PPM and its kin; of several frames the first
turning        by EXIF's orientation; metadata that can't be read turn nothing, and XMP isn't asked, as in browsers
transparency   white behind it, as on the page
16 bits        the high byte, so that white stays white; a scale of fewer bits in 16 looks as dark as in a browser
colours        as an embedded profile means them (Display P3 of phones, Adobe RGB), in sRGB; one that can't be read
               changes nothing
CMYK           as if it were process colours; its profile isn't applied
refused        floating-point and 32-bit pixels, of which nobody but their maker knows what is white; camera raw files
=============  ========================================================================================================

``conversion/pictures.py`` is a copy of ``training/data/pictures.py``: both packages read photos, and neither may import
the other. A test compares the files, byte for byte.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import pi_heif
from PIL import Image, ImageCms, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "DIB", "TIFF", "HEIF", "JPEG2000", "PPM")
"""As Pillow calls them; MPO is one of its JPEGs."""
MAX_PIXELS = 2**28 * 2 // 3
"""Pixels beyond which a file is taken for a mistake or a bomb: half a gigabyte when decoded, as Pillow has it."""
ORIENTATION, PAGE_KIND, BITS, PHOTOMETRIC = 0x0112, 254, 258, 262
"""Tags of EXIF and TIFF."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
OTHERS = {
    b"\xff\x0a": "JPEG XL, which few browsers show",
    b"\0\0\0\x0cJXL ": "JPEG XL, which few browsers show",
    b"%PDF": "a PDF",
    b"8BPS": "a Photoshop document",
    b"<svg": "an SVG drawing",
    b"<?xml": "XML, perhaps an SVG drawing",
    b"<!doc": "a web page",
    b"<html": "a web page",
    b"{": "JSON, perhaps a server's word that there is no such picture",
    b"\xff\xd8": "a JPEG that is damaged, or of a kind that isn't read, as of 12 bits",
    b"FUJIFILM": "a camera's raw file",
    b"II\x2a\0": "a TIFF of a kind that isn't read: a camera's raw file, or floats in colour",
    b"MM\0\x2a": "a TIFF of a kind that isn't read: a camera's raw file, or floats in colour",
}
"""What files that aren't read begin with, blanks aside and in small letters where that is text, and what they are."""
COLOURS = ("RGB", "RGBA", "P", "PA", "L", "LA")
"""Modes whose profiles are applied."""
LATTICE = tuple(product(range(0, 256, 51), repeat=3))
"""Colours by which two profiles are compared."""
UNKNOWN = "not a readable picture (of no known format)"
CONVERT, SAVE_AGAIN = "save it as JPEG or PNG", "open it and save it again, or replace it"

pi_heif.register_heif_opener(thumbnails=False)
# Past twice this number Pillow refuses; what is between is refused here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Oddities of metadata and of animations, without a word about the file: what matters becomes an error.
for category in (UserWarning, Image.DecompressionBombWarning):
    warnings.filterwarnings("ignore", category=category, module=r"PIL\.")


class PictureError(Exception):
    """Why a file isn't read, and what to do; which file it is its reader knows."""

    def __init__(self, fault: str, remedy: str) -> None:
        self.fault, self.remedy = fault, remedy
        super().__init__(f"{fault}; {remedy}")


class NoPictureError(PictureError):
    """There is no such file."""

    def __init__(self) -> None:
        super().__init__("no such file in the folder", "put it there, or correct the name")


@dataclass(frozen=True)
class Picture:
    """A picture as it is seen."""

    image: Image.Image
    """RGB, upright; smaller than the file says where that was allowed"""
    width: int
    """of the whole picture, upright, pixels"""
    height: int
    untouched: bool
    """whether this is what a JPEG file's RGB pixels are, neither turned nor changed"""


def size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright, from the header.

    Raises:
        PictureError: for what `read` refuses by its header
    """
    with _opened(path) as image:
        return _upright_size(image)


def lies_down(path: Path) -> bool:
    """Whether EXIF's orientation makes the height of what is stored the width of what is seen.

    Raises:
        PictureError: for what `read` refuses by its header
    """
    with _opened(path) as image:
        return _orientation(image) >= 5


def read(source: Path | bytes, at_least: int | None = None) -> Picture:
    """Decode a picture to its end.

    Args:
        source: a file, or the bytes of one
        at_least: pixels of the shorter side that are enough: a JPEG may then come smaller by a half, a quarter or an
            eighth, for less than decoding it wholly costs

    Raises:
        PictureError: for everything that can't be read, whatever is wrong with it
    """
    with _opened(source) as image:
        width, height = _upright_size(image)
        turn = TURNS.get(_orientation(image))
        if at_least is not None:
            image.draft(image.mode, (at_least, at_least))
        expected, kind = image.size, (image.format, image.mode)
        # Pillow turns a TIFF by itself, by XMP's orientation as well.
        image.info.pop("xmp", None)
        image.load()
        if image.size != expected:
            said = f"{expected[0]} × {expected[1]}, it holds {image.width} × {image.height}"
            raise PictureError(f"its header says {said} pixels", SAVE_AGAIN)
        pixels = _rgb(image)
        untouched = kind == ("JPEG", "RGB") and turn is None and _to_srgb(image) is None
        return Picture(pixels if turn is None else pixels.transpose(turn), width, height, untouched)


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    """The picture with its header read; whatever a decoder raises within becomes a `PictureError`."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            _refuse(image)
            yield image
    except PictureError:
        raise
    except FileNotFoundError:
        raise NoPictureError from None
    except UnidentifiedImageError:
        raise PictureError(*_other(source)) from None
    except MemoryError:
        raise PictureError("takes more memory than there is", "scale it down") from None
    except Exception as error:
        # Decoders raise anything: struct.error, ZeroDivisionError, EOFError, RuntimeError, …
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"not a readable picture ({reason})", SAVE_AGAIN) from error


def _refuse(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"{image.width} × {image.height} pixels are more than the {MAX_PIXELS // 10**6} million that are read",
            "scale it down",
        )
    if image.width < 1 or image.height < 1:
        raise PictureError("a picture without a pixel", "replace it")
    tags = getattr(image, "tag_v2", {})
    if image.format == "TIFF" and tags.get(PAGE_KIND, 0) & 1:
        raise PictureError("a camera's raw file, or a TIFF that begins with a preview", CONVERT)
    if image.mode == "F" or (image.mode == "I" and image.format != "PPM"):
        kind = "floating-point numbers" if image.mode == "F" else "signed or 32-bit numbers"
        raise PictureError(
            f"its pixels are {kind}, which don't say what is white", "save it with 8 or 16 bits a channel"
        )


def _other(source: Path | bytes) -> tuple[str, str]:
    """What a file is that no decoder takes, and what to do."""
    if isinstance(source, bytes):
        start = source[:32]
    else:
        with source.open("rb") as file:
            start = file.read(32)
    if not start:
        return "an empty file", "replace it"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS instead of a picture", "fetch it with git lfs pull"
    if start[4:8] == b"ftyp":
        return "a film, a camera's raw file or a kind of HEIF that isn't read", CONVERT
    text = start.lstrip().lower()
    return next(
        (words for begins, words in OTHERS.items() if start.startswith(begins) or text.startswith(begins)), UNKNOWN
    ), CONVERT


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none that can be understood."""
    # A TIFF's size and pixels come upright.
    if image.format == "TIFF" or not image.info.get("exif"):
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info["exif"])
        value = exif.get(ORIENTATION)
    except Exception:
        return 1
    return value if value in TURNS and isinstance(value, int) else 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    return (image.height, image.width) if _orientation(image) >= 5 else image.size


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _high_byte(image).convert("RGB")
    hidden = image.info.get("transparency")
    if isinstance(hidden, tuple) and max(hidden) > 255:
        # Of 16 bits, as their pixels were.
        image.info["transparency"] = tuple(value >> 8 for value in hidden)
    if not image.has_transparency_data:
        return _in_srgb(image)
    white = Image.new("RGB", image.size, "white")
    white.paste(_in_srgb(image), mask=image.convert("RGBA"))
    return white


def _in_srgb(image: Image.Image) -> Image.Image:
    """Without its transparency."""
    transform = _to_srgb(image)
    if transform is None:
        return image.convert("RGBA").convert("RGB") if image.has_transparency_data else image.convert("RGB")
    seen = image.convert("RGBA") if image.mode in {"P", "PA"} else image
    return transform.apply(seen.convert(transform.input_mode))


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """What brings the picture's colours to sRGB; None where they are, or where nobody knows."""
    profile = image.info.get("icc_profile")
    return _transform(profile, image.mode in {"L", "LA"}) if profile and image.mode in COLOURS else None


@lru_cache(maxsize=16)
def _transform(profile: bytes, is_grey: bool) -> ImageCms.ImageCmsTransform | None:
    """None for what is nearly sRGB, as browsers change nothing below a level; and for a profile that isn't fit."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "L" if is_grey and source.profile.xcolor_space.strip() == "GRAY" else "RGB"
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        lattice = Image.new("RGB", (len(LATTICE), 1))
        lattice.putdata(LATTICE)
        colours = lattice.convert(mode)
        changed = np.asarray(transform.apply(colours), np.int16) - np.asarray(colours.convert("RGB"), np.int16)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return transform if np.abs(changed).max() > 1 else None


def _high_byte(image: Image.Image) -> Image.Image:
    """Grey levels of 16 bits as 8."""
    levels = np.asarray(image).astype(np.uint16)
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    grey = (levels >> (tags.get(BITS, (16,))[0] - 8)).astype(np.uint8)
    if tags.get(PHOTOMETRIC) == 0:
        grey = 255 - grey  # white is zero
    if isinstance(hidden := image.info.get("transparency"), int):
        grey[levels == hidden] = 255
    return Image.fromarray(grey)
