"""``annotations.csv`` of a folder that is labelled: read before every change, and replaced as a whole by it.

The file is the only memory: who stops, or changes it with another program meanwhile, goes on from what it says. What
isn't changed stays as it stands, to the letter: rows of other photos, their order, a column ``group``, the separator. A
file of another form isn't touched, since what it says besides would be lost.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import UsageError

NAME = "annotations.csv"
SIDES = ("xmin", "ymin", "xmax", "ymax")
COLUMNS = ("filename", "width", "height", "class", *SIDES)
GROUP = "group"
SEPARATORS = (",", ";", "\t", "|")
MARK = "\ufeff"
"""Of UTF-8, as spreadsheets write it."""
FORMULA = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
"""Text that a spreadsheet would run, or that an apostrophe keeps from it; as in training/data/formats/table.py."""


@dataclass(frozen=True)
class Object:
    """A class and the sides of a box, in pixels of the photo."""

    name: str
    box: tuple[float, float, float, float]


Objects = tuple[Object, ...]


@dataclass
class _Table:
    """Rows as they stand, and what their columns mean."""

    header: list[str] = field(default_factory=lambda: list(COLUMNS))
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """The line that each row ends at."""
    separator: str = ","
    line_end: str = "\n"
    mark: str = ""

    def cell(self, row: list[str], column: str) -> str:
        return row[self.header.index(column)]


class Annotations:
    """The labels of the photos whose ``sizes`` are given, as width and height in pixels by name."""

    def __init__(self, folder: Path, sizes: Mapping[str, tuple[int, int]]) -> None:
        self.path = folder / NAME
        self._sizes = sizes

    def read(self) -> dict[str, Objects]:
        """What the file says of each photo that it names, those that aren't in the folder included.

        Raises:
            UsageError: it is of another form, or a row is at fault; names the row and the field.
        """
        table = self._table()
        found: dict[str, list[Object]] = {}
        for row, number in zip(table.rows, table.numbers, strict=True):
            name = _plain(table.cell(row, "filename"))
            objects = found.setdefault(name, [])
            self._check_size(table, row, number, name)
            values = [table.cell(row, column).strip() for column in ("class", *SIDES)]
            if any(values):
                sides = [self._number(value, side, number) for side, value in zip(SIDES, values[1:], strict=True)]
                objects.append(Object(_plain(values[0]), (sides[0], sides[1], sides[2], sides[3])))
        return {name: tuple(objects) for name, objects in found.items()}

    def put(self, name: str, objects: Sequence[Object] | None) -> None:
        """Let ``objects`` be all that is on the photo; None: it wasn't looked at.

        Raises:
            UsageError: as `read`; nothing is written then.
            OSError: the file can't be written, and is as it was.
        """
        table = self._table()
        places = [place for place, row in enumerate(table.rows) if _plain(table.cell(row, "filename")) == name]
        group = table.cell(table.rows[places[0]], GROUP) if places and GROUP in table.header else ""
        before = [table.rows[place] for place in places]
        after = [] if objects is None else self._rows(table.header, name, objects, group)
        if before == after:
            return
        at = places[0] if places else len(table.rows)
        rest = [(place, row) for place, row in enumerate(table.rows) if place not in set(places)]
        rows = [row for place, row in rest if place < at] + after + [row for place, row in rest if place > at]
        self._write(table, rows)

    def _rows(self, header: Sequence[str], name: str, objects: Sequence[Object], group: str) -> list[list[str]]:
        width, height = self._sizes[name]
        known = {"filename": _cell(name), "width": str(width), "height": str(height), GROUP: group}
        empty = dict.fromkeys(("class", *SIDES), "")
        each = [
            {"class": _cell(one.name), **dict(zip(SIDES, map(_text, one.box), strict=True))} for one in objects
        ] or [empty]
        return [[{**known, **values}[column] for column in header] for values in each]

    def _table(self) -> _Table:
        try:
            content = self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return _Table()
        except UnicodeDecodeError as error:
            raise self._foreign(f"isn't UTF-8 ({error.reason})") from error
        table = _Table(mark=MARK if content.startswith(MARK) else "")
        content = content.removeprefix(MARK)
        if not content.strip():
            return table
        first = content.splitlines()[0]
        table.separator = max(SEPARATORS, key=first.count)
        table.line_end = "\r\n" if "\r\n" in content else "\n"
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=table.separator, strict=True)
        try:
            table.header = [name.strip().lower() for name in next(reader)]
            if sorted(table.header) not in (sorted(COLUMNS), sorted((*COLUMNS, GROUP))):
                raise self._foreign(f"has the columns {', '.join(table.header)}")
            for row in reader:
                if not any(row):
                    continue
                if len(row) != len(table.header):
                    raise self._fault(reader.line_num, f"{len(row)} fields instead of {len(table.header)}")
                table.rows.append(row)
                table.numbers.append(reader.line_num)
        except csv.Error as error:
            raise self._fault(reader.line_num, str(error)) from error
        return table

    def _check_size(self, table: _Table, row: list[str], number: int, name: str) -> None:
        width, height = (table.cell(row, column).strip() for column in ("width", "height"))
        if name not in self._sizes or not width.strip("0") or not height.strip("0"):
            return
        own = self._sizes[name]
        if (self._number(width, "width", number), self._number(height, "height", number)) != own:
            raise self._fault(
                number, f"width and height: {name} has {own[0]} × {own[1]} pixels, upright, not {width} × {height}"
            )

    def _number(self, text: str, column: str, number: int) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._fault(number, f"{column}: {text!r} is no number")
        return value

    def _fault(self, number: int, words: str) -> UsageError:
        folder = self.path.parent
        return UsageError(
            f"{self.path} row {number}: {words}; correct it, or move the file away. "
            f"./inv data.check --images {folder} --annotations {self.path} shows all faults"
        )

    def _foreign(self, words: str) -> UsageError:
        folder = self.path.parent
        return UsageError(
            f"{self.path} {words}; labels are kept in {','.join(COLUMNS)} here, and what a file of another form says "
            f"besides isn't thrown away. ./inv data.convert --images {folder} --annotations {self.path} --to csv "
            "--out DIR writes that form: put its annotations.csv in the place of this one"
        )

    def _write(self, table: _Table, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=table.separator, lineterminator=table.line_end)
        writer.writerow(table.header)
        writer.writerows(rows)
        new = self.path.with_name(f".{NAME}.new")
        try:
            with new.open("wb") as file:
                file.write((table.mark + text.getvalue()).encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                shutil.copymode(self.path, new)
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)


def _cell(text: str) -> str:
    """``text`` as a spreadsheet leaves it alone."""
    return f"'{text}" if FORMULA.match(text) else text


def _plain(cell: str) -> str:
    """What `_cell` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _text(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
