"""Pascal VOC: XML files, one per photo, as labelImg, CVAT and Roboflow write them.

``annotation/filename``, ``size/width``, ``size/height``, and per ``object`` its ``name`` and ``bndbox``. Sides of boxes
are taken as they stand, as TensorFlow's tutorials do; the devkit's own counted pixels from 1. ``group`` is this
project's addition, which other readers pass over. A file that names one photo and is called like another is at fault.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from training import command
from training.data.formats.checking import Checker
from training.data.formats.entries import SIDES, Box, Entry, Fault, text
from training.data.formats.files import XML_FAULTS, LabelFile
from training.data.labels import Annotations, Photo
from training.errors import AnnotationError
from training.findings import Kind, Where, shown

FIELDS = {
    "width": "size/width",
    "height": "size/height",
    "class": "name",
    **{side: f"bndbox/{side}" for side in SIDES},
}
FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (carriage return would come back as a line feed)."""
ATTRIBUTES = ("pose", "truncated", "difficult", "occluded")


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give XML files to ``checker``. Raises AnnotationError."""
    for file in command.progress(chosen, len(chosen), "label files"):
        where = file.at()
        try:
            root = ElementTree.parse(file.path).getroot()
        except XML_FAULTS as error:
            checker.reject(where, Fault(Kind.FORMAT, "annotation", f"can't be read as XML: {error}"), file.stem)
            continue
        if root.tag != "annotation":
            checker.reject(where, Fault(Kind.FORMAT, "annotation", f"the file's root is {root.tag}"), file.stem)
            continue
        boxes = [
            _box(item, where.at(f"object {number}"), checker.keep) for number, item in enumerate(root.iter("object"), 1)
        ]
        said = root.find("size") is not None
        size = (root.findtext("size/width"), root.findtext("size/height")) if said else None
        group = _line(root.findtext("group"))
        name = _line(root.findtext("filename")) or None
        checker.add(Entry(where, name, size, boxes, group, within=file.within, stem=file.stem))


def _line(words: str | None) -> str | None:
    """Text in one line: editors break lines around it."""
    return words.strip() if words and "\n" in words else words


def _box(item: ElementTree.Element, where: Where, keep: bool) -> Box:
    xmin, ymin, xmax, ymax = (item.findtext(f"bndbox/{side}") for side in SIDES)
    return Box(where, item.findtext("name"), (xmin, ymin, xmax, ymax), extra=_extra(item) if keep else None)


def _extra(item: ElementTree.Element) -> dict[str, Any]:
    attributes = {tag: value for tag in ATTRIBUTES if (value := item.findtext(tag)) is not None}
    for one in item.iterfind("attributes/attribute"):
        if name := one.findtext("name"):
            attributes[name] = one.findtext("value") or ""
    return {"attributes": attributes} if attributes else {}


def write(found: Annotations, path: Path) -> None:
    """Write photos into a new folder.

    A file is called like its photo, with ``.xml`` for the photo's ending, or after it where two photos differ in
    nothing else.

    Raises:
        AnnotationError: for a photo whose name XML can't hold
    """
    chosen = found.photos
    path.mkdir()
    for photo in chosen:
        check_words(photo)
    for photo, name in own_files(chosen, ".xml"):
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        tree = ElementTree.ElementTree(_annotation(photo))
        ElementTree.indent(tree)
        tree.write(file, "utf-8", xml_declaration=True)


def check_words(photo: Photo) -> None:
    """Whether XML can hold a photo's names. Raises AnnotationError."""
    for word in (photo.filename, photo.group, *(item.name for item in photo.objects)):
        if found := FORBIDDEN.search(word):
            where = str(photo.where) or shown(photo.filename)
            raise AnnotationError(f"{where}: XML can't hold {found[0]!r} in {shown(word)}")


def own_files(photos: Sequence[Photo], ending: str) -> Iterable[tuple[Photo, PurePosixPath]]:
    """Each photo with the name of a file of its own, which isn't hidden."""
    bare = [PurePosixPath(*map(_visible, PurePosixPath(photo.filename).parts)) for photo in photos]
    for names in (
        [name.with_suffix(ending) for name in bare],
        [PurePosixPath(f"{name}{ending}") for name in bare],
        [PurePosixPath(f"{name}-{number}{ending}") for number, name in enumerate(bare)],
    ):
        if len({str(name).lower() for name in names}) == len(names):
            return zip(photos, names, strict=True)
    raise AssertionError("numbers differ")


def _visible(part: str) -> str:
    return f"_{part}" if part.startswith((".", "~$")) else part


def _annotation(photo: Photo) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    _child(root, "filename", photo.filename)
    if photo.group != photo.filename:
        _child(root, "group", photo.group)
    size = _child(root, "size")
    for tag, value in (("width", photo.width), ("height", photo.height), ("depth", 3)):
        _child(size, tag, str(value))
    for item in photo.objects:
        element = _child(root, "object")
        _child(element, "name", item.name)
        _attributes(element, (item.extra or {}).get("attributes", {}))
        box = _child(element, "bndbox")
        for side in SIDES:
            _child(box, side, text(getattr(item, side)))
    return root


def _attributes(element: ElementTree.Element, attributes: Mapping[str, Any]) -> None:
    for tag in ATTRIBUTES:
        if tag in attributes:
            _child(element, tag, FORBIDDEN.sub("?", str(attributes[tag])))
    others = [name for name in attributes if name not in ATTRIBUTES]
    if others:
        parent = _child(element, "attributes")
        for name in others:
            one = _child(parent, "attribute")
            _child(one, "name", FORBIDDEN.sub("?", name))
            _child(one, "value", FORBIDDEN.sub("?", str(attributes[name])))


def _child(parent: ElementTree.Element, tag: str, content: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = content
    return child
