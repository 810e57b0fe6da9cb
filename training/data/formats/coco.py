"""COCO JSON: ``images``, ``annotations`` with ``bbox`` [x, y, width, height] in pixels, and ``categories``.

https://cocodataset.org/#format-data. ``group`` of an image is this project's addition, which other readers pass over.

Right and lower sides aren't in the file: they are added up as decimals, since the sum of two floats is seldom the side
that one began with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from training.data.formats.checking import Box, Checker, Entry, Fault, text
from training.data.labels import LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Kind, Where

FIELDS = {
    "filename": "file_name",
    "class": "category_id",
    "xmin": "bbox[0]",
    "ymin": "bbox[1]",
    "xmax": "bbox[0] + bbox[2]",
    "ymax": "bbox[1] + bbox[3]",
}
EXACT = Context(prec=400)
"""Digits enough for the sum of any two floats."""


def read(path: Path, checker: Checker) -> None:
    """Give the images of a file to ``checker``, each with its annotations. Raises AnnotationError."""
    try:
        document = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise AnnotationError(f"{path}: can't be read as JSON: {error}") from error
    images, annotations, categories = (_entries(document, key, path) for key in ("images", "annotations", "categories"))
    names = {_key(entry.get("id")): entry.get("name") for entry in categories}
    known = {_key(entry.get("id")) for entry in images}
    boxes: dict[object, list[Box]] = defaultdict(list)
    for number, entry in enumerate(annotations):
        where, image = Where(path.name, f"annotations[{number}]"), _key(entry.get("image_id"))
        if image in known:
            boxes[image].append(_box(entry, names, where))
        else:
            checker.reject(where, Fault(Kind.UNTIED, "image_id", f"{entry.get('image_id')!r} is the id of no image"))
    for number, entry in enumerate(images):
        image = _key(entry.get("id"))
        size = (entry.get("width"), entry.get("height")) if "width" in entry or "height" in entry else None
        # Taken out: a second image of the same id must not have them again.
        mine = boxes.pop(image, [])
        where = Where(path.name, f"images[{number}]")
        if image is None:
            checker.reject(where, Fault(Kind.FORMAT, "id", f"{entry.get('id')!r} is neither a whole number nor text"))
            continue
        checker.add(Entry(where, entry.get("file_name"), size, mine, entry.get("group")))


def _entries(document: object, key: str, path: Path) -> list[dict[str, Any]]:
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AnnotationError(f"{path}: not COCO's form: {key} must be a list of objects")
    return entries


def _key(value: object) -> object:
    """An id as a key; 1 and "1" are different ones, lists are none."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _box(entry: dict[str, Any], names: dict[object, Any], where: Where) -> Box:
    category, box = entry.get("category_id"), entry.get("bbox")
    if not isinstance(names.get(_key(category)), str):
        return Box(where, fault=Fault(Kind.CLASS, "category_id", f"{category!r} is the id of no category with a name"))
    if entry.get("iscrowd"):
        return Box(where, fault=Fault(Kind.CROWD, "iscrowd", "a crowd isn't one object"))
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float, Decimal) for value in box):
        return Box(where, fault=Fault(Kind.NUMBER, "bbox", f"{json.dumps(box, default=str)} is not four numbers"))
    x, y, width, height = map(Decimal, box)
    right, bottom = EXACT.add(x, width), EXACT.add(y, height)
    return Box(where, names[_key(category)], (x, y, right, bottom))


def write(photos: Iterable[Photo], path: Path) -> None:
    """Write photos as a file that `read` reads."""
    chosen = list(photos)
    classes = sorted({item.name for photo in chosen for item in photo.objects})
    identifiers = {name: number for number, name in enumerate(classes, 1)}
    images: list[str] = []
    annotations: list[str] = []
    for number, photo in enumerate(chosen, 1):
        group = {"group": photo.group} if photo.group != photo.filename else {}
        size = {"width": photo.width, "height": photo.height}
        images.append(json.dumps({"id": number, "file_name": photo.filename, **size, **group}))
        for item in photo.objects:
            head = {"id": len(annotations) + 1, "image_id": number, "category_id": identifiers[item.name], "iscrowd": 0}
            annotations.append(json.dumps(head)[:-1] + _measures(item) + "}")
    categories = [json.dumps({"id": number, "name": name}) for name, number in identifiers.items()]
    lists = {"images": images, "annotations": annotations, "categories": categories}
    parts = [f'"{key}": [\n' + ",\n".join(lines) + "\n]" for key, lines in lists.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def _measures(item: LabelledObject) -> str:
    """The end of an annotation. By hand, because json writes no exact decimals."""
    xmin, ymin, xmax, ymax = (Decimal(text(side)) for side in (item.xmin, item.ymin, item.xmax, item.ymax))
    width, height = EXACT.subtract(xmax, xmin), EXACT.subtract(ymax, ymin)
    return f', "bbox": [{xmin}, {ymin}, {width}, {height}], "area": {float(width * height)!r}'
