"""Tables as programs and people save them: any usual encoding and separator, each record with the row it begins at.

A record may span lines within quotes. One that doesn't come to its end, or has the wrong number of fields by then, is
taken as its first line alone: a quote too many costs one row, not all that follow.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.errors import AnnotationError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longer ones first."""
FOREIGN = {
    b"PK": "can't be read as text: a spreadsheet is saved as CSV, an archive of photos and labels is named by --images",
    b"\xd0\xcf\x11\xe0": "can't be read as text: a spreadsheet is saved as CSV",
    b"\xff\xd8\xff": "is a picture: name the file of its labels",
    b"\x89PNG": "is a picture: name the file of its labels",
    b"%PDF": "is a PDF: export the labels as CSV",
    b"\x1f\x8b": "is packed: unpack it, or make it a ZIP",
    b"SQLite": "can't be read as text: export the labels from the tool that made this database",
}
"""What files that aren't text begin with, and what to do."""
WESTERN = re.compile(
    "[\x00-\x7f\u00a0\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]*"
)
"""What text in Western Europe consists of; what else Windows-1252 makes of bytes is another encoding's."""
SEPARATORS = (",", ";", "\t", "|")
LINES = 20
"""That a record may span."""
LONGEST = csv.field_size_limit()
"""Characters that a field may have."""


@dataclass(frozen=True)
class Record:
    """The fields of a record; None where its quotes don't end, or a field is too long."""

    row: int
    fields: list[str] | None
    line: str

    @property
    def fault(self) -> str:
        """What is wrong with a record without fields."""
        if len(self.line) > LONGEST:
            return f"a field has more than {LONGEST:,} characters"
        return "a quote has no end in this row"


def decoded(path: Path) -> tuple[str, str | None]:
    """The text of a file, and a note if its encoding had to be guessed.

    Raises:
        AnnotationError: where it can't be read as text
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AnnotationError(f"{path}: can't be read: {error.strerror}") from error
    for start, what in FOREIGN.items():
        if data.startswith(start):
            raise AnnotationError(f"{path}: {what}")
    for mark, name in MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name), None
            except UnicodeDecodeError as error:
                raise AnnotationError(f"{path}: can't be read as {name}: {error.reason}; save it as UTF-8") from error
    if data[1:2] == b"\0" or data[:1] == b"\0":
        raise AnnotationError(f"{path}: can't be read as text (UTF-16 without a byte order mark?); save it as UTF-8")
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("cp1252", "replace")
        if WESTERN.fullmatch(text):
            return text, f"{path.name} isn't UTF-8, and was read as Windows-1252: look at names with accents"
        raise AnnotationError(f"{path} row {line}: can't be read as UTF-8; save it with that encoding") from error


def lines_of(text: str) -> list[str]:
    """Lines without their ends, which are those of any system."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def records(lines: list[str], separator: str, count: int | None = None) -> Iterator[Record]:
    """The records of lines; empty ones are passed over.

    Args:
        lines: as `lines_of` gives them
        separator: of fields
        count: fields that a record over several lines must have
    """
    number = 0
    while number < len(lines):
        line = lines[number]
        step, fields = 1, None
        if '"' not in line:
            with contextlib.suppress(csv.Error):
                fields = next(csv.reader((line,), delimiter=separator), [])
        else:
            step, fields = _quoted(lines, number, separator, count)
        if fields is None or any(fields):
            yield Record(number + 1, fields, line)
        number += step


def _quoted(lines: list[str], number: int, separator: str, count: int | None) -> tuple[int, list[str] | None]:
    """How many lines a record with quotes takes, and its fields; None where it has no end."""
    ahead = [f"{line}\n" for line in lines[number : number + LINES]]
    reader = csv.reader(ahead, delimiter=separator, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        return 1, None
    if reader.line_num > 1 and count is not None and len(fields) != count:
        return 1, None
    return reader.line_num, fields
