"""YOLO: a ``.txt`` file per photo, and ``data.yaml``, ``classes.txt`` or ``obj.names`` with the names of the classes.

https://docs.ultralytics.com/datasets/detect/. A row is ``class x y width height``: the number of a class from 0, the
middle of the box and its sides, as shares of the photo. A row with more numbers is a polygon, whose box is taken; where
``data.yaml`` has a ``kpt_shape``, they are points of a pose, and the box stands before them. The photo of
``labels/a.txt`` is ``images/a.jpg``, or lies beside it. An empty file says that there is nothing on its photo.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from training import command
from training.data.folder import Folder
from training.data.formats import files, readings, table
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault, text
from training.data.formats.files import LabelFile
from training.data.formats.pascal_voc import own_files
from training.data.labels import Annotations, LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Kind, Where, shown

FIELDS = {"xmin": "x - width / 2", "ymin": "y - height / 2", "xmax": "x + width / 2", "ymax": "y + height / 2"}
LABELS = "labels"
"""The folder of labels, beside that of photos."""
DARKNETS = "obj.names"
LISTS = ("classes.txt", DARKNETS, "_darknet.labels", "labels.txt")
"""Files of one class a line."""
ROW = re.compile(r"\s*\d+(\.0*)?(\s+[-+.\deE]+){4,}\s*")
MOST = 100_000
"""Classes that nobody has."""
LONGEST = 120
"""Signs of a row that a message shows."""
LOOKED = 50
"""Files of text that are looked into before a folder is said not to be YOLO's."""


def find(folder: Folder) -> list[LabelFile]:
    """The label files of a folder in YOLO's form; none if it isn't one."""
    lists = {"requirements.txt", "readme.txt", "notes.txt", *LISTS}
    found = [
        LabelFile(folder.root / name, name)
        for name in folder.with_ending(".txt")
        if PurePosixPath(name).name.lower() not in lists and not PurePosixPath(name).name.lower().startswith("readme")
    ]
    has_names = any(_names_in(place) for place in (folder, *_above(folder.root)))
    in_labels = [file for file in found if LABELS in file.name.split("/")[:-1]]
    chosen = in_labels or found
    return chosen if chosen and (has_names or any(is_rows(file.path) for file in chosen[:LOOKED])) else []


def is_rows(path: Path) -> bool:
    """Whether a file begins with a row of YOLO's."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return ROW.fullmatch(file.readline().rstrip("\n")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _yamls(folder: Folder, named: str | None = None) -> Iterator[tuple[str, Any]]:
    """The data.yaml of a folder, whatever they are called, and what each holds; the upper ones first."""
    every = sorted(folder.with_ending(".yaml", ".yml"), key=lambda name: name.count("/"))
    for name in [named] if named else every:
        try:
            document = yaml.safe_load((folder.root / name).read_text("utf-8-sig"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            continue
        if isinstance(document, dict) and "names" in document:
            yield name, document


def classes(folder: Folder, named: str | None = None) -> list[str]:
    """The names of the classes, by number, as the YAML file ``named`` has them, or else the only ones of the folder.

    A folder of labels has them above it, as Ultralytics and Darknet lay them out.

    Raises:
        AnnotationError: where no file says them, or two say different ones
    """
    for place in (folder, *_above(folder.root)):
        if (found := _classes_in(place, named)) is not None:
            return found
    raise AnnotationError(
        f"{folder.root}: labels in YOLO's form, but no file in it or above names the classes; write data.yaml with "
        "`names: [first, second]` beside them"
    )


def _classes_in(folder: Folder, named: str | None) -> list[str] | None:
    every = {file: _by_number(document["names"]) for file, document in _yamls(folder, named)}
    if said := [(file, names) for file, names in every.items() if names is not None]:
        first, found = said[0]
        for other, names in said[1:]:
            if names != found:
                raise AnnotationError(
                    f"{folder.root}: {shown(first)} and {shown(other)} name the classes differently; name the right "
                    "one with --annotations, or remove the other"
                )
        return found
    if every:
        raise AnnotationError(f"{folder.root / next(iter(every))}, names: neither a list nor numbers with their names")
    for file in _lists(folder):
        return [line.strip() for line in table.lines_of(table.decoded(folder.root / file)[0])]
    return None


def _names_in(folder: Folder) -> bool:
    return any(_yamls(folder)) or any(_lists(folder))


def _lists(folder: Folder) -> Iterator[str]:
    """Files of one class a line, the best known first."""
    for wanted in LISTS:
        yield from (file for file in folder.files if PurePosixPath(file).name == wanted)


def _above(root: Path) -> list[Folder]:
    """The folders above one called ``labels``, or in such a one: what lies in them, without folders.

    Above any other folder a file of Darknet's, which can be nothing else, may name the classes.
    """
    is_labels = LABELS in root.resolve().parts[-2:]
    found = []
    for place in root.resolve().parents[: 2 if is_labels else 1]:
        with contextlib.suppress(OSError):
            files_there = sorted(entry.name for entry in os.scandir(place) if entry.is_file())
            found.append(Folder(place, [name for name in files_there if is_labels or name == DARKNETS]))
    return found


def check_names(path: Path) -> None:
    """Whether a YAML file names classes. Raises AnnotationError."""
    try:
        document = yaml.safe_load(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise AnnotationError(f"{path}: can't be read as YAML: {error}") from error
    if not isinstance(document, dict) or "names" not in document:
        raise AnnotationError(f"{path}: has no list of classes; write `names: [first, second]`")


def _by_number(names: Any) -> list[str] | None:
    """The names of a data.yaml as a list; None where they are neither a list nor numbers with their names."""
    if isinstance(names, dict) and all(str(number).isdecimal() and int(number) < MOST for number in names):
        by_number = {int(number): str(name) for number, name in names.items()}
        return [by_number.get(number, "") for number in range(max(by_number, default=-1) + 1)]
    return [str(name) for name in names] if isinstance(names, list) else None


def read(folder: Folder, chosen: Sequence[LabelFile], checker: Checker, named: str | None = None) -> None:
    """Give the label files to ``checker``, classes as ``classes`` has them. Raises AnnotationError."""
    names = classes(folder, named)
    checker.declared.update({name: {} for name in names})
    if checker.names is None:
        raise AnnotationError(f"{folder.root}: labels in YOLO's form need the folder of their photos")
    used: set[int] = set()
    is_pose = any("kpt_shape" in document for place in (folder, *_above(folder.root)) for _, document in _yamls(place))
    for file in command.progress(chosen, len(chosen), "label files"):
        try:
            content, _ = table.decoded(file.path)
        except AnnotationError as error:
            checker.reject(file.at(), Fault(Kind.FORMAT, "", error.message), _photo_of(file))
            continue
        boxes = [
            _box(line, names, used, file.at(f"row {number}"), checker.keep, is_pose)
            for number, line in enumerate(table.lines_of(content), 1)
            if line.strip()
        ]
        checker.add(Entry(file.at(), None, None, boxes, whole=1, stem=_photo_of(file)))
    if cause := readings.counted_otherwise(used, set(range(len(names)))):
        checker.causes.append(cause)


def _photo_of(file: LabelFile) -> str:
    """The photo's path without its ending: the last folder ``labels`` is ``images`` there."""
    parts = file.stem.split("/")
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == LABELS:
            parts[place] = "images"
            break
    return "/".join(parts)


def _box(line: str, names: Sequence[str], used: set[int], where: Where, keep: bool, is_pose: bool) -> Box:
    fields = line.split()
    try:
        number, *values = map(float, fields)
        if len(values) == 4 or (is_pose and len(values) > 4):
            x, y, width, height = values[:4]
            sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            polygon = None
        elif len(values) >= 6 and len(values) % 2 == 0:
            sides = files.around(list(zip(values[::2], values[1::2], strict=True)))
            polygon = values
        else:
            raise ValueError
    except ValueError:
        return Box(where, fault=Fault(Kind.FORMAT, "row", f"{shown(line[:LONGEST])} {_row_fault(fields)}"))
    if number % 1 == 0:
        used.add(int(number))
    if number % 1 or not 0 <= number < len(names) or not names[int(number)]:
        words = f"{fields[0]} is the number of no class: there are {len(names)}, counted from 0"
        return Box(where, fault=Fault(Kind.CLASS, "class", words))
    return Box(where, names[int(number)], sides, extra={"polygons": [polygon]} if keep and polygon else None)


def _row_fault(fields: Sequence[str]) -> str:
    """What is wrong with a row, in the likeliest way."""
    if len(fields) == 1 and "," in fields[0]:
        return "has commas between its numbers; YOLO's form has blanks"
    if len(fields) == 5 and not fields[0].replace(".", "").isdecimal():
        return "begins with no number; classes are counted from 0"
    if len(fields) == 6:
        return "has six numbers; the last may be a score: these are answers of a detector, not labels"
    return "isn't a class and four numbers, nor a class and the corners of a polygon"


def write(found: Annotations, path: Path) -> None:
    """Write photos into a new folder: ``data.yaml``, and ``labels/`` with a file for each photo.

    Raises:
        AnnotationError: where two photos would have the same file
    """
    occurring = {item.name for photo in found.photos for item in photo.objects}
    names = [*found.declared, *sorted(occurring - found.declared.keys())]
    numbers = {name: number for number, name in enumerate(names)}
    taken: dict[str, Photo] = {}
    for photo in found.photos:
        stem = PurePosixPath(photo.filename).with_suffix("").as_posix()
        if stem in taken:
            raise AnnotationError(
                f"{shown(taken[stem].filename)} and {shown(photo.filename)} would have one file {stem}.txt in YOLO's "
                "form; rename one of them"
            )
        taken[stem] = photo
    path.mkdir()
    document = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(names))}
    (path / "data.yaml").write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    for photo, name in own_files(found.photos, ".txt"):
        file = path / "labels" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{numbers[item.name]} {' '.join(_shares(item, photo))}\n" for item in photo.objects]
        file.write_text("".join(rows))


def _shares(item: LabelledObject, photo: Photo) -> list[str]:
    x, y = (item.xmin + item.xmax) / 2 / photo.width, (item.ymin + item.ymax) / 2 / photo.height
    width, height = (item.xmax - item.xmin) / photo.width, (item.ymax - item.ymin) / photo.height
    return [text(value) for value in (x, y, width, height)]
