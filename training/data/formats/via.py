"""VGG Image Annotator's JSON: a table of photos with ``regions`` of ``shape_attributes`` and ``region_attributes``.

https://www.robots.ox.ac.uk/~vgg/software/via/. Version 1 keeps regions in a table, version 2 in a list; a project has
the same below ``_via_img_metadata``. The class is the value of the one attribute that regions have; of several, of the
first that is called as classes are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.data.formats import files
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault, Value
from training.data.formats.files import LabelFile
from training.findings import Kind, Where

FIELDS = {"filename": "filename", "class": "region_attributes", **dict.fromkeys(("xmin", "ymin"), "shape_attributes")}
FIELDS |= dict.fromkeys(("xmax", "ymax"), "shape_attributes")
PROJECT = "_via_img_metadata"
CALLED = ("class", "label", "name", "type", "object", "category")
"""How the attribute with the class is called, in small letters."""
ATTRIBUTES = "region_attributes"


def is_via(document: object) -> bool:
    """Whether a document has VIA's form."""
    photos = _photos(document)
    first = next(iter(photos.values()), None)
    return isinstance(first, dict) and "filename" in first and "regions" in first


def _photos(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        return {}
    inside = document.get(PROJECT, document)
    return inside if isinstance(inside, dict) else {}


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the photos of files to ``checker``. Raises AnnotationError."""
    for file in chosen:
        for key, photo in _photos(files.load(file)).items():
            where = file.at(key)
            if not isinstance(photo, dict):
                checker.loose(where, Fault(Kind.FORMAT, "regions", "aren't an object"))
                continue
            boxes = [_box(region, file.at(f"{key} regions[{number}]")) for number, region in _regions(photo)]
            checker.add(Entry(where, photo.get("filename"), None, boxes, within=file.within))


def _regions(photo: Mapping[str, Any]) -> Iterator[tuple[object, Any]]:
    regions = photo.get("regions") or []
    yield from regions.items() if isinstance(regions, dict) else enumerate(regions)


def _box(region: Any, where: Where) -> Box:
    if not isinstance(region, dict) or not isinstance(shape := region.get("shape_attributes"), dict):
        return Box(where, fault=Fault(Kind.FORMAT, "shape_attributes", "are missing"))
    try:
        sides = _sides(shape)
    except (ValueError, TypeError, KeyError):
        words = f"are those of no rectangle, polygon, circle or ellipse ({shape.get('name')})"
        return Box(where, fault=Fault(Kind.NUMBER, "shape_attributes", words))
    return Box(where, _class(region.get(ATTRIBUTES)), sides)


def _sides(shape: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """The box of a shape. Raises ValueError, TypeError or KeyError where it has none."""
    number = files.number
    match shape["name"]:
        case "rect":
            x, y = number(shape["x"]), number(shape["y"])
            return x, y, x + number(shape["width"]), y + number(shape["height"])
        case "polygon":
            corners = list(zip(map(number, shape["all_points_x"]), map(number, shape["all_points_y"]), strict=True))
            if len(corners) < 3:
                raise ValueError
            return files.around(corners)
        case "circle":
            wide = high = number(shape["r"])
        case "ellipse":
            # Turned clockwise by theta: the box around it.
            one, other, turn = number(shape["rx"]), number(shape["ry"]), number(shape.get("theta", 0))
            wide = math.hypot(one * math.cos(turn), other * math.sin(turn))
            high = math.hypot(one * math.sin(turn), other * math.cos(turn))
        case _:
            raise ValueError
    x, y = number(shape["cx"]), number(shape["cy"])
    return x - wide, y - high, x + wide, y + high


def _class(attributes: Any) -> Value:
    """What a region is; of a checkbox the one that is ticked."""
    if not isinstance(attributes, dict) or not attributes:
        return None
    called = {str(key).casefold(): value for key, value in attributes.items()}
    value = next((called[key] for key in CALLED if key in called), next(iter(attributes.values())))
    if isinstance(value, dict):
        ticked = [name for name, is_on in value.items() if is_on]
        return ticked[0] if len(ticked) == 1 else None
    return value
