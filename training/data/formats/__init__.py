"""Annotations in any of four formats, recognised by their file, read into one typed form, checked, and written.

========  ==============================================  ==========================
format    recognised by                                   see
========  ==============================================  ==========================
csv       any file that is none of the others             `csv_file`
voc       a folder of XML files                           `pascal_voc`
coco      ``.json``                                       `coco`
svhn      ``.mat``, or a folder with a digitStruct.mat    `digit_struct` (only read)
========  ==============================================  ==========================
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.data.formats import coco, csv_file, digit_struct, pascal_voc
from training.data.formats.checking import Checker
from training.data.formats.csv_file import read_groups, write_rows
from training.data.labels import Annotations, LabelledObject, Photo
from training.data.photos import size
from training.errors import AnnotationError

__all__ = [
    "WRITABLE",
    "Annotations",
    "LabelledObject",
    "Photo",
    "read",
    "read_csv",
    "read_groups",
    "write",
    "write_rows",
]


@dataclass(frozen=True)
class _Format:
    read: Callable[[Path, Checker], None]
    fields: Mapping[str, str]
    write: Callable[[Iterable[Photo], Path], None] | None = None
    suffix: str = ""
    cuts: bool = False
    """boxes that hang over the photo's edge belong to the data set, and are cut there"""


FORMATS = {
    "csv": _Format(csv_file.read, csv_file.FIELDS, csv_file.write, ".csv"),
    "voc": _Format(pascal_voc.read, pascal_voc.FIELDS, pascal_voc.write),
    "coco": _Format(coco.read, coco.FIELDS, coco.write, ".json"),
    "svhn": _Format(digit_struct.read, digit_struct.FIELDS, cuts=True),
}
WRITABLE = tuple(name for name, known in FORMATS.items() if known.write)


def recognise(path: Path) -> tuple[str, Path]:
    """The format of annotations, and the file or folder that holds them."""
    if path.is_dir():
        inside = path / digit_struct.FILE
        return ("svhn", inside) if inside.is_file() else ("voc", path)
    return {".json": "coco", ".mat": "svhn"}.get(path.suffix.lower(), "csv"), path


def read(
    path: Path,
    images: Path | None = None,
    classes: Collection[str] | None = None,
    groups: Path | None = None,
    skip_bad: bool = False,
) -> Annotations:
    """Read and check annotations of any format.

    Args:
        path: a file, or a folder of XML files
        images: folder of photos, for formats that may leave their sizes out
        classes: names that may occur; any where None
        groups: CSV file ``filename,group``; where absent the format's own group or the file name is the group
        skip_bad: leave bad entries out and list them instead of refusing the file

    Raises:
        AnnotationError: with one finding per fault, each naming file, element and field
    """
    name, file = recognise(path)
    known = FORMATS[name]
    checker = Checker(
        classes,
        read_groups(groups) if groups else {},
        None if images is None else lambda filename: size(images, filename),
        known.fields,
        known.cuts,
    )
    known.read(file, checker)
    return checker.result(path, skip_bad)


def read_csv(path: Path, classes: Collection[str] | None = None) -> Annotations:
    """Read the canonical CSV that steps exchange. Raises AnnotationError."""
    checker = Checker(classes)
    csv_file.read(path, checker)
    return checker.result(path, skip_bad=False)


def write(photos: Iterable[Photo], path: Path, name: str) -> Path:
    """Write photos in a format of `WRITABLE` as ``path`` with the format's suffix; returns what was written.

    Raises:
        AnnotationError: where the format can't hold a name
    """
    known = FORMATS[name]
    if known.write is None:
        raise AnnotationError(f"{name} can't be written; choose one of {', '.join(WRITABLE)}")
    place = path.with_name(path.name + known.suffix)
    known.write(photos, place)
    return place
