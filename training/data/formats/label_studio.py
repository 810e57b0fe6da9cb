"""Label Studio's JSON, in full or "JSON-MIN": tasks with rectangles, ellipses and polygons in percent of the photo.

https://labelstud.io/guide/export. A photo is named by a link to it, mostly with eight signs and a dash before the
name that it was uploaded with. Tasks that nobody has labelled are passed over; one that two people have is at fault. A
turned rectangle is the upright one around it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from training.data.formats import files
from training.data.formats.checking import Checker
from training.data.formats.cvat import upright
from training.data.formats.entries import Box, Entry, Fault
from training.data.formats.files import LabelFile
from training.data.labels import Annotations
from training.data.naming import NoPhotoError
from training.findings import Kind, Where, counted, shown

FIELDS = {
    "filename": "data.image",
    "width": "original_width",
    "height": "original_height",
    "class": "labels",
    "xmin": "value.x",
    "ymin": "value.y",
    "xmax": "value.x + value.width",
    "ymax": "value.y + value.height",
}
UPLOADED = re.compile(r"^[0-9a-f]{8}-")
PICTURE = re.compile(r"\.(jpe?g|png|webp|gif|bmp|tiff?|avif|heic)(\?|$)|[?&]d=", re.IGNORECASE)
LABELS = ("rectanglelabels", "ellipselabels", "polygonlabels", "labels")
ALONE = frozenset({"choices", "textarea", "rating", "relation", "number"})
"""Results that say something about a photo, not where."""


def is_label_studio(document: object) -> bool:
    """Whether a document has Label Studio's form."""
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        return False
    first = document[0]
    return (isinstance(first.get("data"), dict) and ("annotations" in first or "completions" in first)) or (
        "annotation_id" in first or ("id" in first and "annotator" in first)
    )


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the tasks of files to ``checker``. Raises AnnotationError."""
    bare = 0
    for file in chosen:
        for number, task in enumerate(files.load(file)):
            where = file.at(f"[{number}]")
            if not isinstance(task, dict):
                checker.loose(where, Fault(Kind.FORMAT, "", "isn't a task"))
                continue
            name = _name(task, checker)
            done = _results(task)
            if done is None:
                checker.reject(where, Fault(Kind.FORMAT, "annotations", "isn't a list of results"), name)
            elif not done:
                bare += 1
            elif len(done) > 1:
                words = f"{len(done)} people or times have labelled this photo: keep one"
                checker.reject(where, Fault(Kind.TWICE, "annotations", words), name)
            else:
                results = [one for one in done[0] if not (isinstance(one, dict) and str(one.get("type")) in ALONE)]
                boxes = [_box(one, file.at(f"[{number}] result {place}")) for place, one in enumerate(results)]
                checker.add(Entry(where, name, _size(results), boxes, whole=100, within=file.within))
    if bare:
        checker.notes.append(f"{counted(bare, 'task')} that nobody has labelled: passed over")


def _results(task: dict[str, Any]) -> list[list[Any]] | None:
    """The results of each annotation of a task; None where something else stands there."""
    if "data" not in task:
        return [[one for key in task if isinstance(task[key], list) for one in task[key]]]
    annotations = task.get("annotations") or task.get("completions") or []
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        return None
    done = [one.get("result", []) for one in annotations if not one.get("was_cancelled")]
    return done if all(isinstance(one, list) for one in done) else None


def _name(task: dict[str, Any], checker: Checker) -> object:
    """The photo's name in a task's link to it."""
    data = task.get("data", task)
    links = [value for value in data.values() if isinstance(value, str)] if isinstance(data, dict) else []
    link = next((value for value in links if PICTURE.search(value)), None)
    if link is None:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:  # no address
        return link
    local = parse_qs(parts.query).get("d")
    path = local[0] if local else unquote(parts.path) if parts.scheme or link.startswith("/data/") else link
    last = path.rpartition("/")[2]
    if not UPLOADED.match(last) or checker.names is None:
        return last if checker.names is None and (parts.scheme or link.startswith("/")) else path.lstrip("/")
    try:
        return checker.names.find(path.lstrip("/"))
    except NoPhotoError:
        return last[len("00000000-") :]


def _size(results: Sequence[Any]) -> tuple[object, object] | None:
    for one in results:
        if isinstance(one, dict) and "original_width" in one and "original_height" in one:
            return one["original_width"], one["original_height"]
    return None


def _box(result: Any, where: Where) -> Box:
    if not isinstance(result, dict):
        return Box(where, fault=Fault(Kind.FORMAT, "result", "isn't an object"))
    value = result.get("value", result)
    if not isinstance(value, dict):
        return Box(where, fault=Fault(Kind.FORMAT, "value", "isn't an object"))
    names = next((value[key] for key in LABELS if isinstance(value.get(key), list)), None)
    if names is None or len(names) != 1:
        said = "no label" if not names else f"{len(names)} labels"
        words = f"{shown(str(result.get('type', 'a shape')))} with {said} isn't one object"
        return Box(where, fault=Fault(Kind.CLASS, "labels", words))
    try:
        sides = _sides(value, result)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        return Box(where, fault=Fault(Kind.NUMBER, "value", "isn't a rectangle, ellipse or polygon"))
    return Box(where, names[0], sides)


def _sides(value: dict[str, Any], result: dict[str, Any]) -> tuple[object, object, object, object]:
    if "points" in value:
        return files.around(list(files.points(value["points"])))
    x, y = files.number(value["x"]), files.number(value["y"])
    if "radiusX" in value:
        across, down = files.number(value["radiusX"]), files.number(value["radiusY"])
        return x - across, y - down, x + across, y + down
    width, height = files.number(value["width"]), files.number(value["height"])
    degrees = files.number(value.get("rotation") or 0)
    if not degrees:
        return x, y, x + width, y + height
    # It is turned around its upper left corner, and in pixels: percent of a photo that isn't square can't be turned.
    across, down = (files.number(result[key]) / 100 for key in ("original_width", "original_height"))
    width, height = width * across, height * down
    angle = math.radians(degrees)
    middle_x = x * across + (width * math.cos(angle) - height * math.sin(angle)) / 2
    middle_y = y * down + (width * math.sin(angle) + height * math.cos(angle)) / 2
    xmin, ymin, xmax, ymax = upright(middle_x, middle_y, width, height, degrees)
    return xmin / across, ymin / down, xmax / across, ymax / down


def write(found: Annotations, path: Path) -> None:
    """Write photos as tasks that Label Studio imports, and `read` reads."""
    path.write_text(json.dumps(list(_tasks(found)), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _tasks(found: Annotations) -> Iterator[dict[str, Any]]:
    for number, photo in enumerate(found.photos, 1):
        size = {"original_width": photo.width, "original_height": photo.height, "image_rotation": 0}
        results = [
            {
                "id": f"{number}-{place}",
                "type": "rectanglelabels",
                "from_name": "label",
                "to_name": "image",
                **size,
                "value": {
                    "x": item.xmin / photo.width * 100,
                    "y": item.ymin / photo.height * 100,
                    "width": (item.xmax - item.xmin) / photo.width * 100,
                    "height": (item.ymax - item.ymin) / photo.height * 100,
                    "rotation": 0,
                    "rectanglelabels": [item.name],
                },
            }
            for place, item in enumerate(photo.objects, 1)
        ]
        yield {"id": number, "data": {"image": photo.filename}, "annotations": [{"result": results}]}
