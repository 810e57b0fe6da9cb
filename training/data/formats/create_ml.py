"""Create ML's JSON, one of Roboflow's exports: ``image``, and ``annotations`` with ``coordinates`` of their middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.data.formats import files
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault
from training.data.formats.files import LabelFile
from training.findings import Kind, Where

FIELDS = {
    "filename": "image",
    "class": "label",
    "xmin": "coordinates.x - coordinates.width / 2",
    "ymin": "coordinates.y - coordinates.height / 2",
    "xmax": "coordinates.x + coordinates.width / 2",
    "ymax": "coordinates.y + coordinates.height / 2",
}


def is_create_ml(document: object) -> bool:
    """Whether a document has Create ML's form."""
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        return False
    first = document[0]
    return isinstance(first.get("annotations"), list) and any(key in first for key in ("image", "imagefilename"))


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the photos of files to ``checker``. Raises AnnotationError."""
    for file in chosen:
        for number, entry in enumerate(files.load(file)):
            where = file.at(f"[{number}]")
            if not isinstance(entry, dict) or not isinstance(entry.get("annotations"), list):
                checker.loose(where, Fault(Kind.FORMAT, "annotations", "isn't a list"))
                continue
            boxes = [
                _box(one, file.at(f"[{number}] annotations[{place}]")) for place, one in enumerate(entry["annotations"])
            ]
            name = entry.get("image", entry.get("imagefilename"))
            checker.add(Entry(where, name, None, boxes, within=file.within))


def _box(entry: Any, where: Where) -> Box:
    try:
        x, y, width, height = (files.number(entry["coordinates"][key]) for key in ("x", "y", "width", "height"))
    except (ValueError, TypeError, KeyError):
        return Box(where, fault=Fault(Kind.NUMBER, "coordinates", "aren't x, y, width and height"))
    sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Box(where, entry.get("label"), sides)
