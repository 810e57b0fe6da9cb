"""Annotations: CSV rows to photos with their labelled objects, checked.

Format: ``filename,width,height,class,xmin,ymin,xmax,ymax`` with an optional ninth column ``group``, one row per
object, boxes in pixels; the convention of TensorFlow's object-detection tutorials. A photo without any object is one
row whose class and box are empty. Photos of a group (the same scene, copies of one original) stay in one split.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from training.errors import AnnotationError

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
GROUP = "group"


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """One labelled object; the box is in pixels of the photo."""

    name: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float


@dataclass(slots=True)
class Photo:
    """One photo's label: its file name relative to the image folder, its size in pixels and its objects."""

    filename: str
    width: int
    height: int
    group: str
    objects: list[LabelledObject] = field(default_factory=list)
    where: str = field(default="", compare=False)
    """file and number of its first row, for messages"""


@dataclass(frozen=True)
class Annotations:
    """All photos in the order of their first row, and what was left out: one finding a line."""

    photos: list[Photo]
    skipped: list[str]


class _BadRow(Exception):
    """A row that can't be used; the message starts with the field."""


def read_csv(
    path: Path,
    classes: Collection[str] | None = None,
    groups: Path | None = None,
    skip_bad: bool = False,
) -> Annotations:
    """Read and check a CSV file of annotations.

    Args:
        path: the CSV file
        classes: names that may occur; any where None
        groups: CSV file ``filename,group``; where absent the group column or the file name is the group
        skip_bad: leave bad rows out and list them instead of refusing the file

    Raises:
        AnnotationError: with one finding per fault, each naming row and field (row 1 is the header)
    """
    group_of = read_groups(groups) if groups else {}
    photos: dict[str, Photo] = {}
    seen: set[tuple[str, ...]] = set()
    findings: list[str] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in _rows(file, path):
                try:
                    _add(photos, row, f"{path.name} row {number}", classes, group_of)
                    key = tuple(row.values())
                    if key in seen:
                        raise _BadRow(f"filename: the same row stands above ({row['filename']})")
                    seen.add(key)
                except _BadRow as fault:
                    findings.append(f"{path.name} row {number}, {fault}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: can't be read as CSV: {error}") from error
    if findings and not skip_bad:
        raise AnnotationError(
            f"{path}: {len(findings)} of its rows can't be used; correct them, or leave them out with --skip-bad",
            findings,
        )
    if not photos:
        raise AnnotationError(f"{path}: has no usable row", findings)
    return Annotations(list(photos.values()), findings)


def write_csv(photos: Iterable[Photo], file: TextIO) -> None:
    """Write photos in the format that `read_csv` reads, group column included."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, GROUP])
    for photo in photos:
        head = [photo.filename, photo.width, photo.height]
        for item in photo.objects:
            box = [f"{value:g}" for value in (item.xmin, item.ymin, item.xmax, item.ymax)]
            writer.writerow([*head, item.name, *box, photo.group])
        if not photo.objects:
            writer.writerow([*head, "", "", "", "", "", photo.group])


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(file)
    header = next(reader, [])
    if tuple(header) not in (COLUMNS, (*COLUMNS, GROUP)):
        raise AnnotationError(
            f"{path} row 1: the header is {','.join(header) or 'missing'}; "
            f"expected {','.join(COLUMNS)}, optionally followed by {GROUP}"
        )
    for values in reader:
        if not values:
            continue
        row = dict(zip(header, values, strict=False))
        if len(values) != len(header):
            row["filename"] = ""
        yield reader.line_num, row


def _add(
    photos: dict[str, Photo],
    row: dict[str, str],
    where: str,
    classes: Collection[str] | None,
    group_of: dict[str, str],
) -> None:
    filename = row["filename"]
    if not filename or Path(filename).is_absolute() or ".." in Path(filename).parts:
        raise _BadRow("filename: missing, or the row has a wrong number of fields, or it leaves the folder")
    width, height = (_number(row, name) for name in ("width", "height"))
    if width < 1 or height < 1 or width % 1 or height % 1:
        raise _BadRow(f"width: a photo of {row['width']} × {row['height']} pixels")
    photo = photos.get(filename)
    if photo and (photo.width, photo.height) != (width, height):
        raise _BadRow(f"width: {filename} was {photo.width} × {photo.height} in an earlier row")
    item = _object(row, width, height, classes)
    if photo is None:
        group = row.get(GROUP) or group_of.get(filename, filename)
        photo = photos[filename] = Photo(filename, int(width), int(height), group, where=where)
    if item and item not in photo.objects:
        photo.objects.append(item)


def _object(row: dict[str, str], width: float, height: float, classes: Collection[str] | None) -> LabelledObject | None:
    name = row["class"]
    if not name and not any(row[key] for key in COLUMNS[4:]):
        return None
    if not name or (classes is not None and name not in classes):
        raise _BadRow(f"class: {name or '(empty)'} is not one of {', '.join(classes or ['(any name)'])}")
    xmin, ymin, xmax, ymax = (_number(row, key) for key in COLUMNS[4:])
    for low, high, size, axis in ((xmin, xmax, width, "x"), (ymin, ymax, height, "y")):
        if low >= high:
            raise _BadRow(f"{axis}max: {high:g} is not above {axis}min, {low:g}")
        if low < 0 or high > size:
            field_name = f"{axis}min" if low < 0 else f"{axis}max"
            value = low if low < 0 else high
            raise _BadRow(f"{field_name}: {value:g} is outside the photo (0 to {size:g})")
    return LabelledObject(name, xmin, ymin, xmax, ymax)


def _number(row: dict[str, str], name: str) -> float:
    try:
        value = float(row[name])
    except (ValueError, KeyError) as error:
        raise _BadRow(f"{name}: {row.get(name, '')!r} is not a number") from error
    if not math.isfinite(value):
        raise _BadRow(f"{name}: {row[name]!r} is not a finite number")
    return value


def read_groups(path: Path) -> dict[str, str]:
    """The group of each file name, from a CSV of ``filename,group``. Raises AnnotationError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != ["filename", "group"]:
                raise AnnotationError(f"{path} row 1: expected the header filename,group")
            return {row["filename"]: row["group"] for row in reader}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: can't be read as CSV: {error}") from error
