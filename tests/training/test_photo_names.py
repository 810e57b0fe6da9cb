"""A name is that of the only photo that it can mean, in every format; else what is near is named."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.training.labelled import HEADER, coco, kept, pictures, table, voc
from training.data import selection
from training.errors import AnnotationError
from training.findings import Kind

NAMES = {
    "case": ("IMG 1.jpg", "img 1.JPG"),
    "jpeg": ("a1.jpg", "a1.jpeg"),
    "percent": ("IMG 1.jpg", "IMG%201.jpg"),
    "backslash": ("x/a1.jpg", "x\\a1.jpg"),
    "windows": ("a1.jpg", "C:\\photos\\a1.jpg"),
    "in front": ("a1.jpg", "images/train/a1.jpg"),
    "absolute": ("a1.jpg", "/home/me/images/a1.jpg"),
    "up": ("a1.jpg", "../images/a1.jpg"),
    "deeper": ("x/y/a1.jpg", "a1.jpg"),
    "no ending": ("a1.jpg", "a1"),
    "dots": ("a1.rf.77.jpg", "a1.rf.77"),
    "NFD for NFC": ("é1.jpg", unicodedata.normalize("NFD", "é1.jpg")),
    "NFC for NFD": (unicodedata.normalize("NFD", "é1.jpg"), "é1.jpg"),
    "narrow blank": ("at 9.00\u202fPM.png", "at 9.00 PM.png"),
    "nbsp": ("a 1.jpg", "a\u00a01.jpg"),
    "blanks around": ("a1.jpg", " a1.jpg "),
    "dot": ("a1.jpg", "./a1.jpg"),
    "address": ("a1.jpg", "https://x.org/img/a1.jpg"),
    "address with a question": ("a 1.jpg", "gs://bucket/a%201.jpg?size=3#top"),
    "brackets": ("a[1]*.jpg", "A[1]*.jpg"),
}


@pytest.mark.parametrize("name", list(NAMES))
@pytest.mark.parametrize("form", ["csv", "coco", "voc", "labelme", "createml"])
def test_the_only_photo_that_a_name_can_mean_is_taken(tmp_path: Path, name: str, form: str) -> None:
    file, label = NAMES[name]
    images = pictures(tmp_path / "images", file, "other.jpg")
    labels = tmp_path / "labels"
    labels.mkdir()
    if form == "csv":
        table(labels, f'"{label}",40,30,cat,0,0,9,9')
    elif form == "coco":
        coco(labels, images=[{"id": 1, "file_name": label}], annotations=[
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 18]}])  # fmt: skip
    elif form == "voc":
        voc(labels / "zz.xml", label, "cat")
    elif form == "labelme":
        shapes = [{"label": "cat", "shape_type": "rectangle", "points": [[9, 9], [1, 2]]}]
        (labels / "zz.json").write_text(json.dumps({"shapes": shapes, "imagePath": label}))
    else:
        box = {"label": "cat", "coordinates": {"x": 9, "y": 9, "width": 4, "height": 4}}
        (labels / "a.json").write_text(json.dumps([{"image": label, "annotations": [box]}]))
    found = selection.read(images, labels)
    assert kept(found) == {file: ["cat"]}
    said = [note for note in found.notes if "the only one that fits" in note]
    assert len(said) == (label != "./a1.jpg")


@pytest.mark.parametrize(
    ("names", "label", "words"),
    [
        (("x/a.jpg", "y/a.jpg"), "a.jpg", "fits 2 photos: x/a.jpg, y/a.jpg"),
        (("a.jpg", "a.png"), "a", "fits 2 photos: a.jpg, a.png"),
        (("x/a.jpg",), "y/a.jpg", "the same name stands in another folder: x/a.jpg"),
        (("IMG_1234.jpg",), "IMG_1243.jpg", "the nearest is IMG_1234.jpg"),
        (("a.jpg",), "a.png", "no such file"),
    ],
)
def test_a_name_that_none_or_several_fit_is_a_fault(
    tmp_path: Path, names: Sequence[str], label: str, words: str
) -> None:
    images = pictures(tmp_path / "images", *names)
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, table(tmp_path, f"{label},40,30,cat,0,0,9,9"))
    assert words in str(caught.value.findings[0])


def test_two_folders_with_the_same_names_never_share_a_photo(tmp_path: Path) -> None:
    images = pictures(tmp_path / "images", "a.jpg", "b.jpg")
    rows = ["train/a.jpg,40,30,cat,0,0,9,9", "val/a.jpg,40,30,cat,9,9,20,20", "train/b.jpg,40,30,cat,0,0,9,9"]
    assert kept(selection.read(images, table(tmp_path, *rows), skip_bad=True)) == {"b.jpg": ["cat"]}


BESIDE = {
    "csv": ("valid/_annotations.csv", f"{HEADER}\nf1.jpg,40,30,cat,0,0,9,9\nf2.jpg,40,30,cat,0,0,9,9\n"),
    "no ending": ("valid/_annotations.csv", f"{HEADER}\nf1,40,30,cat,0,0,9,9\nf2.jpg,40,30,cat,0,0,9,9\n"),
    "voc": ("valid/f1.xml", "<annotation><filename>f1.jpg</filename></annotation>"),
}


@pytest.mark.parametrize("form", BESIDE)
@pytest.mark.parametrize("photo", ["valid/f2.jpg", "valid/images/f2.jpg"])
def test_a_photo_that_is_gone_is_no_other_folders(tmp_path: Path, form: str, photo: str) -> None:
    root = pictures(tmp_path / "all", photo, "train/f1.jpg")
    name, content = BESIDE[form]
    (root / name).write_text(content)
    with pytest.raises(AnnotationError) as caught:
        selection.read(root, root)
    assert [one.kind for one in caught.value.findings] == [Kind.MISSING]
    # A folder of labels alone says nothing of where its photos are.
    (root / photo).rename(root / "train" / "f2.jpg")
    assert "train/f1.jpg" in kept(selection.read(root, root))
