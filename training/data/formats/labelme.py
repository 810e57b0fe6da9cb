"""LabelMe's JSON: a file per photo with ``shapes`` (rectangles, polygons, circles) and ``imagePath``.

https://github.com/wkentaro/labelme. A polygon's box is the one around it. Lines and points have no box.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import command
from training.data.formats import files
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault
from training.data.formats.files import LabelFile
from training.data.formats.pascal_voc import own_files
from training.data.labels import Annotations
from training.errors import AnnotationError
from training.findings import Kind, Where, shown

FIELDS = {
    "filename": "imagePath",
    "width": "imageWidth",
    "height": "imageHeight",
    "class": "label",
    **dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), "points"),
}


def is_labelme(document: object) -> bool:
    """Whether a document has LabelMe's form."""
    return isinstance(document, dict) and isinstance(document.get("shapes"), list)


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give files to ``checker``. Raises AnnotationError."""
    for file in command.progress(chosen, len(chosen), "label files"):
        try:
            document = files.load(file, checker.keep)
        except AnnotationError as error:
            checker.reject(file.at(), Fault(Kind.FORMAT, "", error.message), file.stem)
            continue
        if not is_labelme(document):
            checker.reject(file.at(), Fault(Kind.FORMAT, "shapes", "not LabelMe's form: no list"), file.stem)
            continue
        boxes = [
            _box(shape, file.at(f"shapes[{number}]"), checker.keep) for number, shape in enumerate(document["shapes"])
        ]
        said = "imageWidth" in document and "imageHeight" in document
        size = (document["imageWidth"], document["imageHeight"]) if said else None
        name = document.get("imagePath") or None
        checker.add(Entry(file.at(), name, size, boxes, within=file.within, stem=file.stem))


def _box(shape: Any, where: Where, keep: bool) -> Box:
    if not isinstance(shape, dict):
        return Box(where, fault=Fault(Kind.FORMAT, "shapes", "isn't an object"))
    kind = shape.get("shape_type") or "polygon"
    try:
        corners = list(files.points(shape.get("points")))
        if kind == "circle" and len(corners) == 2:
            (x, y), (on_x, on_y) = corners
            radius = math.hypot(on_x - x, on_y - y)
            sides = (x - radius, y - radius, x + radius, y + radius)
        elif (kind in ("rectangle", "mask") and len(corners) == 2) or (kind == "polygon" and len(corners) > 2) or (
            kind in ("rectangle", "rotation") and len(corners) == 4
        ):  # fmt: skip
            sides = files.around(corners)
        else:
            words = f"{shown(str(kind))} of {len(corners)} points isn't a rectangle, polygon or circle"
            return Box(where, fault=Fault(Kind.FORMAT, "shape_type", words))
    except (ValueError, TypeError):
        return Box(where, fault=Fault(Kind.NUMBER, "points", "aren't pairs of numbers"))
    extra = {"polygons": [[value for corner in corners for value in corner]]} if kind == "polygon" and keep else None
    return Box(where, shape.get("label"), sides, extra=extra)


def write(found: Annotations, path: Path) -> None:
    """Write photos into a new folder, each as a file that `read` reads."""
    path.mkdir()
    for photo, name in own_files(found.photos, ".json"):
        shapes: list[dict[str, Any]] = [
            {
                "label": item.name,
                "points": [[item.xmin, item.ymin], [item.xmax, item.ymax]],
                "group_id": None,
                "shape_type": "rectangle",
                "flags": {},
            }
            for item in photo.objects
        ]
        document: dict[str, Any] = {
            "version": "5.0.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": "../" * (len(name.parts) - 1) + photo.filename,
            "imageData": None,
            "imageHeight": photo.height,
            "imageWidth": photo.width,
        }
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
