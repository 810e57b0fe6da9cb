"""What is written in a format and read again is the same, whatever the names and numbers, as far as the format goes."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.training.conftest import run_step
from training.data import formats
from training.data.formats import spelling
from training.data.labels import Annotations, LabelledObject, Photo
from training.errors import AnnotationError

EXACT = ("csv", "voc", "coco", "cvat", "labelme")
"""Formats that need no photos to be read, and hold every digit."""
IN_SHARES = ("yolo", "labelstudio")
XML_TEXT = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff/")
NAMES = st.text(XML_TEXT, min_size=1, max_size=12).filter(lambda name: name.strip(".") != "")
NOTHING = {"", "nan", "null", "none", "na", "<na>"}
CLASSES = NAMES.map(spelling.normal).filter(lambda name: name.lower() not in NOTHING)
FILES = st.lists(NAMES, min_size=1, max_size=3).map("/".join).filter(lambda name: "\0" not in name)
PLAIN = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8})?\.jpg", fullmatch=True)
ODD = [
    "a.jpg",
    "a.png",
    "A.jpg",
    "a.jpg.xml",
    'ein Foto, "zwei".jpg',
    " .jpg",
    "<&>'.jpg",
    "x/a.jpg",
    "x.xml/a.jpg",
    "\ufeff.jpg",
    "数字.png",
    "=1+1.jpg",
    "'=a.jpg",
    "-a.jpg",
    "@a.jpg",
]


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int) -> tuple[float, float, float, float]:
    """Whole and fractional, down to the smallest there are."""

    def side(size: int) -> tuple[float, float]:
        values = st.one_of(st.integers(0, size).map(float), st.floats(0, size))
        low, high = draw(st.tuples(values, values).map(sorted).filter(lambda pair: pair[0] < pair[1]))
        return low, high

    (xmin, xmax), (ymin, ymax) = side(width), side(height)
    return xmin, ymin, xmax, ymax


@st.composite
def photos(draw: st.DrawFn, names: st.SearchStrategy[str]) -> list[Photo]:
    """Photos with and without objects, some of them in groups."""
    files = draw(st.lists(names, min_size=1, max_size=6, unique_by=lambda name: name))
    made = []
    for file in files:
        width, height = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
        found = draw(st.lists(st.tuples(CLASSES, boxes(width, height)), max_size=4, unique=True))
        objects = [LabelledObject(name, *(value + 0.0 for value in box)) for name, box in found]
        made.append(Photo(file, width, height, draw(st.one_of(st.just(file), NAMES)), objects))
    return made


def by_name(found: list[Photo]) -> dict[str, Photo]:
    return {photo.filename: photo for photo in found}


def as_held(labels: list[Photo], name: str) -> dict[str, Photo]:
    """What a format holds of labels."""
    if formats.GROUPS in formats.FORMATS[name].holds:
        return by_name(labels)
    return by_name([replace(photo, group=photo.filename) for photo in labels])


SETTINGS = settings(
    # A label that fails is small already: shrinking it takes minutes.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", EXACT)
@SETTINGS
@given(labels=photos(st.one_of(FILES, st.sampled_from(ODD))))
def test_nothing_is_lost_in_a_format(name: str, labels: list[Photo]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = formats.write(labels, Path(folder) / "labels", name)
        assert by_name(formats.read(written).photos) == as_held(labels, name)


def near(one: Photo, other: Photo) -> bool:
    """Whether two labels differ in nothing but the last digits."""
    return (one.width, one.height, one.group) == (other.width, other.height, other.group) and all(
        mine.name == theirs.name and mine.sides == pytest.approx(theirs.sides, abs=1e-6 * max(one.width, one.height))
        for mine, theirs in zip(one.objects, other.objects, strict=True)
    )


@pytest.mark.parametrize("name", IN_SHARES)
@settings(SETTINGS, max_examples=15)
@given(labels=photos(PLAIN))
def test_shares_of_a_photo_come_back_as_pixels(name: str, labels: list[Photo]) -> None:
    for photo in labels:
        photo.width, photo.height = photo.width % 60 + 40, photo.height % 60 + 40
        photo.objects = [LabelledObject(item.name, 1.5, 2, 30.25, 31) for item in photo.objects[:1]]
    labels = list({PurePosixPath(photo.filename).stem: photo for photo in labels}.values())
    with tempfile.TemporaryDirectory() as folder:
        for photo in labels:
            file = Path(folder) / "images" / photo.filename
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (photo.width, photo.height)).save(file)
        written = formats.write(labels, Path(folder) / "labels", name)
        found = by_name(formats.read(written, Path(folder) / "images").photos)
    expected = as_held(labels, name)
    assert found.keys() == expected.keys()
    assert all(near(found[file], photo) for file, photo in expected.items())


def test_photos_that_differ_only_in_their_ending_have_their_own_files(tmp_path: Path) -> None:
    labels = [Photo(name, 9, 9, name) for name in ("a.jpg", "a.png", "a.jpg.gif", "B/a.jpg")]
    for name in ("voc", "labelme"):
        folder = formats.write(labels, tmp_path / name, name)
        assert by_name(formats.read(folder).photos) == by_name(labels)


def test_what_xml_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("voc", "cvat"):
        with pytest.raises(AnnotationError, match=r"XML can't hold '\\x07'"):
            formats.write([Photo("a\x07.jpg", 9, 9, "a")], tmp_path / name, name)


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_the_step_writes_what_it_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "images" / "deep").mkdir(parents=True)
    labels = []
    for index, file in enumerate(("a.jpg", "deep/b.png", "c d.jpg")):
        Image.new("RGB", (40, 30)).save(tmp_path / "images" / file)
        objects = [LabelledObject("7", 0.1 + item, 0.2, 30.7, 29.9) for item in range(index)]
        labels.append(Photo(file, 40, 30, "scene" if index else file, objects))
    source = formats.write(labels, tmp_path / "source", "csv")
    done = run_step(
        "training.data.convert", "--images", tmp_path / "images", "--annotations", source, "--to", name,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "out").iterdir()
    assert PurePosixPath(written.name).stem == "annotations"
    found = by_name(formats.read(written, tmp_path / "images").photos)
    expected = as_held(labels, name)
    assert found.keys() == expected.keys()
    assert all(near(found[file], photo) for file, photo in expected.items())
    said = "2 groups of photos can't be written as" in done.stdout
    assert said == (formats.GROUPS not in formats.FORMATS[name].holds)


COCO: dict[str, Any] = {
    "info": {"description": "a set", "year": 2026},
    "licenses": [{"id": 4, "name": "CC"}],
    "images": [
        {"id": 70, "file_name": "a.jpg", "width": 40, "height": 30, "license": 4, "date_captured": "2026"},
        {"id": 90, "file_name": "b.jpg", "width": 40, "height": 30},
    ],
    "annotations": [
        {
            "id": 5,
            "image_id": 70,
            "category_id": 3,
            "bbox": [1.5, 2, 8.25, 18],
            "area": 148.5,
            "iscrowd": 0,
            "segmentation": [[1.5, 2, 9.75, 2, 9.75, 20]],
            "attributes": {"occluded": True},
            "score": 0.75,
        },
    ],
    "categories": [{"id": 3, "name": "1", "supercategory": "digit"}, {"id": 8, "name": "unused"}],
}


def test_coco_keeps_everything_that_coco_has(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(COCO))
    found = formats.read(tmp_path / "a.json", keep=True)
    written = json.loads(formats.write(found, tmp_path / "again", "coco").read_text())
    expected = json.loads(json.dumps(COCO))
    # Its own number is all that an annotation doesn't keep.
    expected["annotations"][0]["id"] = 1
    assert written == expected
    assert formats.lost(found, "coco") == []


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("csv", {"polygons", "attributes", "classes", "COCO"}),
        ("voc", {"polygons", "classes", "COCO"}),
        ("cvat", {"polygons", "COCO"}),
        ("yolo", {"polygons", "attributes", "COCO"}),
        ("labelme", {"polygons", "attributes", "classes", "COCO"}),
        ("labelstudio", {"polygons", "attributes", "classes", "COCO"}),
    ],
)
def test_what_a_format_cannot_hold_is_said(tmp_path: Path, name: str, lost: set[str]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(COCO))
    said = formats.lost(formats.read(tmp_path / "a.json", keep=True), name)
    assert len(said) == len(lost)
    assert all(any(word in line for line in said) for word in lost)


def test_attributes_go_from_one_format_into_another(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(COCO))
    found: Annotations = formats.read(tmp_path / "a.json", keep=True)
    for name in ("voc", "cvat"):
        again = formats.read(formats.write(found, tmp_path / name, name), keep=True)
        assert by_name(again.photos)["a.jpg"].objects[0].extra == {"attributes": {"occluded": "True"}} or (
            by_name(again.photos)["a.jpg"].objects[0].extra == {"attributes": {"occluded": "1"}}
        )
