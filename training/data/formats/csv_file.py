"""CSV: ``filename,width,height,class,xmin,ymin,xmax,ymax``, one row per object, boxes in pixels.

The convention of TensorFlow's object-detection tutorials, with an optional column ``group``. A photo without any object
is one row whose class and box are empty.

Columns are known by what other programs call them, too, stand in any order, and may be separated by semicolons or tabs;
sizes may be left out. Columns that mean nothing here are passed over, and said. Names that a spreadsheet would take for
formulas have an apostrophe before them, as the page writes them; it is no part of the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from csv import writer as csv_writer
from pathlib import Path
from typing import TextIO

from training.cells import guarded, unguarded
from training.data.formats import readings, table
from training.data.formats.checking import Checker
from training.data.formats.entries import SIDES, Box, Entry, Fault, GroupOf, text
from training.data.formats.files import LabelFile
from training.data.formats.readings import Reading
from training.data.labels import Annotations, Photo
from training.errors import AnnotationError
from training.findings import Kind, Where, shown

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
GROUP = "group"
FIELDS: dict[str, str] = {}
CALLED = {
    "filename": (
        "filename",
        "file",
        "image",
        "imagename",
        "imagefile",
        "imagepath",
        "filepath",
        "path",
        "img",
        "imageid",
    ),
    "width": ("width", "imagewidth", "imgwidth", "imgw", "w"),
    "height": ("height", "imageheight", "imgheight", "imgh", "h"),
    "class": ("class", "label", "classname", "labelname", "category", "categoryname", "name", "object"),
    "xmin": ("xmin", "x1", "left", "bboxxmin", "boxxmin", "xtl"),
    "ymin": ("ymin", "y1", "top", "bboxymin", "boxymin", "ytl"),
    "xmax": ("xmax", "x2", "right", "bboxxmax", "boxxmax", "xbr"),
    "ymax": ("ymax", "y2", "bottom", "bboxymax", "boxymax", "ybr"),
    "bbox width": ("bboxwidth", "boxwidth", "bboxw", "boxw"),
    "bbox height": ("bboxheight", "boxheight", "bboxh", "boxh"),
    "bbox x": ("bboxx", "boxx", "bboxleft"),
    "bbox y": ("bboxy", "boxy", "bboxtop"),
    GROUP: ("group",),
}
"""What programs call the columns, in small letters and without signs between: VoTT, Roboflow, pandas, Make Sense."""
CORNER = ("bbox x", "bbox y", "bbox width", "bbox height")
LONGEST = 120
"""Signs of a row that a message shows."""
NEEDED = ("filename", "class", *SIDES)
EMPTY = frozenset({"", "nan", "null", "none", "na", "<na>"})
"""How tables write nothing."""
COMMA = re.compile(r"\s*-?\d+,\d+\s*")


def heads(line: str) -> tuple[str, list[str]] | None:
    """The separator and the fields of a header of labels, or None if it is none."""
    for separator in table.SEPARATORS:
        for record in table.records([line], separator):
            fields = record.fields or []
            known = columns(fields)
            if "filename" in known and (all(side in known for side in SIDES) or all(side in known for side in CORNER)):
                return separator, fields
    return None


def columns(header: Iterable[str]) -> dict[str, int]:
    """Which column holds what; the first of two that could be."""
    signs = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    found = {}
    for column, names in CALLED.items():
        places = [signs.index(name) for name in names if name in signs]
        if places:
            found[column] = places[0]
    return found


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the rows of files to ``checker``; row 1 is the header. Raises AnnotationError."""
    for file in chosen:
        _read(file, checker)


def _read(file: LabelFile, checker: Checker) -> None:
    path = file.path
    content, note = table.decoded(path)
    if note:
        checker.notes.append(note)
    lines = table.lines_of(content)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    found = heads(lines[first]) if lines else None
    if found is None:
        row = lines[first] if lines else ""
        raise AnnotationError(
            f"{path} row {first + 1}: {shown(row[:LONGEST])} is no header; the first row names the columns: "
            f"{','.join(COLUMNS)}, in any order, optionally followed by {GROUP}"
            if row
            else f"{path}: is empty"
        )
    separator, header = found
    known = columns(header)
    if "class" not in known:
        raise AnnotationError(f"{path} row {first + 1}: no column of the header {shown(lines[first])} is called class")
    over = [name for place, name in enumerate(header) if place not in known.values() and name.strip()]
    if over and not all(name.lower().startswith("unnamed") or name.lower() == "index" for name in over):
        checker.notes.append(f"columns of {path.name} that were passed over: {', '.join(map(shown, over))}")
    if not {"xmin", "xmax"} <= known.keys():
        checker.boxes.reading = Reading(readings.SIZED)
    rows = _Rows(known, len(header), separator)
    for record in table.records(lines[first + 1 :], separator, len(header)):
        where = file.at(f"row {record.row + first + 1}")
        values = record.fields
        if values is None:
            fault = Fault(Kind.FORMAT, "filename", record.fault)
            checker.reject(where, fault, _first(record.line, separator, known["filename"]), file.within)
        elif len(values) != len(header):
            fault = Fault(Kind.FORMAT, "filename", f"the row has {len(values)} fields instead of {len(header)}")
            checker.reject(
                where, fault, values[known["filename"]] if len(values) > known["filename"] else None, file.within
            )
        else:
            checker.add(rows.entry(values, where, file.within))


class _Rows:
    """Rows of a table with known columns as entries."""

    def __init__(self, known: Mapping[str, int], count: int, separator: str) -> None:
        self.known, self.count, self.comma = known, count, separator != ","

    def entry(self, values: list[str], where: Where, within: str) -> Entry:
        """One row; without class and box it is a photo without objects."""
        known = self.known
        name = unguarded(values[known["class"]])
        if "xmin" in known and "xmax" in known:
            sides = [self._number(values[known[side]]) for side in SIDES]
        else:
            x, y, width, height = (self._number(values[known[side]]) for side in CORNER)
            sides = [x, y, _sum(x, width), _sum(y, height)]
        boxes = []
        if name.strip().lower() not in EMPTY or any(side.strip().lower() not in EMPTY for side in sides):
            boxes = [Box(where, name, (sides[0], sides[1], sides[2], sides[3]))]
        size = (
            (self._number(values[known["width"]]), self._number(values[known["height"]]))
            if "width" in known and "height" in known
            else None
        )
        group = unguarded(values[known[GROUP]]) if GROUP in known else None
        return Entry(where, unguarded(values[known["filename"]]), size, boxes, group, alone=False, within=within)

    def _number(self, value: str) -> str:
        return value.replace(",", ".") if self.comma and COMMA.fullmatch(value) else value


def _sum(low: str, length: str) -> str:
    try:
        return repr(float(low) + float(length))
    except ValueError:
        return length


def _first(line: str, separator: str, place: int) -> str | None:
    """The field that should name the photo, of a row that can't be split for sure."""
    fields = [field.strip().strip('"') for field in line.split(separator)]
    return fields[place] if place < len(fields) else None


def write(found: Annotations, path: Path) -> None:
    """Write photos as a file that `read` reads, group column included."""
    with path.open("w", newline="", encoding="utf-8") as file:
        write_rows(found.photos, file)


def write_rows(photos: Iterable[Photo], file: TextIO) -> None:
    """Write photos as rows, group column included."""
    writer = csv_writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, GROUP])
    for photo in photos:
        head, group = [guarded(photo.filename), photo.width, photo.height], guarded(photo.group)
        for item in photo.objects:
            sides = [text(value) for value in (item.xmin, item.ymin, item.xmax, item.ymax)]
            writer.writerow([*head, guarded(item.name), *sides, group])
        if not photo.objects:
            writer.writerow([*head, "", "", "", "", "", group])


def read_groups(path: Path) -> list[GroupOf]:
    """The lines of a CSV of ``filename,group``. Raises AnnotationError."""
    content, _ = table.decoded(path)
    lines = table.lines_of(content)
    separator = next((sign for sign in table.SEPARATORS if sign in (lines[0] if lines else "")), ",")
    groups = []
    for record in table.records(lines, separator, 2):
        values = [unguarded(value.strip()) for value in record.fields or []]
        if record.row == 1:
            if [value.lower() for value in values] != ["filename", GROUP]:
                raise AnnotationError(f"{path} row 1: expected the header filename,group")
        elif len(values) != 2 or not all(values):
            raise AnnotationError(f"{path} row {record.row}: expected a file name and its group")
        else:
            groups.append(GroupOf(Where(path.name, f"row {record.row}"), *values))
    return groups
