"""Photo files: decoded as a browser shows them, and checked against their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training.data.labels import Annotations, Photo
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, shown

DECODING_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for a file that is cut off, corrupt, absurdly large or no picture at all."""


def decode(path: Path) -> npt.NDArray[np.uint8]:
    """The photo [h, w, 3], RGB, turned upright by its EXIF orientation.

    Raises:
        AnnotationError: where the file is missing or not a readable picture
    """
    try:
        with Image.open(path) as image:
            return np.asarray(upright(image))
    except DECODING_ERRORS as error:
        raise AnnotationError(f"{path}: not a readable picture: {error}") from error


def upright(image: Image.Image) -> Image.Image:
    """The picture as RGB, turned by its EXIF orientation; transparent parts become white, as on the page."""
    turned = ImageOps.exif_transpose(image)
    if not turned.has_transparency_data:
        return turned.convert("RGB")
    white = Image.new("RGBA", turned.size, "white")
    return Image.alpha_composite(white, turned.convert("RGBA")).convert("RGB")


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height in pixels after turning by the EXIF orientation, without decoding the pixels."""
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if turned else (image.width, image.height)


def size(images: Path, filename: str) -> tuple[int, int]:
    """Width and height in pixels of a photo of a folder, upright, from its header.

    Raises:
        AnnotationError: where the file is missing or not a readable picture
    """
    try:
        with Image.open(images / filename) as image:
            return upright_size(image)
    except FileNotFoundError as error:
        raise AnnotationError(f"{filename}: no such file in the folder") from error
    except DECODING_ERRORS as error:
        raise AnnotationError(f"{filename}: not a readable picture: {error}") from error


def check_files(annotations: Annotations, images: Path) -> Annotations:
    """Compare every label with the header of its file; what doesn't fit is left out and listed.

    A file doesn't fit when it is missing, unreadable or of another size than its label says.

    Raises:
        AnnotationError: where no photo is left
    """
    if not images.is_dir():
        raise AnnotationError(f"{images}: no such folder of photos")
    good: list[Photo] = []
    findings = list(annotations.skipped)
    for photo in annotations.photos:
        finding = _finding(photo, images)
        if finding:
            findings.append(finding)
        else:
            good.append(photo)
    if not good:
        raise AnnotationError(f"{images}: none of the labelled photos is there and readable", findings)
    return Annotations(good, findings, annotations.notes)


def _finding(photo: Photo, images: Path) -> Finding | None:
    try:
        width, height = size(images, photo.filename)
    except AnnotationError as error:
        kind = Kind.UNREADABLE if (images / photo.filename).exists() else Kind.MISSING
        return Finding(kind, photo.where, "filename", str(error), photo.filename)
    if (width, height) != (photo.width, photo.height):
        said = f"the label says {photo.width} × {photo.height}"
        fault = f"{shown(photo.filename)}: the file has {width} × {height} pixels, {said}"
        return Finding(Kind.SIZE, photo.where, "width", fault, photo.filename)
    return None


def unlabelled(images: Path, group_of: Mapping[str, str]) -> Annotations:
    """All pictures below a folder as photos without objects; those that can't be read are left out and listed.

    Raises:
        AnnotationError: where there is no readable picture
    """
    if not images.is_dir():
        raise AnnotationError(f"{images}: no such folder of photos")
    photos: list[Photo] = []
    findings: list[Finding] = []
    for filename in pictures(images):
        try:
            width, height = size(images, filename)
        except AnnotationError as error:
            findings.append(Finding(Kind.UNREADABLE, Where(filename), "", str(error).removeprefix(f"{filename}: ")))
            continue
        photos.append(Photo(filename, width, height, group_of.get(filename, filename), where=Where(filename)))
    if not photos:
        raise AnnotationError(f"{images}: there is no readable picture in this folder", findings)
    return Annotations(photos, findings)


def pictures(images: Path) -> list[str]:
    """Names of all pictures below a folder, relative to it, sorted; whether they can be read is another matter."""
    known = Image.registered_extensions()
    files = sorted(path for path in images.rglob("*") if path.suffix.lower() in known and path.is_file())
    return [path.relative_to(images).as_posix() for path in files]


def class_names(photos: Iterable[Photo]) -> list[str]:
    """Names that occur, sorted."""
    return sorted({item.name for photo in photos for item in photo.objects})
