"""Files that hold no labels, or not those that were meant, are told what they are; content decides, not a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.labelled import coco, kept, pictures, table, voc
from training.data import formats
from training.errors import AnnotationError


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "a.csv: is empty"),
        ("a.csv", b"\n\n", "a.csv: is empty"),
        ("a.csv", b"filename,class,xmin,ymin,xmax,ymax\n", "a.csv: names no photo"),
        (
            "a.csv",
            b"a.jpg,40,30,cat,1,1,9,9\n",
            "a.jpg,40,30,cat,1,1,9,9 is no header; the first row names the columns",
        ),
        ("a.jpg", b"\xff\xd8\xff\xe0", "is a picture: name the file of its labels"),
        ("a.csv", b"%PDF-1.7", "is a PDF"),
        ("a.json.gz", b"\x1f\x8b\x08", "is packed: unpack it"),
        ("a.jsonl", b"{}\n{}\n", "in each row"),
        ("a.yaml", b"names: [cat\n", "a.yaml: can't be read as YAML"),
        ("a.yaml", b"nc: 1\n", "a.yaml: has no list of classes"),
        ("a.yaml", b"", "a.yaml: has no list of classes"),
        ("a.json", b"{}", "Export it in one of these forms"),
        ("a.html", b"<!DOCTYPE html><html><br></html>", "can't be read as XML"),
    ],
)
def test_what_holds_no_labels_is_called_by_what_it_is(
    tmp_path: Path, images: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        formats.read(tmp_path / name, images)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["labels", "labels.txt", "export.coco", "labels.csv"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n  "])
def test_json_and_xml_are_known_whatever_they_are_called(tmp_path: Path, images: Path, name: str, mark: bytes) -> None:
    good = coco(tmp_path)
    (tmp_path / name).write_bytes(mark + good.read_bytes())
    assert kept(formats.read(tmp_path / name, images)) == kept(formats.read(good, images))
    labels = voc(tmp_path / "xml" / "a.xml", "a.jpg", "cat")
    (tmp_path / name).write_bytes(mark.strip() + (labels / "a.xml").read_bytes())
    assert kept(formats.read(tmp_path / name, images)) == {"a.jpg": ["cat"]}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0,.5,.5,.4,.3", "has commas between its numbers"),
        ("cat .5 .5 .4 .3", "begins with no number"),
        ("0 .5 .5 .4 .3 .98", "the last may be a score"),
        ("0 .5 .5 .4", "isn't a class and four numbers"),
        ("0 .5 .5 .4 x", "isn't a class and four numbers"),
        ("x" * 5000, "isn't a class and four numbers"),
    ],
)
def test_a_row_of_yolo_is_refused_for_its_likeliest_reason(tmp_path: Path, row: str, words: str) -> None:
    images = pictures(tmp_path / "images", "a.jpg", "b.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text(row + "\n")
    (tmp_path / "labels" / "b.txt").write_text("0 .5 .5 .4 .3\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\n")
    (found,) = formats.read(tmp_path / "labels", images, skip_bad=True).skipped
    assert words in found.fault
    assert len(str(found)) < 300


@pytest.mark.parametrize("header", ["ImageID,LabelName,XMin,YMin,XMax,YMax", "image_id,label,x1,y1,x2,y2"])
def test_open_images_is_read(tmp_path: Path, images: Path, header: str) -> None:
    found = formats.read(table(tmp_path, "a,cat,0.1,0.2,0.5,0.9", "b,cat,0.0,0.0,1.0,1.0", header=header), images)
    assert [item.sides for photo in found.photos for item in photo.objects] == [(4, 6, 20, 27), (0, 0, 40, 30)]


def ids(shift: int) -> dict[str, Any]:
    one = {"bbox": [1, 2, 8, 18]}
    return {
        "annotations": [{"id": n, "image_id": 1 + n % 3, "category_id": 1 + n % 2 + shift, **one} for n in range(6)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }


@pytest.mark.parametrize(("shift", "start"), [(-1, "0 instead of 1"), (1, "1 instead of 0"), (0, None), (5, None)])
def test_categories_that_are_counted_otherwise_are_said_first(
    tmp_path: Path, images: Path, shift: int, start: str | None
) -> None:
    file = coco(tmp_path, **ids(shift))
    assert json.loads(file.read_text())["categories"]
    try:
        causes = list(formats.read(file, images, skip_bad=True).causes)
    except AnnotationError as error:
        causes = [line for line in str(error).splitlines() if "seem to be counted" in line]
    assert [f"counted from {start}" in line for line in causes] == ([True] if start else [])
