"""CSV: ``filename,width,height,class,xmin,ymin,xmax,ymax``, one row per object, boxes in pixels.

The convention of TensorFlow's object-detection tutorials, with an optional ninth column ``group``. A photo without any
object is one row whose class and box are empty.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from training.data.formats.checking import Box, Checker, Entry, Fault, text
from training.data.labels import Photo
from training.errors import AnnotationError
from training.findings import Kind, Where

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
GROUP = "group"
FIELDS: dict[str, str] = {}


def read(path: Path, checker: Checker) -> None:
    """Give the rows of a file to ``checker``; row 1 is the header. Raises AnnotationError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if tuple(header) not in (COLUMNS, (*COLUMNS, GROUP)):
                raise AnnotationError(
                    f"{path} row 1: the header is {','.join(header) or 'missing'}; "
                    f"expected {','.join(COLUMNS)}, optionally followed by {GROUP}{_separated(header)}"
                )
            for values in reader:
                where = Where(path.name, f"row {reader.line_num}")
                if not values:
                    continue
                if len(values) != len(header):
                    fault = f"the row has {len(values)} fields instead of {len(header)}"
                    checker.reject(where, Fault(Kind.FORMAT, "filename", fault), values[0])
                    continue
                filename, width, height, name, xmin, ymin, xmax, ymax, *group = values
                sides = (xmin, ymin, xmax, ymax)
                boxes = [Box(where, name, sides)] if name or any(sides) else []
                checker.add(Entry(where, filename, (width, height), boxes, *group))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: can't be read as CSV: {error}") from error


def _separated(header: list[str]) -> str:
    """What is wrong with a header that another character separates."""
    alone = header[0] if len(header) == 1 else ""
    other = next((name for name, sign in (("semicolons", ";"), ("tabs", "\t")) if sign in alone), None)
    return f": separated by commas, not {other}" if other else ""


def write(photos: Iterable[Photo], path: Path) -> None:
    """Write photos as a file that `read` reads, group column included."""
    with path.open("w", newline="", encoding="utf-8") as file:
        write_rows(photos, file)


def write_rows(photos: Iterable[Photo], file: TextIO) -> None:
    """Write photos as rows, group column included."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, GROUP])
    for photo in photos:
        head = [photo.filename, photo.width, photo.height]
        for item in photo.objects:
            sides = [text(value) for value in (item.xmin, item.ymin, item.xmax, item.ymax)]
            writer.writerow([*head, item.name, *sides, photo.group])
        if not photo.objects:
            writer.writerow([*head, "", "", "", "", "", photo.group])


def read_groups(path: Path) -> dict[str, str]:
    """The group of each file name, from a CSV of ``filename,group``. Raises AnnotationError."""
    groups: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            if next(reader, []) != ["filename", GROUP]:
                raise AnnotationError(f"{path} row 1: expected the header filename,group")
            for values in reader:
                if not values:
                    continue
                if len(values) != 2 or not all(values):
                    raise AnnotationError(f"{path} row {reader.line_num}: expected a file name and its group")
                groups[values[0]] = values[1]
            return groups
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path}: can't be read as CSV: {error}") from error
