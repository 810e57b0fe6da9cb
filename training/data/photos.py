"""Photo files: decoded as a browser shows them, and checked against their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data import pictures
from training.data.causes import SCALED, SWAPPED, TURNED, refusal
from training.data.labels import Annotations, Photo
from training.data.pictures import NoPictureError, Picture, PictureError
from training.errors import AnnotationError
from training.findings import Finding, Kind, shown


def read(path: Path, at_least: int | None = None) -> Picture:
    """The photo as `pictures.read` has it.

    Raises:
        AnnotationError: naming the file that is missing or can't be read
    """
    try:
        return pictures.read(path, at_least)
    except PictureError as error:
        raise AnnotationError(f"{path}: {error}") from error


def decode(path: Path) -> npt.NDArray[np.uint8]:
    """The photo [h, w, 3], RGB, upright. Raises as `read`."""
    return np.asarray(read(path).image)


def size(images: Path, filename: str) -> tuple[int, int]:
    """Width and height in pixels of a photo of a folder, upright, from its header.

    Raises:
        AnnotationError: where the file is missing or not a readable picture
    """
    try:
        return pictures.size(images / filename)
    except PictureError as error:
        raise AnnotationError(f"{filename}: {error}") from error


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
        raise refusal(f"{images}: none of the labelled photos is there and readable", findings, (), annotations.causes)
    return replace(annotations, photos=good, skipped=findings)


def _finding(photo: Photo, images: Path) -> Finding | None:
    try:
        width, height = pictures.size(images / photo.filename)
    except PictureError as error:
        return unreadable(photo, error)
    if (width, height) != (photo.width, photo.height):
        said = f"the label says {photo.width} × {photo.height}"
        fault = f"{shown(photo.filename)}: the file has {width} × {height} pixels, {said}"
        value = _scale(photo, width, height)
        if (height, width) == (photo.width, photo.height):
            value = TURNED if pictures.lies_down(images / photo.filename) else SWAPPED
        return Finding(Kind.SIZE, photo.where, "width", fault, photo.filename, value=value)
    return None


def _scale(photo: Photo, width: int, height: int) -> str:
    """How many times as large as its file a label says its photo is, if it is scaled alike in both directions."""
    across, down = photo.width / width, photo.height / height
    # Of rounded sizes, as programs that scale leave them.
    alike = abs(photo.width - down * width) <= 1 or abs(photo.height - across * height) <= 1
    return f"{SCALED}{across:.2f}" if alike else ""


def unreadable(photo: Photo, error: PictureError) -> Finding:
    """The finding of a labelled photo that can't be read."""
    kind = Kind.MISSING if isinstance(error, NoPictureError) else Kind.UNREADABLE
    fault = f"{shown(photo.filename)}: {error.fault}"
    return Finding(kind, photo.where, "filename", fault, photo.filename, error.remedy)


def class_names(photos: Iterable[Photo]) -> list[str]:
    """Names that occur, sorted."""
    return sorted({item.name for photo in photos for item in photo.objects})
