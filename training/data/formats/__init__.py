"""Annotations in any of ten formats, recognised by what stands in them, read into one typed form, checked, written.

===========  ============================================  ==================================
format       recognised by                                 see
===========  ============================================  ==================================
csv          any file that is none of the others           `csv_file`
voc          XML files whose root is ``annotation``        `pascal_voc`
coco         JSON with ``images`` and ``annotations``      `coco`
yolo         ``data.yaml`` with ``.txt`` files             `yolo`
cvat         XML whose root is ``annotations``             `cvat`
labelme      JSON files with ``shapes``                    `labelme`
labelstudio  JSON: a list of tasks                         `label_studio`
createml     JSON: a list of images                        `create_ml` (only read)
via          JSON: a table of photos with ``regions``      `via` (only read)
svhn         ``.mat``, or a folder with a digitStruct.mat  `digit_struct` (only read)
===========  ============================================  ==================================

A folder that holds a file per split, as Roboflow exports them, is read as one set. Datumaro and supervision read these
formats, too, but name neither row nor element of a fault, so the readers are our own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data import pictures
from training.data.folder import walk
from training.data.formats import (
    coco,
    create_ml,
    csv_file,
    cvat,
    digit_struct,
    exports,
    label_studio,
    labelme,
    pascal_voc,
    readings,
    via,
    yolo,
)
from training.data.formats.boxes import Boxes
from training.data.formats.checking import MENDED, Checker
from training.data.formats.csv_file import read_groups, write_rows
from training.data.formats.entries import GroupOf
from training.data.formats.files import LabelFile
from training.data.formats.readings import Reading
from training.data.formats.recognition import recognise
from training.data.labels import Annotations, LabelledObject, Photo
from training.data.naming import Names
from training.errors import AnnotationError

__all__ = [
    "FORMATS",
    "MENDED",
    "WRITABLE",
    "Annotations",
    "GroupOf",
    "LabelledObject",
    "Photo",
    "lost",
    "read",
    "read_csv",
    "read_groups",
    "write",
    "write_rows",
]


@dataclass(frozen=True)
class _Format:
    fields: Mapping[str, str]
    read: Callable[[Sequence[LabelFile], Checker], None] | None = None
    """None for YOLO, whose reader wants the folder"""
    write: Callable[[Annotations, Path], None] | None = None
    suffix: str = ""
    holds: frozenset[str] = frozenset()
    """what of `_contents` it can hold"""
    reading: Reading = readings.PLAIN
    """how the numbers of its boxes are meant"""
    cuts: bool = False
    """boxes that hang over the photo's edge belong to the data set, and are cut there"""


POLYGONS, ATTRIBUTES, UNUSED, GROUPS, COCOS = (
    "polygons",
    "attributes of objects",
    "classes without an object",
    "groups of photos",
    "ids and other fields of COCO",
)
FORMATS = {
    "csv": _Format(csv_file.FIELDS, csv_file.read, csv_file.write, ".csv", frozenset({GROUPS})),
    "voc": _Format(pascal_voc.FIELDS, pascal_voc.read, pascal_voc.write, holds=frozenset({GROUPS, ATTRIBUTES})),
    "coco": _Format(
        coco.FIELDS,
        coco.read,
        coco.write,
        ".json",
        frozenset({POLYGONS, ATTRIBUTES, UNUSED, GROUPS, COCOS}),
        Reading(readings.SIZED),
    ),
    "yolo": _Format(yolo.FIELDS, write=yolo.write, holds=frozenset({UNUSED}), reading=Reading(readings.CENTRED, 1)),
    "cvat": _Format(cvat.FIELDS, cvat.read, cvat.write, ".xml", frozenset({ATTRIBUTES, UNUSED})),
    "labelme": _Format(labelme.FIELDS, labelme.read, labelme.write, holds=frozenset()),
    "labelstudio": _Format(
        label_studio.FIELDS,
        label_studio.read,
        label_studio.write,
        ".json",
        reading=Reading(readings.SIZED, 100),
    ),
    "createml": _Format(create_ml.FIELDS, create_ml.read, reading=Reading(readings.CENTRED)),
    "via": _Format(via.FIELDS, via.read, reading=Reading(readings.SIZED)),
    "svhn": _Format(digit_struct.FIELDS, digit_struct.read, reading=Reading(readings.SIZED), cuts=True),
}
WRITABLE = tuple(name for name, known in FORMATS.items() if known.write)


def read(
    path: Path,
    images: Path | None = None,
    classes: Collection[str] | None = None,
    groups: Path | None = None,
    skip_bad: bool = False,
    keep: bool = False,
    as_exported: bool = False,
) -> Annotations:
    """Read and check annotations of any format.

    Args:
        path: a file, or a folder of them
        images: folder of photos: names are matched with its files, and sizes that labels leave out are taken from them
        classes: names that may occur; any where None
        groups: CSV file ``filename,group``; where absent the format's own group or the file name is the group
        skip_bad: leave bad entries out and list them instead of refusing the file
        keep: keep what other formats may hold, and training doesn't need: polygons, attributes, ids
        as_exported: photos stay in the split that an export has put them into

    Raises:
        AnnotationError: with one finding per fault, each naming file, element and field
    """
    found = recognise(path)
    known = FORMATS[found.name]
    checker = Checker(
        classes,
        read_groups(groups) if groups else (),
        None if images is None else lambda filename: pictures.size(images / filename),
        known.fields,
        keep,
        None if images is None else Names(walk(images)),
        Boxes(known.reading, known.cuts),
    )
    if found.folder:
        checker.notes += found.folder.notes()
    if checker.names and (found.folder is None or found.folder.root != checker.names.folder.root):
        checker.notes += checker.names.folder.notes()
    if known.read:
        known.read(found.chosen, checker)
    elif found.folder:
        yolo.read(found.folder, found.chosen, checker, None if path.is_dir() else path.name)
    exports.arrange(checker, as_exported)
    return checker.result(path, skip_bad)


def read_csv(path: Path, classes: Collection[str] | None = None) -> Annotations:
    """Read the canonical CSV that steps exchange. Raises AnnotationError."""
    checker = Checker(classes)
    csv_file.read([LabelFile(path, path.name)], checker)
    return checker.result(path, skip_bad=False)


def write(found: Annotations | Iterable[Photo], path: Path, name: str) -> Path:
    """Write photos in a format of `WRITABLE` as ``path`` with the format's suffix; returns what was written.

    Raises:
        AnnotationError: where the format can't hold a name
    """
    known = FORMATS[name]
    if known.write is None:
        raise AnnotationError(f"{name} can't be written; choose one of {', '.join(WRITABLE)}")
    place = path.with_name(path.name + known.suffix)
    known.write(found if isinstance(found, Annotations) else Annotations(list(found), []), place)
    return place


def lost(found: Annotations, name: str) -> list[str]:
    """What of labels a format can't hold, each with its number."""
    counts = Counter(_contents(found))
    return [
        f"{count:,} {what} can't be written as {name}"
        for what, count in counts.items()
        if what not in FORMATS[name].holds
    ]


def _contents(found: Annotations) -> Iterator[str]:
    for photo in found.photos:
        if photo.group != photo.filename:
            yield GROUPS
        if photo.extra:
            yield COCOS
        for item in photo.objects:
            extra = item.extra or {}
            for key, what in (("polygons", POLYGONS), ("attributes", ATTRIBUTES), ("coco", COCOS)):
                if extra.get(key):
                    yield what
    occurring = {item.name for photo in found.photos for item in photo.objects}
    for _ in found.declared.keys() - occurring:
        yield UNUSED
