"""Labels of Label Studio, CVAT and LabelMe, and of any of them damaged."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.training.labelled import coco, kept, table
from training.data import formats, selection
from training.data.labels import LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import lines


def test_label_studio_is_read(tmp_path: Path, images: Path) -> None:
    value = {"x": 25, "y": 10, "width": 50, "height": 20, "rotation": 0, "rectanglelabels": ["cat"]}
    result = {"type": "rectanglelabels", "value": value, "original_width": 40, "original_height": 30}
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/1/0123abcd-a.jpg"}, "annotations": [{"result": [result]}]},
        {"id": 2, "data": {"image": "/data/local-files/?d=images/b.jpg"}, "annotations": [{"result": []}]},
        {"id": 3, "data": {"image": "s3://bucket/c.jpg"}, "annotations": [{"was_cancelled": True, "result": []}]},
    ]
    file = tmp_path / "export.json"
    file.write_text(json.dumps(tasks))
    found = selection.read(images, file)
    assert found.photos[0].objects == [LabelledObject("cat", 10, 3, 30, 9)]
    assert kept(found) == {"a.jpg": ["cat"], "b.jpg": []}
    assert "1 task that nobody has labelled: passed over" in found.notes
    tasks[0]["annotations"] *= 2  # type: ignore[operator]
    file.write_text(json.dumps(tasks))
    with pytest.raises(AnnotationError, match="2 people or times have labelled this photo"):
        selection.read(images, file)


def test_a_turned_rectangle_is_the_upright_one_around_it(tmp_path: Path, images: Path) -> None:
    value = {"x": 50, "y": 10, "width": 25, "height": 20, "rotation": 90, "rectanglelabels": ["cat"]}
    result = {"type": "rectanglelabels", "value": value, "original_width": 40, "original_height": 30}
    file = tmp_path / "a.json"
    file.write_text(json.dumps([{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [result]}]}]))
    # 10 × 6 pixels, turned around (20, 3) by a quarter: down and to the left.
    assert selection.read(images, file).photos[0].objects[0].sides == pytest.approx((14, 3, 20, 13))


RECTANGLE = {"x": 50, "y": 10, "width": 25, "height": 20, "rectanglelabels": ["cat"]}
ODD = {
    "a list": ({"value": [1]}, "value: isn't an object"),
    "nothing": ({"value": None}, "value: isn't an object"),
    "no width": ({"value": {**RECTANGLE, "rotation": 9}, "original_width": 0, "original_height": 30}, "isn't a rect"),
    "no height": ({"value": {**RECTANGLE, "rotation": 9}, "original_width": 40, "original_height": 0}, "isn't a rect"),
    "too many digits": ({"value": {**RECTANGLE, "x": 10**400}}, "isn't a rectangle"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_result_of_label_studio_that_is_none_is_named(tmp_path: Path, images: Path, kind: str) -> None:
    result, words = ODD[kind]
    tasks = [
        {"id": 1, "data": {"image": "http://[bad/a.jpg"}, "annotations": [{"result": [result]}]},
        {"id": 2, "data": {"image": "b.jpg"}, "annotations": [{"result": [{"value": RECTANGLE}]}]},
    ]
    file = tmp_path / "a.json"
    file.write_text(json.dumps(tasks))
    found = selection.read(images, file, skip_bad=True)
    assert kept(found) == {"b.jpg": ["cat"]}
    assert [one.photo for one in found.skipped] == ["a.jpg"]
    assert words in str(found.skipped[0])
    assert found.skipped[0].where.element == "[0] result 0"


def test_cvat_is_read(tmp_path: Path, images: Path) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text("""<annotations><version>1.1</version>
      <meta><task><labels><label><name>cat</name></label><label><name>unused</name></label></labels></task></meta>
      <image id="0" name="a.jpg" width="40" height="30">
        <box label="cat" occluded="1" xtl="1" ytl="2" xbr="9" ybr="20"><attribute name="age">4</attribute></box>
        <polygon label="cat" points="1,2;9.5,2;9.5,20"/>
        <tag label="cat"/>
      </image>
      <image id="1" name="b.jpg" width="40" height="30"></image>
    </annotations>""")
    found = selection.read(images, file, keep=True)
    assert kept(found) == {"a.jpg": ["cat", "cat"], "b.jpg": []}
    assert found.photos[0].objects[0].extra == {"attributes": {"age": "4", "occluded": "1"}}
    assert list(found.declared) == ["cat", "unused"]
    file.write_text(file.read_text().replace("polygon", "polyline"))
    with pytest.raises(AnnotationError, match="image 0 polyline 2, polyline: isn't a box"):
        selection.read(images, file)


def test_labelme_is_read(tmp_path: Path, images: Path) -> None:
    shapes = [
        {"label": "cat", "shape_type": "rectangle", "points": [[9, 20], [1, 2]]},
        {"label": "cat", "shape_type": "polygon", "points": [[1, 2], [9, 2], [9, 21]]},
        {"label": "cat", "shape_type": "circle", "points": [[10, 10], [13, 14]]},
    ]
    document = {"shapes": shapes, "imagePath": "..\\images\\a.jpg", "imageHeight": 30, "imageWidth": 40}
    (tmp_path / "labels").mkdir()
    file = tmp_path / "labels" / "a.json"
    file.write_text(json.dumps(document))
    (photo,) = selection.read(images, tmp_path / "labels").photos
    assert [item.sides for item in photo.objects] == [(1, 2, 9, 20), (1, 2, 9, 21), (5, 5, 15, 15)]
    shapes[0]["shape_type"] = "line"
    file.write_text(json.dumps(document))
    with pytest.raises(AnnotationError, match=r"labels/a\.json shapes\[0\]|a\.json shapes\[0\], shape_type"):
        selection.read(images, tmp_path / "labels")


def test_labels_in_several_formats_are_a_question(tmp_path: Path, images: Path) -> None:
    coco(tmp_path)
    table(tmp_path, "a.jpg,40,30,cat,0,0,9,9")
    with pytest.raises(AnnotationError, match=r"several formats: coco \(a\.json\), csv \(a\.csv\)"):
        formats.read(tmp_path, images)


DAMAGE = [b"", b'"', b"\0", b"\xff", b"-", b"9" * 400, b"<", b"null", b"[", b"\n", b"e9", b"\xed\xa0\x80"]


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_no_damage_to_a_file_gives_anything_but_labels_or_a_finding(tmp_path: Path, images: Path, name: str) -> None:
    source = [Photo(f"{one}.jpg", 40, 30, f"{one}.jpg", [LabelledObject("cat", 1, 2, 9, 20)]) for one in "abc"]
    written = formats.write(source, tmp_path / "labels", name)
    files = [file for file in written.rglob("*") if file.is_file()] if written.is_dir() else [written]
    dice = random.Random(name)
    for _ in range(150):
        file = dice.choice(files)
        good = file.read_bytes()
        data = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(data)) if data else 0
            what = dice.choice(
                [b"", b'"', b"\0", b"\xff", b"-", b"9" * 400, b"<", b"null", b"[", b"\n", b"e9", b"\xed\xa0\x80"]
            )
            data[place : place + dice.randint(0, 3)] = what
        file.write_bytes(bytes(data))
        try:
            found = selection.read(images, written, skip_bad=True, keep=dice.random() < 0.5)
            assert all(photo.filename in ("a.jpg", "b.jpg", "c.jpg") for photo in found.photos)
            "\n".join([*found.notes, *lines(found.skipped)]).encode()
        except AnnotationError as error:
            str(error).encode("utf-8", "backslashreplace")
        file.write_bytes(good)


def via(regions: object) -> dict[str, object]:
    """Photos as VGG Image Annotator keeps them: the first with ``regions``, the second with nothing."""
    return {
        "a.jpg123": {"filename": "a.jpg", "size": 123, "regions": regions, "file_attributes": {}},
        "b.jpg45": {"filename": "b.jpg", "size": 45, "regions": [], "file_attributes": {}},
    }


SHAPES = {
    "rect": ({"name": "rect", "x": 10, "y": 3, "width": 20, "height": 6}, (10, 3, 30, 9)),
    "polygon": ({"name": "polygon", "all_points_x": [10, 30, 20], "all_points_y": [3, 3, 9]}, (10, 3, 30, 9)),
    "circle": ({"name": "circle", "cx": 20, "cy": 10, "r": 5}, (15, 5, 25, 15)),
    "ellipse": ({"name": "ellipse", "cx": 20, "cy": 10, "rx": 8, "ry": 4}, (12, 6, 28, 14)),
    "turned": ({"name": "ellipse", "cx": 20, "cy": 10, "rx": 8, "ry": 4, "theta": 1.5707963}, (16, 2, 24, 18)),
}
ATTRIBUTES = {
    "one": {"animal": "cat"},
    "called": {"quality": "good", "Class": "cat"},
    "ticked": {"animal": {"cat": True, "dog": False}},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("form", ["list", "table", "project"])
def test_via_is_read(tmp_path: Path, images: Path, shape: str, attributes: str, form: str) -> None:
    given, sides = SHAPES[shape]
    region = {"shape_attributes": given, "region_attributes": ATTRIBUTES[attributes]}
    document = via({"0": region} if form == "table" else [region])
    if form == "project":
        document = {"_via_settings": {}, "_via_img_metadata": document, "_via_attributes": {}}
    (tmp_path / "via.json").write_text(json.dumps(document))
    found = selection.read(images, tmp_path / "via.json")
    assert kept(found) == {"a.jpg": ["cat"], "b.jpg": []}
    assert found.photos[0].objects[0].sides == pytest.approx(sides, abs=1e-4)


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ({"shape_attributes": {"name": "point", "cx": 1, "cy": 2}, "region_attributes": {"a": "cat"}}, "point"),
        ({"shape_attributes": {"name": "rect", "x": 1}, "region_attributes": {"a": "cat"}}, "rect"),
        ({"shape_attributes": None, "region_attributes": {"a": "cat"}}, "are missing"),
        ({"shape_attributes": SHAPES["rect"][0], "region_attributes": {}}, "is missing"),
        ({"shape_attributes": SHAPES["rect"][0], "region_attributes": {"a": {"cat": True, "dog": True}}}, "is missing"),
        (7, "are missing"),
    ],
)
def test_a_region_of_via_that_is_no_object_is_named(tmp_path: Path, images: Path, region: object, words: str) -> None:
    (tmp_path / "via.json").write_text(json.dumps(via([region])))
    found = selection.read(images, tmp_path / "via.json", skip_bad=True)
    assert kept(found) == {"b.jpg": []}
    [fault] = found.skipped
    assert fault.where.element == "a.jpg123 regions[0]"
    assert words in fault.fault


@pytest.mark.parametrize("numbers", [4, 6, 9, 51])
def test_the_box_of_a_pose_stands_before_its_points(tmp_path: Path, images: Path, numbers: int) -> None:
    (tmp_path / "labels").mkdir()
    row = ["0", "0.5", "0.5", "0.5", "0.4", *["0.9"] * (numbers - 4)]
    (tmp_path / "labels/a.txt").write_text(" ".join(row))
    (tmp_path / "data.yaml").write_text(f"names: [cat]\nkpt_shape: [{numbers}, 2]\n")
    found = selection.read(images, tmp_path / "data.yaml", skip_bad=True)
    assert found.photos[0].objects[0].sides == pytest.approx((10, 9, 30, 21))


def test_darknets_classes_stand_above_photos_and_labels(tmp_path: Path, images: Path) -> None:
    (images / "a.txt").write_text("1 0.5 0.5 0.5 0.4\n")
    (images.parent / "obj.names").write_text("dog\ncat\n")
    assert kept(selection.read(images, images))["a.jpg"] == ["cat"]


@pytest.mark.parametrize("name", ["obj.data", "obj.names", "train.tfrecord", "train.record", "a.jsonl", "out.manifest"])
def test_what_other_programs_write_is_called_by_its_name(tmp_path: Path, images: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'{"a": 1}\n{"a": 2}\n')
    with pytest.raises(AnnotationError, match=r"Darknet|TensorFlow|in each row"):
        selection.read(images, tmp_path / name)
