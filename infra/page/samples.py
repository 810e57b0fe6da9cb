"""Photos to try a page with: chosen by its owner, made small, without what cameras write into them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from infra.errors import UsageError

FOLDER = "samples"
"""Within the site."""
MOST = 12
SIDE, QUALITY = 1600, 85
"""Pixels of a photo's longer side, and JPEG's quality."""
SMALL, SMALL_QUALITY = (240, 180), 70
"""Of the picture that stands for it, which every visitor loads."""
FEWEST = 32
"""Pixels of the shorter side, below which there is nothing to see."""


@dataclass(frozen=True)
class Sample:
    """A photo as JPEG, and a small picture of it as WebP with its size in pixels."""

    name: str
    photo: bytes
    thumbnail: bytes
    width: int
    height: int

    @property
    def photo_path(self) -> str:
        """Of the photo, within the site."""
        return f"{FOLDER}/{self.name}.jpg"

    @property
    def thumbnail_path(self) -> str:
        """Of the small picture, within the site."""
        return f"{FOLDER}/{self.name}.webp"


def gather(folder: Path) -> list[Sample]:
    """The photos in ``folder``, by their names.

    Raises:
        UsageError: there is none, there are too many, or a file is no picture; names it.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: --samples takes one with up to {MOST} photos")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise UsageError(f"{folder} has no photos: put up to {MOST} into it that visitors may try the page with")
    if len(files) > MOST:
        raise UsageError(f"{folder} has {len(files)} files: a page shows up to {MOST} photos to try; choose the best")
    samples: list[Sample] = []
    for file in files:
        samples.append(_sample(file, {sample.name for sample in samples}))
    return samples


def write(samples: Sequence[Sample], site: Path) -> None:
    """Put ``samples`` into the site at ``site``."""
    if not samples:
        return
    (site / FOLDER).mkdir()
    for sample in samples:
        (site / sample.photo_path).write_bytes(sample.photo)
        (site / sample.thumbnail_path).write_bytes(sample.thumbnail)


def _sample(file: Path, taken: set[str]) -> Sample:
    try:
        with warnings.catch_warnings():
            # Of many pixels: they become few.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                profile = opened.info.get("icc_profile")
                upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(
            f"{file} is no picture that can be opened ({error}): save it as JPEG, or take it out of {file.parent}"
        ) from error
    if min(upright.size) < FEWEST:
        width, height = upright.size
        raise UsageError(f"{file} has {width} × {height} pixels, in which nothing is seen: choose a larger photo")
    # As the page shows what is transparent. A copy, since Pillow keeps what it read of EXIF with a picture.
    picture = Image.new("RGB", upright.size, "#ffffff")
    picture.paste(upright, mask=upright.getchannel("A"))
    photo = picture.copy()
    photo.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    small = ImageOps.fit(picture, SMALL, Image.Resampling.LANCZOS)
    colours = {"icc_profile": profile} if profile else {}
    return Sample(
        _name(file.stem, taken),
        _bytes(photo, "JPEG", quality=QUALITY, optimize=True, progressive=True, **colours),
        _bytes(small, "WEBP", quality=SMALL_QUALITY, method=6, **colours),
        *small.size,
    )


def _name(stem: str, taken: set[str]) -> str:
    """Letters, figures and hyphens, not in ``taken``."""
    plain = re.sub(r"[\W_]+", "-", stem).strip("-") or "photo"
    names = (plain, *(f"{plain}-{count}" for count in range(2, MOST + 2)))
    return next(name for name in names if name not in taken)


def _bytes(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
