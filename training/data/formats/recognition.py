"""Which format labels are in: by what stands in them, not by what they are called.

A folder may hold a file per photo, a file per split as Roboflow exports them, or one file among the photos.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from training.data import folder
from training.data.folder import Folder
from training.data.formats import (
    coco,
    create_ml,
    csv_file,
    cvat,
    digit_struct,
    files,
    label_studio,
    labelme,
    table,
    via,
    yolo,
)
from training.data.formats.files import LabelFile
from training.errors import AnnotationError
from training.findings import shown

JSON: dict[str, Callable[[object], bool]] = {
    "coco": coco.is_coco,
    "labelme": labelme.is_labelme,
    "labelstudio": label_studio.is_label_studio,
    "createml": create_ml.is_create_ml,
    "via": via.is_via,
}
"""Forms of JSON, and what tells them."""
PER_PHOTO = ("voc", "labelme")
"""Formats with a file for each photo: the others of its ending are the reader's to judge."""
FOREIGN = {
    **dict.fromkeys((".names", ".data"), "says what Darknet's classes are; name the folder of its .txt files instead"),
    **dict.fromkeys(
        (".tfrecord", ".tfrecords", ".record", ".records"),
        "photos and labels that TensorFlow has packed; name the labels that they were packed from",
    ),
    **dict.fromkeys(
        (".jsonl", ".ndjson", ".manifest"),
        "JSON with an element in each row, which isn't known; export COCO, or the CSV that docs/labels.md describes",
    ),
}
"""What other programs' files are, by their ending, and what to do."""
SNIFFED = 64
"""Bytes that tell JSON and XML whatever a file is called."""
CALLED = ("label", "annotation", "data.y", "instances")
"""How labels beside photos are called, in small letters."""
ENDINGS = (".csv", ".tsv", ".json", ".xml", ".mat")
LOOKED = 25
"""JSON files of a folder that are read to find one with labels."""


class Recognised(NamedTuple):
    """Labels, and the folder that they are in, if they aren't one file."""

    name: str
    chosen: list[LabelFile]
    folder: Folder | None = None


def recognise(path: Path) -> Recognised:
    """The format of labels, and their files.

    Raises:
        AnnotationError: where it is none that is known, or a folder holds several
    """
    if path.is_dir():
        return _in_folder(path)
    ending, start = path.suffix.lower(), _start(path)
    if ending in (".yaml", ".yml"):
        yolo.check_names(path)
        return _in_folder(path.parent, only="yolo")
    if ending in FOREIGN:
        raise AnnotationError(f"{path}: {FOREIGN[ending]}")
    if ending == ".json" or start in (b"{", b"["):
        name, file = _of_json(LabelFile(path, path.name))
        if name is None:
            raise AnnotationError(
                f"{path}: JSON of a form that isn't known; known are COCO (images, annotations, categories), LabelMe "
                "(shapes), VIA (regions), and Label Studio's and Create ML's lists. Export it in one of these forms"
            )
        return Recognised(name, [file])
    return Recognised(_of_file(path, ending, start), [LabelFile(path, path.name)])


def _start(path: Path) -> bytes:
    """The first sign of a file that isn't blank."""
    try:
        with path.open("rb") as file:
            return file.read(SNIFFED).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    except OSError:
        return b""


def _of_file(path: Path, ending: str, start: bytes) -> str:
    if ending == ".mat":
        return "svhn"
    if ending == ".xml" or start == b"<":
        return "cvat" if files.root_tag(path) == cvat.ROOT else "voc"
    if ending == ".txt" and yolo.is_rows(path):
        raise AnnotationError(f"{path}: labels of one photo in YOLO's form; name the folder of all of them")
    return "csv"


def _of_json(file: LabelFile) -> tuple[str | None, LabelFile]:
    """The form of a JSON file, and the file with its content."""
    document = files.load_json(file.path)
    name = next((name for name, tells in JSON.items() if tells(document)), None)
    return name, replace(file, document=document)


def _in_folder(path: Path, only: str | None = None) -> Recognised:
    inside = path / digit_struct.FILE
    if inside.is_file() and only is None:
        return Recognised("svhn", [LabelFile(inside, inside.name)])
    found = folder.walk(path)
    kinds = dict(_kinds(found))
    if only:
        kinds = {name: chosen for name, chosen in kinds.items() if name == only}
    if not kinds:
        raise AnnotationError(
            f"{path}: holds no labels that are known: no XML file of Pascal VOC or CVAT, no JSON of COCO, Label Studio "
            f"or LabelMe, no CSV with a header, no data.yaml with YOLO's .txt, and no {digit_struct.FILE}. Name them "
            f"with --annotations{_candidates(path)}"
        )
    if len(kinds) > 1:
        said = ", ".join(f"{name} ({shown(chosen[0].name)})" for name, chosen in kinds.items())
        raise AnnotationError(f"{path}: holds labels in several formats: {said}; name the file or folder of one")
    ((name, chosen),) = kinds.items()
    return Recognised(name, chosen, found)


def _candidates(path: Path) -> str:
    """What beside a folder may hold its labels: words to end a sentence with."""
    try:
        beside = sorted(path.resolve().parent.iterdir())
    except OSError:
        return ""
    found = [one for one in beside if one.name.lower().lstrip("_").startswith(CALLED)]
    found += [one for one in beside if one.suffix.lower() in ENDINGS]
    return f": {found[0]}, perhaps" if found else ""


def _kinds(found: Folder) -> Iterator[tuple[str, list[LabelFile]]]:
    """The formats of a folder with their files."""

    def all_of(*endings: str) -> list[LabelFile]:
        return [LabelFile(found.root / name, name) for name in found.with_ending(*endings)]

    xml = all_of(".xml")
    roots = {file.name: files.root_tag(file.path) for file in xml[:LOOKED]}
    tracks = [file for file in xml if roots.get(file.name) == cvat.ROOT]
    if tracks:
        yield "cvat", tracks
    elif xml:
        yield "voc", xml
    yield from _json(all_of(".json"))
    tables = [file for file in all_of(".csv", ".tsv") if _is_table(file.path)]
    if tables:
        yield "csv", tables
    if rows := yolo.find(found):
        yield "yolo", rows


def _json(every: list[LabelFile]) -> Iterator[tuple[str, list[LabelFile]]]:
    kinds: dict[str, list[LabelFile]] = {}
    for file in every[:LOOKED]:
        try:
            name, read = _of_json(file)
        except AnnotationError:
            continue
        if name in PER_PHOTO:
            yield name, every
            return
        if name:
            kinds.setdefault(name, []).append(read)
    yield from kinds.items()


def _is_table(path: Path) -> bool:
    try:
        lines = table.lines_of(table.decoded(path)[0])
    except AnnotationError:
        return False
    return csv_file.heads(next((line for line in lines if line.strip()), "")) is not None
