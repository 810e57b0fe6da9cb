"""COCO JSON: ``images``, ``annotations`` with ``bbox`` [x, y, width, height] in pixels, and ``categories``.

https://cocodataset.org/#format-data. ``group`` of an image is this project's addition, which other readers pass over.
A box that is missing is the one around its polygons. Ids are the same whether they are written 1, "1" or 1.0.

Right and lower sides aren't in the file: they are added up as decimals, since the sum of two floats is seldom the side
that one began with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from training.data.formats import files, readings, spelling
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault, text
from training.data.formats.files import Exact, LabelFile
from training.data.labels import Annotations, LabelledObject
from training.errors import AnnotationError
from training.findings import Kind, Where, shown

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
LARGE = 300
"""Digits before the point that no number of pixels has."""
OF_IMAGES = frozenset({"id", "file_name", "width", "height", "group"})
OF_ANNOTATIONS = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"})


def is_coco(document: object) -> bool:
    """Whether a document has COCO's form."""
    return isinstance(document, dict) and "images" in document and "annotations" in document


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the images of files to ``checker``, each with its annotations. Raises AnnotationError."""
    for file in chosen:
        _read(file, files.load(file, checker.keep), checker)


def _read(file: LabelFile, document: Any, checker: Checker) -> None:
    images, annotations, categories = (
        _entries(document, key, file.path) for key in ("images", "annotations", "categories")
    )
    names = _names(categories, checker)
    first: dict[str, int] = {}
    twice: dict[str, int] = {}
    for number, entry in enumerate(images):
        key = _key(entry.get("id"))
        if key is not None and first.setdefault(key, number) != number:
            twice[key] = number
    used = {_key(entry.get("category_id")) for entry in annotations}
    if used - names.keys() and (cause := readings.counted_otherwise(_whole(used), _whole(names))):
        checker.causes.append(cause)
    boxes: dict[str, list[Box]] = defaultdict(list)
    for number, entry in enumerate(annotations):
        where, image = file.at(f"annotations[{number}]"), _key(entry.get("image_id"))
        if image in first:
            boxes[image].append(_box(entry, names, where, checker.keep))
        else:
            words = f"{_said(entry.get('image_id'))} is the id of no image"
            checker.loose(where, Fault(Kind.UNTIED, "image_id", words))
    for number, entry in enumerate(images):
        where, image = file.at(f"images[{number}]"), _key(entry.get("id"))
        if image is None:
            fault = Fault(Kind.FORMAT, "id", f"{_said(entry.get('id'))} is neither a whole number nor text")
            checker.reject(where, fault, entry.get("file_name"), file.within)
            continue
        if image in twice:
            other = first[image] if number != first[image] else twice[image]
            words = f"{_said(entry['id'])} is the id of images[{other}], too: whose labels are whose can't be said"
            checker.reject(where, Fault(Kind.TWICE, "id", words), entry.get("file_name"), file.within)
            continue
        size = (entry.get("width"), entry.get("height")) if "width" in entry or "height" in entry else None
        more = {"id": entry["id"], "coco": _others(entry, OF_IMAGES)} if checker.keep else None
        name = entry.get("file_name")
        checker.add(Entry(where, name, size, boxes.get(image, ()), entry.get("group"), within=file.within, extra=more))
    if checker.keep:
        checker.about.update({key: document[key] for key in ("info", "licenses") if key in document})


def _entries(document: object, key: str, path: Path) -> list[dict[str, Any]]:
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AnnotationError(f"{path}: not COCO's form: {key} must be a list of objects")
    return entries


def _names(categories: list[dict[str, Any]], checker: Checker) -> dict[str, Any]:
    """The name of each category by the key of its id; a `Fault` where two categories have one id."""
    names: dict[str, Any] = {}
    first: dict[str, int] = {}
    for number, entry in enumerate(categories):
        key, name = _key(entry.get("id")), entry.get("name")
        if key is None:
            continue
        if first.setdefault(key, number) != number and name != categories[first[key]].get("name"):
            said = _said(entry["id"])
            words = f"{said} is the id of categories[{first[key]}] and categories[{number}], which differ"
            names[key] = Fault(Kind.TWICE, "category_id", words)
        elif number == first[key]:
            names[key] = name
            if isinstance(name, str | int) and not isinstance(name, bool):
                checker.declared.setdefault(spelling.normal(str(name)), _others(entry, frozenset({"name"})))
    return names


def _key(value: object) -> str | None:
    """An id as a key, however it is written; lists are none."""
    if type(value) is int:  # nearly all are
        return str(value)
    if isinstance(value, bool) or not isinstance(value, float | str):
        return None
    return spelling.undecimal(str(value).strip())


def _whole(keys: Iterable[str | None]) -> set[int]:
    return {int(key) for key in keys if key is not None and key.isdecimal()}


def _said(value: object) -> str:
    return shown(json.dumps(value, ensure_ascii=False, default=str))


def _others(entry: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in known}


def _box(entry: dict[str, Any], names: Mapping[str, Any], where: Where, keep: bool) -> Box:
    key = _key(entry.get("category_id"))
    name = None if key is None else names.get(key)
    if isinstance(name, Fault):
        return Box(where, fault=name)
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        words = f"{_said(entry.get('category_id'))} is the id of no category with a name"
        return Box(where, fault=Fault(Kind.CLASS, "category_id", words))
    if entry.get("iscrowd") not in (None, 0, "0", False):
        return Box(where, fault=Fault(Kind.CROWD, "iscrowd", "a crowd isn't one object"))
    box, polygons = entry.get("bbox"), entry.get("segmentation")
    sides: tuple[object, object, object, object] | None
    if not box and polygons:
        sides = _around(polygons)
        if sides is None:
            return Box(where, fault=Fault(Kind.NUMBER, "bbox", "is missing, and segmentation is no list of polygons"))
    else:
        sides = _sides(box)
        if sides is None:
            return Box(where, fault=Fault(Kind.NUMBER, "bbox", f"{_said(box)} is not four numbers"))
    return Box(where, name, sides, extra=_extra(entry) if keep else None)


def _sides(box: object) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
    """xmin, ymin, xmax, ymax of [x, y, width, height]; None if those aren't four finite numbers."""
    if not isinstance(box, list) or len(box) != 4:
        return None
    numbers = [value for value in map(_decimal, box) if value is not None]
    if len(numbers) != 4:
        return None
    x, y, width, height = numbers
    return x, y, EXACT.add(x, width), EXACT.add(y, height)


def _decimal(value: object) -> Decimal | None:
    """A finite number, exactly as it is written."""
    if isinstance(value, Exact):
        value = value.digits
    # A truth value is a whole number to isinstance.
    if not isinstance(value, str) and type(value) is not int:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < LARGE else None


def _around(polygons: object) -> tuple[float, float, float, float] | None:
    try:
        flat = [[files.number(value) for value in polygon] for polygon in polygons]  # type: ignore[attr-defined]
        return files.around([(x, y) for polygon in flat for x, y in zip(polygon[::2], polygon[1::2], strict=True)])
    except (ValueError, TypeError):
        return None


def _extra(entry: Mapping[str, Any]) -> dict[str, Any]:
    polygons = entry.get("segmentation")
    is_polygons = isinstance(polygons, list)
    extra: dict[str, Any] = {"coco": _others(entry, OF_ANNOTATIONS | {"attributes"})}
    if polygons and is_polygons:
        extra["polygons"] = polygons
    elif polygons:
        extra["coco"]["segmentation"] = polygons
    if isinstance(entry.get("attributes"), dict):
        extra["attributes"] = entry["attributes"]
    return extra


def write(found: Annotations, path: Path) -> None:
    """Write photos as a file that `read` reads, with everything that COCO's files had."""
    occurring = {item.name for photo in found.photos for item in photo.objects}
    classes = [*found.declared, *sorted(occurring - found.declared.keys())]
    identifiers = _identifiers(classes, found.declared)
    taken = [photo.extra.get("id") for photo in found.photos if photo.extra]
    own = len(taken) == len(found.photos) and len({_key(one) for one in taken} - {None}) == len(taken)
    images: list[str] = []
    annotations: list[str] = []
    for number, photo in enumerate(found.photos, 1):
        extra = photo.extra or {}
        group = {"group": photo.group} if photo.group != photo.filename else {}
        identifier = extra["id"] if own else number
        head = {"id": identifier, "file_name": photo.filename, "width": photo.width, "height": photo.height}
        images.append(json.dumps({**extra.get("coco", {}), **head, **group}))
        for item in photo.objects:
            mine = item.extra or {}
            more = dict(mine.get("coco", {}))
            if "polygons" in mine:
                more["segmentation"] = mine["polygons"]
            if "attributes" in mine:
                more["attributes"] = mine["attributes"]
            start = {"id": len(annotations) + 1, "image_id": identifier, "category_id": identifiers[item.name]}
            annotations.append(json.dumps({**more, **start, "iscrowd": 0})[:-1] + _measures(item) + "}")
    categories = [
        json.dumps({**found.declared.get(name, {}), "id": number, "name": name}) for name, number in identifiers.items()
    ]
    lists = {"images": images, "annotations": annotations, "categories": categories}
    parts = [f'"{key}": {json.dumps(value)}' for key, value in found.about.items() if key not in lists]
    parts += [f'"{key}": [\n' + ",\n".join(entries) + "\n]" for key, entries in lists.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def _identifiers(classes: Sequence[str], declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The ids that categories had, if all had one of their own, else numbers from 1."""
    had = [declared.get(name, {}).get("id") for name in classes]
    keys = {_key(one) for one in had}
    if None not in keys and len(keys) == len(classes):
        return dict(zip(classes, had, strict=True))
    return {name: number for number, name in enumerate(classes, 1)}


def _measures(item: LabelledObject) -> str:
    """The end of an annotation. By hand, because json writes no exact decimals."""
    xmin, ymin, xmax, ymax = (Decimal(text(side)) for side in (item.xmin, item.ymin, item.xmax, item.ymax))
    width, height = EXACT.subtract(xmax, xmin), EXACT.subtract(ymax, ymin)
    return f', "bbox": [{xmin}, {ymin}, {width}, {height}], "area": {float(width * height)!r}'
