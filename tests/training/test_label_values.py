"""Sizes, numbers and classes as tools write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.labelled import coco, kept, table, voc
from training.data import formats
from training.data.labels import LabelledObject
from training.errors import AnnotationError


@pytest.mark.parametrize("value", [0, None, "", "0", "NaN"])
def test_a_size_that_is_not_said_is_the_photos(tmp_path: Path, images: Path, value: Any) -> None:
    entry = {"id": 1, "file_name": "a.jpg", "width": value, "height": value}
    one = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 18]}
    (photo,) = formats.read(coco(tmp_path, images=[entry], annotations=[one]), images).photos
    assert (photo.width, photo.height) == (40, 30)
    said = "" if value is None else value
    labels = voc(
        tmp_path / "voc" / "a.xml", "a.jpg", "cat", size=f"<size><width>{said}</width><height>{said}</height></size>"
    )
    (photo,) = formats.read(labels, images).photos
    assert (photo.width, photo.height) == (40, 30)


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", "1e999", "1e999999999", '"x"', "null", "true", "[]"])
@pytest.mark.parametrize("place", range(4))
def test_what_is_no_number_is_a_finding(tmp_path: Path, images: Path, value: str, place: int) -> None:
    file = coco(tmp_path)
    box = ["1", "2", "8", "18"]
    box[place] = value
    file.write_text(file.read_text().replace("[1, 2, 8, 18]", f"[{', '.join(box)}]"))
    for keep in (False, True):
        found = formats.read(file, images, skip_bad=True, keep=keep)
        assert kept(found) == {"b.jpg": ["cat"], "c.jpg": []}
        assert len(found.skipped) == 1


def test_polygons_without_boxes_have_the_box_around_them(tmp_path: Path, images: Path) -> None:
    one = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 9.5, 2, 9.5, 20], [3, 1, 4, 1, 4, 2]]}
    (photo, *_) = formats.read(coco(tmp_path, annotations=[one]), images).photos
    assert photo.objects == [LabelledObject("cat", 1, 1, 9.5, 20)]


CLASSES = ["cat", "é", "traffic light", "1"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cat ", "cat"),
        ("\n\tcat\n", "cat"),
        ("cat\u00a0", "cat"),
        ("\ufeffcat", "cat"),
        ("c\u00adat", "cat"),
        ("e\u0301", "é"),
        ("traffic\u00a0light", "traffic light"),
        ("traffic  light", "traffic light"),
        ("1.0", "1"),
    ],
)
def test_a_class_is_known_by_what_can_be_seen(tmp_path: Path, images: Path, name: str, meant: str) -> None:
    found = formats.read(table(tmp_path, f'a.jpg,40,30,"{name}",0,0,9,9'), images, CLASSES)
    assert kept(found) == {"a.jpg": [meant]}
    assert len(found.notes) == 1


@pytest.mark.parametrize("name", ["Cat", "cats", "e", "2", "1.5", ""])
def test_another_class_is_not_guessed(tmp_path: Path, images: Path, name: str) -> None:
    with pytest.raises(AnnotationError, match="the labels' classes aren't the configuration's"):
        formats.read(table(tmp_path, f"a.jpg,40,30,{name},0,0,9,9"), images, CLASSES)
