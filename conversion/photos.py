"""Labelled photos, streamed from canonical annotations, decoded as a browser shows them.

Canonical annotations are a CSV with the columns of `COLUMNS`, and further ones (the group of the
split) that don't matter here: one row per object, rows of one photo adjacent, boxes in pixels of
the upright photo. A photo without objects is one row whose class and box are empty.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from conversion import pictures
from conversion.errors import PhotoError

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Label:
    """One object that a person marked."""

    name: str
    """its class"""
    box: tuple[float, float, float, float]
    """ymin, xmin, ymax, xmax in pixels of the photo"""


@dataclass(frozen=True)
class Photo:
    """One photo of the annotations; its pixels are read when asked for."""

    filename: str
    path: Path
    width: int
    height: int
    labels: tuple[Label, ...]

    def pixels(self) -> Pixels:
        """The upright photo as RGB [height, width, 3].

        Raises:
            PhotoError: the file is missing, is no image, ends early or is not of the annotated
            size.
        """
        try:
            upright = pictures.read(self.path).image
        except pictures.NoPictureError as error:
            raise PhotoError(f"{self.path}: no such photo; check --images against the annotations") from error
        except pictures.PictureError as error:
            raise PhotoError(f"{self.path}: {error}") from error
        if upright.size != (self.width, self.height):
            raise PhotoError(
                f"{self.path}: is {upright.width} × {upright.height} pixels when upright, its "
                f"annotations say {self.width} × {self.height}; correct them, "
                "since the boxes refer to that size"
            )
        return np.asarray(upright)


def read(annotations: Path, images: Path) -> Iterator[Photo]:
    """The photos of ``annotations`` in file order, in constant memory.

    Raises:
        PhotoError: the file is missing, has another header, or a row has a wrong field; says which.
    """
    for filename, rows in itertools.groupby(_rows(annotations), key=lambda row: row[1]["filename"]):
        labels, width, height = [], 0, 0
        for where, row in rows:
            width, height = int(_number(row, "width", where)), int(_number(row, "height", where))
            if row["class"]:
                ymin, xmin, ymax, xmax = (_number(row, side, where) for side in ("ymin", "xmin", "ymax", "xmax"))
                labels.append(Label(row["class"], (ymin, xmin, ymax, xmax)))
        yield Photo(filename, images / filename, width, height, tuple(labels))


def count(annotations: Path) -> int:
    """Number of photos in ``annotations``; at least 1.

    Raises:
        PhotoError: as `read`, and when there is no photo at all.
    """
    photos = sum(1 for _ in itertools.groupby(_rows(annotations), key=lambda row: row[1]["filename"]))
    if not photos:
        raise PhotoError(f"{annotations}: has no photo; at least one is needed")
    return photos


def spread(annotations: Path, images: Path, limit: int) -> list[Photo]:
    """``limit`` photos spaced evenly over ``annotations``, or all if there are fewer.

    Raises:
        PhotoError: as `read` and `count`.
    """
    total = count(annotations)
    chosen = {index * total // limit for index in range(limit)} if limit < total else range(total)
    return [photo for index, photo in enumerate(read(annotations, images)) if index in chosen]


def decoded(photos: Iterable[Photo]) -> Iterator[tuple[Photo, Pixels]]:
    """Each photo with its pixels; the next one is decoded while the caller works on this one."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for photo in photos:
            following = photo, pool.submit(photo.pixels)
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting:
            yield waiting[0], waiting[1].result()


def _rows(annotations: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with the words that say where it stands."""
    try:
        with annotations.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if tuple(header[: len(COLUMNS)]) != COLUMNS:
                raise PhotoError(
                    f"{annotations}: the first line must start with {','.join(COLUMNS)}, "
                    f"it is {','.join(header) or 'missing'}"
                )
            for fields in reader:
                where = f"{annotations}, line {reader.line_num}"
                if len(fields) != len(header):
                    raise PhotoError(f"{where}: has {len(fields)} fields instead of {len(header)}")
                row = dict(zip(header, fields, strict=True))
                yield where, {**row, **{field: _unguarded(row[field]) for field in ("filename", "class")}}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PhotoError(f"{annotations}: can't be read as annotations ({error})") from error


def _unguarded(cell: str) -> str:
    """A name without the apostrophe that keeps spreadsheets from taking it for a formula (training's table.py)."""
    return cell[1:] if re.match(r"''*[=+\-@\t\r].", cell, re.DOTALL) else cell


def _number(row: dict[str, str], field: str, where: str) -> float:
    try:
        return float(row[field])
    except ValueError as error:
        raise PhotoError(f"{where}: {field} is {row[field]!r}, not a number") from error
