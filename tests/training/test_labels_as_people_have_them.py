"""Labels and folders over which people stumble: each kind is read as it is meant, or refused with its places named."""

from __future__ import annotations

import json
import os
import random
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.training.conftest import ROOT
from training.config import Split
from training.data import formats, selection
from training.data.archive import unpack
from training.data.folder import walk
from training.data.formats import csv_file, exports, unlabelled
from training.data.labels import Annotations, LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Kind, lines

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"
OBJECTS = ROOT / ".." / "shared" / "data" / "objects"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return pictures(tmp_path / "images", "a.jpg", "b.jpg", "c.jpg")


def pictures(folder: Path, *names: str) -> Path:
    """Photos of 40 × 30 pixels."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), "red").save(folder / name)
    return folder


def table(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    file = folder / "a.csv"
    file.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return file


def coco(folder: Path, **changes: Any) -> Path:
    document = {
        "images": [{"id": number, "file_name": f"{name}.jpg"} for number, name in enumerate("abc", 1)],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 18]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [4, 2, 5, 18]},
        ],
        "categories": [{"id": 1, "name": "cat"}],
        **changes,
    }
    file = folder / "a.json"
    file.write_text(json.dumps(document))
    return file


def voc(file: Path, filename: str, *names: str, size: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    box = "<bndbox><ymax>20</ymax><xmin>1</xmin><xmax>9</xmax><ymin>2</ymin></bndbox>"
    objects = "".join(f"<object><name>{name}</name>{box}</object>" for name in names)
    file.write_text(f"<annotation><filename>{filename}</filename>{size}{objects}</annotation>")
    return file.parent


def kept(found: Annotations) -> dict[str, list[str]]:
    return {photo.filename: [item.name for item in photo.objects] for photo in found.photos}


# Keys that stand twice, and labels of no photo.


def two_ids(folder: Path) -> Path:
    return coco(
        folder,
        images=[{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"}],
    )


def two_files(folder: Path) -> Path:
    return coco(folder, images=[{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "a.jpg"}])


def two_kinds_of_ids(folder: Path) -> Path:
    return coco(folder, images=[{"id": 1, "file_name": "a.jpg"}, {"id": "1", "file_name": "b.jpg"}])


def two_categories(folder: Path) -> Path:
    return coco(folder, categories=[{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}])


def two_spellings(folder: Path) -> Path:
    return table(folder, "a.jpg,40,30,cat,0,0,9,9", "./a.jpg,40,30,cat,9,9,20,20", "c.jpg,40,30,cat,0,0,9,9")


def two_cases(folder: Path) -> Path:
    return table(folder, "a.jpg,40,30,cat,0,0,9,9", "A.JPG,40,30,cat,9,9,20,20", "c.jpg,40,30,cat,0,0,9,9")


def two_xml(folder: Path) -> Path:
    for part in "xy":
        voc(folder / "voc" / part / "a.xml", "a.jpg", "cat")
    return folder / "voc"


def stale_name(folder: Path) -> Path:
    voc(folder / "voc" / "a.xml", "a.jpg", "cat")
    return voc(folder / "voc" / "b.xml", "a.jpg", "cat")


def two_groups(folder: Path) -> Path:
    return table(
        folder, "a.jpg,40,30,cat,0,0,9,9,x", "a.jpg,40,30,cat,9,9,20,20,y", "c.jpg,40,30,cat,0,0,9,9,x",
        header=f"{HEADER},group",
    )  # fmt: skip


def empty_and_not(folder: Path) -> Path:
    return table(folder, "a.jpg,40,30,cat,0,0,9,9", "a.jpg,40,30,,,,,", "c.jpg,40,30,cat,0,0,9,9")


@pytest.mark.parametrize(
    ("make", "places"),
    [
        (two_ids, ("images[0]", "images[1]")),
        (two_files, ("images[0]", "images[1]")),
        (two_kinds_of_ids, ("images[0]", "images[1]")),
        (two_categories, ("categories[0]", "categories[1]")),
        (two_spellings, ("row 2", "row 3", "./a.jpg")),
        (two_cases, ("row 2", "row 3", "A.JPG")),
        (two_xml, ("x/a.xml", "y/a.xml")),
        (stale_name, ("b.xml", "a.jpg", "b.jpg")),
        (two_groups, ("row 2", "row 3")),
        (empty_and_not, ("row 2", "row 3")),
    ],
)
def test_a_key_that_stands_twice_is_a_fault_with_both_places(
    tmp_path: Path, images: Path, make: Callable[[Path], Path], places: Sequence[str]
) -> None:
    file = make(tmp_path)
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, file)
    twice = [str(finding) for finding in caught.value.findings if finding.kind is Kind.TWICE]
    assert all(any(place in line for line in twice) for place in places), twice
    try:
        left = kept(selection.read(images, file, skip_bad=True))
    except AnnotationError:
        return
    # What is left has its own labels, and none of the photos in doubt.
    assert left in ({"c.jpg": ["cat"]}, {"c.jpg": []})


def test_one_photo_in_two_groups_of_a_file_is_a_fault(tmp_path: Path, images: Path) -> None:
    file = table(tmp_path, "a.jpg,40,30,cat,0,0,9,9", "b.jpg,40,30,cat,0,0,9,9")
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,x\nb.jpg,x\nimages/A.jpg,y\nb.jpg,x\n")
    found = selection.read(images, file, tmp_path / "groups.csv", skip_bad=True)
    assert kept(found) == {"b.jpg": ["cat"]}
    assert [str(one) for one in found.skipped] == [
        "groups.csv row 4, group: a.jpg is in y, and in x at groups.csv row 2"
    ]
    assert "lines of groups that stand twice, counted once: 1" in found.notes


def broken_xml(folder: Path) -> Path:
    voc(folder / "voc" / "b.xml", "b.jpg", "cat")
    (folder / "voc" / "zz.xml").write_text("<anno")
    return voc(folder / "voc" / "c.xml", "c.jpg")


UNTIED: list[Callable[[Path], Path]] = [
    lambda folder: coco(folder, images=[{"id": 2, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"}]),
    lambda folder: coco(
        folder,
        annotations=[
            {"id": 1, "image_id": [1], "category_id": 1, "bbox": [1, 2, 8, 18]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [4, 2, 5, 18]},
        ],
    ),
    lambda folder: table(folder, "b.jpg,40,30,cat,0,0,9,9", "c.jpg,40,30,,,,,", ",40,30,cat,0,0,9,9"),
    lambda folder: table(folder, "b.jpg,40,30,cat,0,0,9,9", "c.jpg,40,30,,,,,", '"broken,40,30,cat'),
    broken_xml,
]


@pytest.mark.parametrize("make", UNTIED)
def test_labels_of_no_photo_never_make_photos_of_nothing(
    tmp_path: Path, images: Path, make: Callable[[Path], Path]
) -> None:
    file = make(tmp_path)
    with pytest.raises(AnnotationError):
        selection.read(images, file)
    found = selection.read(images, file, skip_bad=True)
    assert kept(found) == {"b.jpg": ["cat"]}
    assert any(finding.kind is Kind.UNLABELLED and finding.photo == "c.jpg" for finding in found.skipped)


@pytest.mark.parametrize("identifier", [1, "1", 1.0, " 1"])
@pytest.mark.parametrize("other", [1, "1", 1.0])
def test_ids_are_the_same_however_they_are_written(tmp_path: Path, images: Path, identifier: Any, other: Any) -> None:
    file = coco(
        tmp_path,
        images=[{"id": other, "file_name": "a.jpg"}],
        annotations=[{"id": 1, "image_id": identifier, "category_id": other, "bbox": [1, 2, 8, 18]}],
        categories=[{"id": identifier, "name": 1}],
    )
    assert kept(selection.read(images, file, classes=["1"])) == {"a.jpg": ["1"]}


# Names of photos.

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


# Tables.

TABLES = {
    "semicolons": (HEADER.replace(",", ";"), "a.jpg;40;30;cat;1,5;2;9;20"),
    "tabs": (HEADER.replace(",", "\t"), "a.jpg\t40\t30\tcat\t1.5\t2\t9\t20"),
    "vott": ('"image","xmin","ymin","xmax","ymax","label"', '"a.jpg",1.5,2,9,20,"cat"'),
    "index": ("," + HEADER, "0,a.jpg,40,30,cat,1.5,2,9,20"),
    "unnamed": ("Unnamed: 0," + HEADER, "0,a.jpg,40,30,cat,1.5,2,9,20"),
    "floats": (HEADER, "a.jpg,40.0,30.0,cat,1.5,2.0,9.0,20.0"),
    "no sizes": ("filename,class,xmin,ymin,xmax,ymax", "a.jpg,cat,1.5,2,9,20"),
    "corners": ("path,x1,y1,x2,y2,class", "a.jpg,1.5,2,9,20,cat"),
    "make sense": ("label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height",
                   "cat,1.5,2,7.5,18,a.jpg,40,30"),
    "blanks": (HEADER.replace(",", ", "), "a.jpg, 40, 30, cat, 1.5, 2, 9, 20"),
    "capitals": (HEADER.title(), "a.jpg,40,30,cat,1.5,2,9,20"),
    "more columns": (HEADER + ",confidence", "a.jpg,40,30,cat,1.5,2,9,20,0.9"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_are_read_as_programs_write_them(
    tmp_path: Path, images: Path, kind: str, encoding: str, end: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes((end.join(TABLES[kind]) + end).encode(encoding))
    (photo,) = formats.read(file, images).photos
    assert photo == Photo("a.jpg", 40, 30, "a.jpg", [LabelledObject("cat", 1.5, 2, 9, 20)])


def test_western_text_is_read_and_other_is_refused(tmp_path: Path, images: Path) -> None:
    row = "a.jpg,40,30,Zähler,1,2,9,20"
    found = formats.read(table(tmp_path, row, encoding="cp1252"), images)
    assert kept(found) == {"a.jpg": ["Zähler"]}
    assert "Windows-1252" in found.notes[0]
    with pytest.raises(AnnotationError, match="row 2: can't be read as UTF-8"):
        formats.read(table(tmp_path, row.replace("Zähler", "猫の写真"), encoding="shift-jis"), images)


@pytest.mark.parametrize("place", range(0, 60, 7))
@pytest.mark.parametrize("column", range(8))
@pytest.mark.parametrize("quoted", [False, True])
def test_a_quote_too_many_costs_one_photo(tmp_path: Path, place: int, column: int, quoted: bool) -> None:
    rows = [[f"p{number}.jpg", "40", "30", "cat", "1", "2", "9", "20"] for number in range(60)]
    texts = [",".join(f'"{field}"' if quoted else field for field in row) for row in rows]
    fields = texts[place].split(",")
    fields[column] = fields[column][:-1] if quoted else f'"{fields[column]}'
    texts[place] = ",".join(fields)
    found = formats.read(table(tmp_path, *texts), skip_bad=True)
    assert len(found.photos) == 59
    assert [finding.where.element for finding in found.skipped] == [f"row {place + 2}"]


def test_rows_are_numbered_by_the_line_that_they_begin_at(tmp_path: Path) -> None:
    rows = ['a.jpg,40,30,"a\ncat",0,0,9,9', "b.jpg,40,30,cat,0,0,99,9"]
    found = formats.read(table(tmp_path, *rows), skip_bad=True)
    assert kept(found) == {"a.jpg": ["a cat"]}
    assert str(found.skipped[0]).startswith("a.csv row 4, xmax")


def test_shares_in_a_table_of_pixels_are_refused(tmp_path: Path, images: Path) -> None:
    rows = [f"a.jpg,0.1,0.2,0.5,0.{number}5,cat" for number in range(3, 9)]
    with pytest.raises(AnnotationError, match="from 0 to 1"):
        formats.read(table(tmp_path, *rows, header="image,xmin,ymin,xmax,ymax,label"), images)


# Values.


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


# Folders.


def test_a_folder_is_walked_as_people_see_it(tmp_path: Path) -> None:
    root = pictures(tmp_path / "images", "a.jpg", "B.JPG", "deep/c.png", "[x]*.jpg", "n" * 250 + ".jpg")
    pictures(tmp_path / "elsewhere", "d.jpg")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "self").symlink_to(root)
    (root / "deep" / "up").symlink_to("..")
    (root / "gone.jpg").symlink_to("nowhere/object")
    (root / "ring.jpg").symlink_to("ring.jpg")
    os.mkfifo(root / "pipe.jpg")
    for junk in ("._a.jpg", "__MACOSX/._a.jpg", "Thumbs.db", ".~lock.a.csv#", "~$a.jpg", ".DS_Store", "@eaDir/a.jpg"):
        (root / junk).parent.mkdir(exist_ok=True)
        (root / junk).write_text("x")
    (root / os.fsdecode(b"caf\xe9.jpg")).write_text("x")
    found = walk(root)
    assert found.files == sorted(["a.jpg", "B.JPG", "deep/c.png", "[x]*.jpg", "n" * 250 + ".jpg", "linked/d.jpg"])
    notes = "\n".join(found.notes())
    for words in (
        "7 hidden files",
        "1 links that lead to nothing, gone.jpg",
        "3 links that lead back",
        "1 names that aren't UTF-8 (rename them), 'caf\\udce9.jpg'",
        "1 entries that are neither files nor folders, pipe.jpg",
    ):
        assert words in notes
    notes.encode()


@pytest.mark.parametrize("form", ["a.csv", "labels"])
def test_what_lies_around_ends_no_reading_and_is_said_once(tmp_path: Path, images: Path, form: str) -> None:
    (images / "zz.jpg").symlink_to("nowhere")
    (images / os.fsdecode(b"caf\xe9.jpg")).write_text("x")
    voc(tmp_path / "labels" / "a.XML", "a.jpg", "cat")
    (tmp_path / "labels" / "._a.xml").write_text("x")
    table(tmp_path, "a.jpg,40,30,cat,0,0,9,9")
    found = selection.read(images, tmp_path / form)
    assert kept(found) == {"a.jpg": ["cat"]}
    assert sum("zz.jpg" in note for note in found.notes) == 1
    assert sum("hidden" in note for note in found.notes) == (form == "labels")


def test_photos_of_nothing_are_all_pictures_and_the_rest_is_said(tmp_path: Path, images: Path) -> None:
    (images / "b.jpg").write_text("not a picture")
    (images / "notes.txt").write_text("x")
    (images / "._c.jpg").write_text("x")
    found = unlabelled.read(images)
    assert kept(found) == {"a.jpg": [], "c.jpg": []}
    assert [one.photo for one in found.skipped] == ["b.jpg"]
    assert len(found.notes) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(AnnotationError, match="there is no picture"):
        unlabelled.read(tmp_path / "empty")


# Many findings, and what they come from.


def test_a_missing_folder_is_one_cause_and_few_lines(tmp_path: Path, images: Path) -> None:
    file = table(tmp_path, *(f"p{number}.jpg,40,30,cat,0,0,9,9" for number in range(50_000)))
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, file)
    said = str(caught.value).splitlines()
    assert len(said) < 100
    assert said[0].startswith("none of the 50,000 photos that labels name is in the folder (p0.jpg first)")
    assert len(caught.value.findings) == 50_000


def test_sizes_before_turning_are_one_cause(tmp_path: Path, images: Path) -> None:
    rows = [f"{name}.jpg,30,40,cat,0,0,9,9" for name in "abc"]
    with pytest.raises(AnnotationError, match=r"^3 labels have the size that their photo has before its EXIF"):
        selection.read(images, table(tmp_path, *rows))


# What is mended and what is refused: the table of docs/labels.md.

MENDED = {
    "edge": ["a.jpg,40,30,cat,0,0,41,9"],
    "object twice": ["a.jpg,40,30,cat,0,0,9,9"] * 2,
    "no area": ["a.jpg,40,30,cat,0,0,9,9", "a.jpg,40,30,cat,5,5,5,9"],
    "class's blanks": ["a.jpg,40,30, cat,0,0,9,9"],
    "class as decimal": ["a.jpg,40,30,1.0,0,0,9,9"],
    "photo twice": ["a.jpg,40,30,,,,,"] * 2,
    "group twice": ["a.jpg,40,30,cat,0,0,9,9"],
    "no size": ["a.jpg,0,0,cat,0,0,9,9"],
}
REFUSED = {
    Kind.FORMAT: ["a.jpg,40,30,cat,0,0,9"],
    Kind.TWICE: ["a.jpg,40,30,cat,0,0,9,9", "A.jpg,40,30,cat,0,0,9,9"],
    Kind.NAME: [",40,30,cat,0,0,9,9"],
    Kind.MISSING: ["nowhere.jpg,40,30,cat,0,0,9,9"],
    Kind.SEVERAL: ["d.jpg,40,30,cat,0,0,9,9"],
    Kind.UNREADABLE: ["broken.jpg,,,cat,0,0,9,9"],
    Kind.SIZE: ["a.jpg,41,30,cat,0,0,9,9"],
    Kind.CLASS: ["a.jpg,40,30,dog,0,0,9,9"],
    Kind.NUMBER: ["a.jpg,40,30,cat,0,zero,9,9"],
    Kind.OUTSIDE: ["a.jpg,40,30,cat,0,0,41.5,9"],
    Kind.AREA: ["a.jpg,40,30,cat,5,5,5,9"],
    Kind.UNLABELLED: ["a.jpg,40,30,,,,,", ",40,30,cat,0,0,9,9"],
}


def test_what_is_harmless_is_mended_and_counted(tmp_path: Path, images: Path) -> None:
    assert MENDED.keys() == formats.MENDED.keys()
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,x\na.jpg,x\n")
    for kind, rows in MENDED.items():
        groups = tmp_path / "groups.csv" if kind == "group twice" else None
        found = selection.read(images, table(tmp_path, *rows), groups, ["cat", "1"])
        assert found.notes == [f"{formats.MENDED[kind]}: 1"]


def test_what_may_mislead_is_refused(tmp_path: Path, images: Path) -> None:
    pictures(images, "x/d.jpg", "y/d.jpg")
    (images / "broken.jpg").write_text("x")
    for kind, rows in REFUSED.items():
        with pytest.raises(AnnotationError) as caught:
            selection.read(images, table(tmp_path, *rows), classes=["cat", "1"])
        assert kind in {finding.kind for finding in caught.value.findings}


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "labels.md").read_text("utf-8")
    for words in [*formats.MENDED.values(), *(kind for kind in REFUSED)]:
        assert f"| {words} |" in page
    for name in formats.FORMATS:
        assert f"| `{name}` |" in page


# Public sets.


@pytest.mark.parametrize(
    ("images", "labels", "counts"),
    [
        ("raccoon/images", "raccoon/annotations", (200, 217)),
        ("raccoon/images", "raccoon/raccoon_labels.csv", (200, 217)),
        ("bccd/JPEGImages", "bccd/Annotations", (364, 4886)),
        ("bccd", "bccd", (364, 4886)),
    ],
)
def test_public_sets_are_read_whole(images: str, labels: str, counts: tuple[int, int]) -> None:
    if not OBJECTS.is_dir():
        pytest.skip(f"the sets aren't here ({OBJECTS})")
    found = selection.read(OBJECTS / images, OBJECTS / labels)
    assert (len(found.photos), sum(len(photo.objects) for photo in found.photos)) == counts


# Exports.


def yolo(root: Path, *parts: str) -> Path:
    """An export of Roboflow's in YOLO's form: a photo without objects and two with, in each part."""
    for part in parts:
        for number, rows in enumerate(
            ("0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.1 0.1\n", "", "1 0.1 0.1 0.5 0.1 0.5 0.6 0.1 0.6\n")
        ):
            pictures(root, f"{part}images/{part[:1]}{number}.jpg")
            file = root / f"{part}labels" / f"{part[:1]}{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(rows)
    (root / "data.yaml").write_text("names: [cat, dog]\nnc: 2\n")
    (root / "README.roboflow.txt").write_text("hello")
    return root


@pytest.mark.parametrize("parts", [("",), ("train/", "valid/", "test/")])
@pytest.mark.parametrize("place", ["", "data.yaml"])
def test_yolo_is_read(tmp_path: Path, parts: tuple[str, ...], place: str) -> None:
    root = yolo(tmp_path / "export", *parts)
    found = selection.read(root, root / place)
    by_name = {photo.filename: photo for photo in found.photos}
    assert len(by_name) == 3 * len(parts)
    for part in parts:
        first = by_name[f"{part}images/{part[:1]}0.jpg"]
        assert first.objects[0] == LabelledObject("cat", 10, 7.5, 30, 22.5)
        assert first.objects[1].name == "dog"
        assert by_name[f"{part}images/{part[:1]}1.jpg"].objects == []
        assert by_name[f"{part}images/{part[:1]}2.jpg"].objects[0].sides == pytest.approx((4, 3, 20, 18))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2 0.5 0.5 0.1 0.1", "row 1, class: 2 is the number of no class: there are 2"),
        ("0 0.5 0.5 0.1", "isn't a class and four numbers"),
        ("0 0.5 0.5 0.1 x", "isn't a class and four numbers"),
        ("0 20 15 5 5", "is outside the photo"),
    ],
)
def test_a_fault_in_yolo_names_file_and_row(tmp_path: Path, row: str, words: str) -> None:
    root = yolo(tmp_path / "export", "")
    (root / "labels" / "0.txt").write_text(row)
    with pytest.raises(AnnotationError) as caught:
        selection.read(root, root)
    (finding,) = caught.value.findings
    assert str(finding).startswith("labels/0.txt row 1, ")
    assert words in str(finding)


def test_yolo_without_names_says_what_to_write(tmp_path: Path) -> None:
    root = yolo(tmp_path / "export", "")
    (root / "data.yaml").unlink()
    with pytest.raises(AnnotationError, match=r"write data\.yaml with `names:"):
        selection.read(root, root)


def export(root: Path, form: str) -> Path:
    """Roboflow's export in a format, of which train and valid have photos of one name."""
    if form == "yolo":
        return yolo(root, "train/", "valid/")
    for part in ("train", "valid"):
        pictures(root / part, "p0.jpg", "p1.jpg")
        folder = root / part
        labels = [Photo(f"p{number}.jpg", 40, 30, "", [LabelledObject(part, 1, 2, 9, 20)]) for number in range(2)]
        if form == "csv":
            formats.write(labels, folder / "_annotations", "csv")
        elif form == "coco":
            formats.write(labels, folder / "_annotations.coco", "coco")
        elif form == "createml":
            box = {"label": part, "coordinates": {"x": 5, "y": 11, "width": 8, "height": 18}}
            entries = [{"image": photo.filename, "annotations": [box]} for photo in labels]
            (folder / "_annotations.createml.json").write_text(json.dumps(entries))
        else:
            written = formats.write(labels, root / "xml", "voc")
            for file in written.iterdir():
                file.rename(folder / file.name)
            written.rmdir()
    return root


@pytest.mark.parametrize("form", ["csv", "coco", "createml", "voc"])
def test_an_export_is_one_set_and_no_part_gets_the_others_labels(tmp_path: Path, form: str) -> None:
    root = export(tmp_path / "export", form)
    found = selection.read(root, root)
    assert kept(found) == {f"{part}/p{number}.jpg": [part] for part in ("train", "valid") for number in range(2)}
    assert any("the export's own split (train 2, valid 2) isn't used" in note for note in found.notes)


def test_an_exports_split_can_be_kept(tmp_path: Path) -> None:
    names = [f"{part}/p{number}.jpg" for part in ("train", "valid", "test") for number in range(4)]
    root = pictures(tmp_path / "export", *names)
    file = table(tmp_path, *(f"{name},40,30,cat,0,0,9,9" for name in names))
    found = formats.read(file, root, as_exported=True)
    means = {"train": "train", "valid": "calibration", "test": "validation"}
    for photo in found.photos:
        split = selection.split_of(photo.group, Split())
        assert split == means[photo.filename.split("/")[0]]
    again = formats.read_csv(formats.write(found, tmp_path / "again", "csv"))
    assert [photo.group for photo in again.photos] == [photo.group for photo in found.photos]


def test_copies_that_roboflow_made_are_a_group(tmp_path: Path) -> None:
    names = [f"street7_jpg.rf.{number:032x}.jpg" for number in range(3)] + ["other_png.rf.0123456789abcdef.jpg"]
    root = pictures(tmp_path / "export", *(f"train/{name}" for name in names))
    rows = [f"train/{name},40,30,cat,0,0,9,9" for name in names]
    photos = formats.read(table(tmp_path, *rows), root).photos
    assert [photo.group for photo in photos] == ["street7"] * 3 + ["other"]
    assert exports.COPY.fullmatch("plain.jpg") is None


# Label Studio, CVAT, LabelMe.


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
    assert "1 tasks that nobody has labelled were passed over" in found.notes
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

# Fuzzed: no label file gives anything but labels or a finding.


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


# Archives.


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../out.jpg", "/out.jpg", "a/../../out.jpg", "..\\out.jpg", "C:\\out.jpg"])
def test_nothing_is_unpacked_outside(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(AnnotationError, match="outside of its folder"):
        unpack(packed(tmp_path / "a.zip", {name: b"x"}), tmp_path / "in")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "in"]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(2**20))
    (tmp_path / "in").mkdir()
    with pytest.raises(AnnotationError, match="would unpack to more than"):
        unpack(tmp_path / "a.zip", tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


def test_a_broken_archive_names_the_member(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"a.jpg": b"0123456789" * 9})
    file.write_bytes(file.read_bytes().replace(b"0123456789", b"x123456789", 1))
    (tmp_path / "in").mkdir()
    with pytest.raises(AnnotationError, match=r"a\.zip, a\.jpg: can't be unpacked"):
        unpack(file, tmp_path / "in")
    file.write_bytes(b"PK nothing")
    with pytest.raises(AnnotationError, match=r"a\.zip: can't be unpacked"):
        unpack(file, tmp_path / "in")


def test_the_headers_of_our_own_csv_are_known() -> None:
    assert csv_file.heads(HEADER) == (",", HEADER.split(","))
