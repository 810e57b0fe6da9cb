"""CVAT's own XML, "CVAT for images": ``annotations/image`` with ``box`` (xtl, ytl, xbr, ybr) and ``polygon``.

https://docs.cvat.ai/docs/manual/advanced/xml_format/. A turned box is the upright one around it; so is a polygon's or
an ellipse's. Lines and points have no box, and tracks belong to videos.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.data.formats import files
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault, text
from training.data.formats.files import XML_FAULTS, LabelFile
from training.data.formats.pascal_voc import check_words
from training.data.labels import Annotations
from training.errors import AnnotationError
from training.findings import Kind, Where

ROOT = "annotations"
FIELDS = {"filename": "name", "class": "label", "xmin": "xtl", "ymin": "ytl", "xmax": "xbr", "ymax": "ybr"}
BOXLESS = ("polyline", "points", "mask", "cuboid", "skeleton")


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the images of files to ``checker``. Raises AnnotationError."""
    for file in chosen:
        try:
            root = ElementTree.parse(file.path).getroot()
        except XML_FAULTS as error:
            raise AnnotationError(f"{file.path}: can't be read as XML: {error}") from error
        if root.find("track") is not None:
            raise AnnotationError(f'{file.path}: tracks of a video; export it from CVAT as "CVAT for images"')
        for label in root.iter("label"):
            if name := label.findtext("name"):
                checker.declared.setdefault(name.strip(), {})
        for number, image in enumerate(root.iterfind("image")):
            element = f"image {image.get('id', str(number))}"
            shapes = [shape for shape in image if shape.tag != "tag"]
            boxes = [
                _box(shape, file.at(f"{element} {shape.tag} {place}"), checker.keep)
                for place, shape in enumerate(shapes, 1)
            ]
            size = (image.get("width"), image.get("height"))
            checker.add(Entry(file.at(element), image.get("name"), size, boxes, within=file.within))


def _box(shape: ElementTree.Element, where: Where, keep: bool) -> Box:
    if shape.tag in BOXLESS:
        return Box(where, fault=Fault(Kind.FORMAT, shape.tag, "isn't a box, polygon or ellipse"))
    extra: dict[str, Any] = {}
    try:
        if shape.tag == "box":
            sides = _turned(shape)
        elif shape.tag == "polygon":
            corners = list(files.points(pair.split(",") for pair in shape.get("points", "").split(";")))
            sides = files.around(corners)
            extra["polygons"] = [[value for corner in corners for value in corner]]
        elif shape.tag == "ellipse":
            x, y, across, down = (files.number(shape.get(key)) for key in ("cx", "cy", "rx", "ry"))
            sides = (x - across, y - down, x + across, y + down)
        else:
            return Box(where, fault=Fault(Kind.FORMAT, shape.tag, "isn't a box, polygon or ellipse"))
    except (ValueError, TypeError):
        return Box(where, fault=Fault(Kind.NUMBER, shape.tag, f"{dict(shape.attrib)} has no numbers for a box"))
    if keep:
        extra["attributes"] = {one.get("name", ""): one.text or "" for one in shape.iterfind("attribute")}
        if shape.get("occluded") == "1":
            extra["attributes"]["occluded"] = "1"
    return Box(where, shape.get("label"), sides, extra={key: value for key, value in extra.items() if value and keep})


def _turned(shape: ElementTree.Element) -> tuple[object, object, object, object]:
    sides = tuple(shape.get(key) for key in ("xtl", "ytl", "xbr", "ybr"))
    degrees = files.number(shape.get("rotation") or 0)
    if not degrees:
        return sides[0], sides[1], sides[2], sides[3]
    xmin, ymin, xmax, ymax = map(files.number, sides)
    return upright((xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin, degrees)


def upright(x: float, y: float, width: float, height: float, degrees: float) -> tuple[float, float, float, float]:
    """The box around one that is turned about its middle."""
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    across, down = (width * cosine + height * sine) / 2, (width * sine + height * cosine) / 2
    return x - across, y - down, x + across, y + down


def write(found: Annotations, path: Path) -> None:
    """Write photos as a file that `read` reads. Raises AnnotationError for a name that XML can't hold."""
    root = ElementTree.Element(ROOT)
    ElementTree.SubElement(root, "version").text = "1.1"
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    occurring = {item.name for photo in found.photos for item in photo.objects}
    for name in [*found.declared, *sorted(occurring - found.declared.keys())]:
        ElementTree.SubElement(ElementTree.SubElement(labels, "label"), "name").text = name
    for number, photo in enumerate(found.photos):
        check_words(photo)
        size = {"width": str(photo.width), "height": str(photo.height)}
        image = ElementTree.SubElement(root, "image", {"id": str(number), "name": photo.filename, **size})
        for item in photo.objects:
            attributes = dict((item.extra or {}).get("attributes", {}))
            corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(text, item.sides), strict=True))
            occluded = "1" if str(attributes.pop("occluded", "0")).lower() in ("1", "true") else "0"
            box = ElementTree.SubElement(
                image, "box", {"label": item.name, "source": "manual", "occluded": occluded, **corners}
            )
            for name, value in attributes.items():
                ElementTree.SubElement(box, "attribute", {"name": name}).text = str(value)
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree)
    tree.write(path, "utf-8", xml_declaration=True)
