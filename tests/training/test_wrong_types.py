"""Whatever stands where something else should, in any format: findings, a refusal, or labels; nothing else."""

from __future__ import annotations

import copy
import json
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from training.data import formats
from training.data.labels import Annotations, LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Finding

ODD: tuple[Any, ...] = (
    None,
    True,
    5,
    -1,
    0.5,
    float("inf"),
    10**400,
    "",
    "x",
    "\ud800",
    [],
    [None],
    [[1, 2]],
    {},
    {"a": 1},
)
"""Values that may stand anywhere."""
PHOTOS = [
    Photo("a.jpg", 40, 30, "a.jpg", [LabelledObject("cat", 1, 2, 9, 20), LabelledObject("dog", 5, 5, 12, 25)]),
    Photo("b.jpg", 40, 30, "b.jpg", [LabelledObject("cat", 3, 3, 30, 28)]),
    Photo("c.jpg", 40, 30, "c.jpg"),
]
Path_ = tuple[Any, ...]


def read(file: Path, images: Path) -> None:
    for keep in (False, True):
        try:
            found = formats.read(file, images, skip_bad=True, keep=keep)
        except AnnotationError as error:
            str(error).encode("utf-8", "backslashreplace")
            continue
        assert isinstance(found, Annotations)
        assert all(isinstance(one, Finding) and str(one) for one in found.skipped)
        if keep:
            for name in formats.WRITABLE:
                formats.lost(found, name)


def places(document: Any, above: Path_ = ()) -> Iterator[Path_]:
    """Every place of a document, from its root."""
    yield above
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        yield from places(value, (*above, key))


def changed(document: Any, place: Path_, value: Any) -> Any:
    if not place:
        return value
    made = copy.deepcopy(document)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def lacking(document: Any, place: Path_) -> Any:
    made = copy.deepcopy(document)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return made


LABELME = {
    "shapes": [
        {"label": "cat", "shape_type": "rectangle", "points": [[1, 2], [9, 20]]},
        {"label": "dog", "shape_type": "circle", "points": [[9, 9], [12, 9]]},
    ],
    "imagePath": "a.jpg",
    "imageWidth": 40,
    "imageHeight": 30,
}
COCO = {
    "info": {"year": 1},
    "images": [{"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}, {"id": 2, "file_name": "b.jpg"}],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "bbox": [1, 2, 8, 18],
            "segmentation": [[1, 2, 9, 2, 9, 20]],
            "iscrowd": 0,
            "attributes": {"old": True},
        },
        {"id": 2, "image_id": 2, "category_id": 1, "segmentation": [[1, 2, 9, 2, 9, 20]]},
    ],
    "categories": [{"id": 1, "name": "cat", "supercategory": "animal"}],
}
RESULT = {"x": 1, "y": 2, "width": 8, "height": 18, "rotation": 10, "rectanglelabels": ["cat"]}
LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"image": "/data/upload/1/01234567-a.jpg"},
        "annotations": [
            {
                "was_cancelled": False,
                "result": [
                    {"type": "rectanglelabels", "original_width": 40, "original_height": 30, "value": RESULT},
                    {"type": "polygonlabels", "value": {"points": [[1, 1], [9, 1], [9, 9]], "polygonlabels": ["cat"]}},
                    {"type": "choices", "value": {"choices": ["good"]}},
                ],
            }
        ],
    },
    {"id": 2, "data": {"image": "b.jpg"}, "annotations": []},
]
MINIMAL = [{"id": 1, "annotator": 1, "annotation_id": 1, "image": "a.jpg", "label": [{**RESULT, "original_width": 40}]}]
CREATE_ML = [
    {"image": "a.jpg", "annotations": [{"label": "cat", "coordinates": {"x": 5, "y": 5, "width": 4, "height": 6}}]},
    {"image": "b.jpg", "annotations": []},
]
DOCUMENTS: dict[str, Any] = {
    "coco": COCO,
    "labelme": LABELME,
    "label studio": LABEL_STUDIO,
    "label studio, minimal": MINIMAL,
    "create ml": CREATE_ML,
}


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_any_json_value_anywhere(tmp_path: Path, images: Path, name: str) -> None:
    document = DOCUMENTS[name]
    chance = random.Random(19)
    every = list(places(document))
    cases = [(place, changed(document, place, value)) for place in every for value in ODD]
    cases += [(place, lacking(document, place)) for place in every if place]
    # Two at once, since one fault may hide another.
    cases += [
        (one, changed(changed(document, one, chance.choice(ODD)), other, chance.choice(ODD)))
        for one, other in ((chance.choice(every), chance.choice(every)) for _ in range(150))
        if one and other and one != other[: len(one)]
    ]
    file = tmp_path / "labels.json"
    for place, made in cases:
        file.write_text(json.dumps(made), "utf-8")
        try:
            read(file, images)
        except Exception as error:
            raise AssertionError(f"{place}: {json.dumps(made)[:400]}") from error


@pytest.mark.parametrize("name", ["voc", "cvat"])
def test_any_xml_anywhere(tmp_path: Path, images: Path, name: str) -> None:
    found = formats.write(PHOTOS, tmp_path / "good", name)
    good = (found / "a.xml" if found.is_dir() else found).read_text("utf-8")
    file = tmp_path / "labels.xml"
    whole = ElementTree.fromstring(good)
    for number, element in enumerate(whole.iter()):
        for value in ("", " ", "x", "-1", "NaN", "1e999", "9" * 400, None):
            for what in ("text", "tag", *element.attrib, "nothing"):
                root = ElementTree.fromstring(good)
                mine = list(root.iter())[number]
                if what == "text":
                    mine.text = value
                elif what == "tag":
                    mine.tag = "other" if value is None else mine.tag
                    mine.append(ElementTree.Element(mine.tag))
                elif what == "nothing":
                    mine.clear()
                elif value is None:
                    del mine.attrib[what]
                else:
                    mine.set(what, value)
                file.write_bytes(ElementTree.tostring(root))
                try:
                    read(file, images)
                except Exception as error:
                    raise AssertionError(f"{what}={value!r} of {mine.tag}: {file.read_text()[:400]}") from error


@pytest.mark.parametrize(
    "value", [*ODD, ["cat", None], {"0": None}, {0: ["a"]}, {-1: "a"}, {10**9: "a"}, {"a": "b"}], ids=str
)
def test_any_names_of_yolo(tmp_path: Path, images: Path, value: Any) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": value, "nc": value, "train": value}), "utf-8", "replace")
    read(folder, images)
    read(folder / "data.yaml", images)


def test_any_line_of_yolo(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "classes.txt").write_text("cat\n")
    good = ["0", "0.5", "0.5", "0.2", "0.2"]
    for place in range(5):
        for value in ("", "x", "nan", "inf", "-1", "1e999", "9" * 400, "0.5 0.5", "\0", "½", "٣", "1_0"):
            (folder / "a.txt").write_text(" ".join([*good[:place], value, *good[place + 1 :]]) + "\n", "utf-8")
            read(folder, images)


def test_any_field_of_a_table(tmp_path: Path, images: Path) -> None:
    rows = [["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax", "group"]]
    rows += [["a.jpg", "40", "30", "cat", "1", "2", "9", "20", "g"], ["b.jpg", "40", "30", "", "", "", "", "", ""]]
    file = tmp_path / "labels.csv"
    for row in range(3):
        for column in range(9):
            for value in ("", " ", "x", "nan", "inf", "-1", "1e999", "9" * 400, "\0", '"', "½", "٣", "1_0", "a,b", ";"):
                made = copy.deepcopy(rows)
                made[row][column] = value
                file.write_text("\n".join(map(",".join, made)) + "\n", "utf-8")
                read(file, images)
