"""Pascal VOC: a folder of XML files, one per photo, as labelImg and CVAT write them.

``annotation/filename``, ``size/width``, ``size/height``, and per ``object`` its ``name`` and ``bndbox``. Sides of boxes
are taken as they stand, as TensorFlow's tutorials do; the devkit's own counted pixels from 1. ``group`` is this
project's addition, which other readers pass over.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from training import command
from training.data.formats.checking import SIDES, Box, Checker, Entry, Fault, text
from training.data.labels import Photo
from training.errors import AnnotationError
from training.findings import Kind, Where

FIELDS = {
    "width": "size/width",
    "height": "size/height",
    "class": "name",
    **{side: f"bndbox/{side}" for side in SIDES},
}
FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (carriage return would come back as a line feed)."""


def read(path: Path, checker: Checker) -> None:
    """Give all XML files below a folder to ``checker``. Raises AnnotationError."""
    files = sorted(file for file in path.rglob("*.xml") if file.is_file())
    if not files:
        raise AnnotationError(f"{path}: holds no XML file of Pascal VOC, and no digitStruct.mat")
    for file in command.progress(files, len(files), "label files"):
        where = Where(file.relative_to(path).as_posix())
        try:
            root = ElementTree.parse(file).getroot()
        except (OSError, ElementTree.ParseError, UnicodeDecodeError, LookupError, ValueError) as error:
            checker.reject(where, Fault(Kind.FORMAT, "annotation", f"can't be read as XML: {error}"))
            continue
        if root.tag != "annotation":
            checker.reject(where, Fault(Kind.FORMAT, "annotation", f"the file's root is {root.tag}"))
            continue
        boxes = [_box(item, where.at(f"object {number}")) for number, item in enumerate(root.iter("object"), 1)]
        said = root.find("size") is not None
        size = (root.findtext("size/width"), root.findtext("size/height")) if said else None
        checker.add(Entry(where, root.findtext("filename"), size, boxes, root.findtext("group")))


def _box(item: ElementTree.Element, where: Where) -> Box:
    xmin, ymin, xmax, ymax = (item.findtext(f"bndbox/{side}") for side in SIDES)
    return Box(where, item.findtext("name"), (xmin, ymin, xmax, ymax))


def write(photos: Iterable[Photo], path: Path) -> None:
    """Write photos into a new folder.

    A file is called like its photo, with ``.xml`` for the photo's ending, or after it where two photos differ in
    nothing else.

    Raises:
        AnnotationError: for a photo whose name XML can't hold
    """
    chosen = list(photos)
    path.mkdir()
    stems = Counter(PurePosixPath(photo.filename).with_suffix("").as_posix().lower() for photo in chosen)
    unique = max(stems.values(), default=0) < 2
    for photo in chosen:
        for word in (photo.filename, photo.group, *(item.name for item in photo.objects)):
            if found := FORBIDDEN.search(word):
                raise AnnotationError(f"{photo.where or photo.filename}: XML can't hold {found[0]!r} in {word!r}")
        name = PurePosixPath(photo.filename)
        file = path / (name.with_suffix(".xml") if unique else PurePosixPath(f"{name}.xml"))
        file.parent.mkdir(parents=True, exist_ok=True)
        tree = ElementTree.ElementTree(_annotation(photo))
        ElementTree.indent(tree)
        tree.write(file, "utf-8", xml_declaration=True)


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
        box = _child(element, "bndbox")
        for side in SIDES:
            _child(box, side, text(getattr(item, side)))
    return root


def _child(parent: ElementTree.Element, tag: str, content: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = content
    return child
