"""Photo files: decoded as a browser shows them, and checked against their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.data import pictures
from training.data.labels import Annotations, Photo
from training.data.pictures import NoPictureError, Picture, PictureError
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, shown


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
        raise AnnotationError(f"{images}: none of the labelled photos is there and readable", findings)
    return Annotations(good, findings, annotations.notes)


def _finding(photo: Photo, images: Path) -> Finding | None:
    try:
        width, height = pictures.size(images / photo.filename)
    except PictureError as error:
        return unreadable(photo, error)
    if (width, height) != (photo.width, photo.height):
        said = f"the label says {photo.width} × {photo.height}"
        fault = f"{shown(photo.filename)}: the file has {width} × {height} pixels, {said}"
        return Finding(Kind.SIZE, photo.where, "width", fault, photo.filename)
    return None


def unreadable(photo: Photo, error: PictureError) -> Finding:
    """The finding of a labelled photo that can't be read."""
    kind = Kind.MISSING if isinstance(error, NoPictureError) else Kind.UNREADABLE
    fault = f"{shown(photo.filename)}: {error.fault}"
    return Finding(kind, photo.where, "filename", fault, photo.filename, error.remedy)


def unlabelled(images: Path, group_of: Mapping[str, str]) -> Annotations:
    """All pictures below a folder as photos without objects; those that can't be read are left out and listed.

    Raises:
        AnnotationError: where there is no readable picture
    """
    if not images.is_dir():
        raise AnnotationError(f"{images}: no such folder of photos")
    photos: list[Photo] = []
    findings: list[Finding] = []
    for filename in names(images):
        try:
            width, height = pictures.size(images / filename)
        except PictureError as error:
            findings.append(Finding(Kind.UNREADABLE, Where(filename), "", error.fault, own_remedy=error.remedy))
            continue
        photos.append(Photo(filename, width, height, group_of.get(filename, filename), where=Where(filename)))
    if not photos:
        raise AnnotationError(f"{images}: there is no readable picture in this folder", findings)
    return Annotations(photos, findings)


def names(images: Path) -> list[str]:
    """Names of all pictures below a folder, relative to it, sorted; whether they can be read is another matter."""
    known = Image.registered_extensions()
    files = sorted(path for path in images.rglob("*") if path.suffix.lower() in known and path.is_file())
    return [path.relative_to(images).as_posix() for path in files]


def class_names(photos: Iterable[Photo]) -> list[str]:
    """Names that occur, sorted."""
    return sorted({item.name for photo in photos for item in photo.objects})
