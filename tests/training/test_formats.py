"""Annotations are read with every fault named, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.training import digit_struct_file
from training.data.formats import read, read_csv
from training.data.labels import LabelledObject
from training.errors import AnnotationError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"
CLASSES = ("0", "1", "2")


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def findings(path: Path, images: Path | None = None, classes: tuple[str, ...] | None = CLASSES) -> list[str]:
    """The faults that make a file refused; the same are listed when it is read without them."""
    with pytest.raises(AnnotationError) as caught:
        read(path, images, classes)
    return list(map(str, caught.value.findings))


def test_rows_of_a_photo_are_joined_even_when_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4", "b.jpg,9,9,2,1,1,3,3", "a.jpg,9,9,0,4,0,9,9")
    photos = read(file, classes=CLASSES).photos
    assert [photo.filename for photo in photos] == ["a.jpg", "b.jpg"]
    assert [item.name for item in photos[0].objects] == ["1", "0"]


def test_a_photo_without_objects_is_a_row_with_an_empty_box(tmp_path: Path) -> None:
    (photo,) = read_csv(write(tmp_path / "a.csv", "a.jpg,9,9,,,,,"), CLASSES).photos
    assert photo.objects == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("a.jpg,9,9,7,0,0,4,4", "class"),
        ("a.jpg,9,9,,0,0,4,4", "class"),
        ("a.jpg,9,9,1,-1.5,0,4,4", "xmin"),
        ("a.jpg,9,9,1,0,0,10.5,4", "xmax"),
        ("a.jpg,9,9,1,0,0,4,10.5", "ymax"),
        ("a.jpg,9,9,1,5,0,4,4", "xmax"),
        ("a.jpg,9,9,1,0,4,4,4", "ymax"),
        ("a.jpg,9,9,1,zero,0,4,4", "xmin"),
        ("a.jpg,9,9,1,nan,0,4,4", "xmin"),
        ("a.jpg,0,9,1,0,0,4,4", "width"),
        ("a.jpg,9,9,1,0,0,4", "filename"),
        ("../a.jpg,9,9,1,0,0,4,4", "filename"),
        (",9,9,1,0,0,4,4", "filename"),
        ("good.jpg,9,9,,,,,", "filename"),
        ("good.jpg,8,9,1,0,0,4,5", "width"),
    ],
)
def test_a_fault_names_its_row_and_field(tmp_path: Path, row: str, field: str) -> None:
    file = write(tmp_path / "a.csv", "good.jpg,9,9,1,0,0,4,4", row)
    (finding,) = findings(file)
    assert finding.startswith(f"a.csv row 3, {field}: ")


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,7,0,0,4,4", "a.jpg,9,9,1,5,0,4,4", "a.jpg,9,9,1,0,0,4,4")
    assert [finding.split(",")[0] for finding in findings(file)] == ["a.csv row 2", "a.csv row 3"]


@pytest.mark.parametrize(
    "bad",
    [
        "a.jpg,9,9,7,0,0,4,4",
        "a.jpg,9,9,1,5,0,4,4",
        "a.jpg,8,9,1,0,0,4,4",
        "a.jpg,9.5,9,1,0,0,4,4",
        "a.jpg,9,9,1,0,0,4",
    ],
    ids=["class", "box", "other size", "broken size", "fields"],
)
@pytest.mark.parametrize("comes_first", [True, False])
def test_a_photo_with_a_bad_row_is_left_out_whole(tmp_path: Path, bad: str, comes_first: bool) -> None:
    """Half its labels would teach that the other objects are background."""
    rows = ["a.jpg,9,9,1,0,0,4,4", bad]
    file = write(tmp_path / "a.csv", *(reversed(rows) if comes_first else rows), "b.jpg,9,9,1,0,0,4,4")
    found = read(file, classes=CLASSES, skip_bad=True)
    assert [photo.filename for photo in found.photos] == ["b.jpg"]
    assert len(found.skipped) == 1
    assert [note for note in found.notes if "left out as well" in note] == found.notes[:1]


def test_what_stands_twice_counts_once(tmp_path: Path) -> None:
    rows = ["a.jpg,9,9,1,0,0,4,4", "a.jpg,9,9,1,0,0,4.0,4", "b.jpg,9,9,,,,,", "b.jpg,9,9,,,,,"]
    found = read(write(tmp_path / "a.csv", *rows), classes=CLASSES)
    assert [len(photo.objects) for photo in found.photos] == [1, 0]
    assert found.skipped == []
    assert found.notes == [
        "objects that stand twice, counted once: 1",
        "photos without objects that stand twice, counted once: 1",
    ]


def test_a_wrong_header_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9", header="name,width,height")
    with pytest.raises(
        AnnotationError, match="row 1: name,width,height is no header; the first row names the columns: filename,"
    ):
        read(file)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.mat"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", HEADER.encode(), b"[1]", b'{"images": [1]}'])
def test_an_empty_or_foreign_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(AnnotationError, match=name):
        read(file)


def test_groups_come_from_their_own_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4", "b.jpg,9,9,1,0,0,4,4")
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,scene\n")
    photos = read(file, groups=tmp_path / "groups.csv").photos
    assert [photo.group for photo in photos] == ["scene", "b.jpg"]


@pytest.mark.parametrize("row", ["a.jpg", "a.jpg,", ",scene", "a.jpg,scene,1"])
def test_a_group_that_is_not_said_is_a_fault(tmp_path: Path, row: str) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4", "b.jpg,9,9,1,0,0,4,4")
    (tmp_path / "groups.csv").write_text(f"filename,group\nb.jpg,scene\n{row}\n")
    with pytest.raises(AnnotationError, match=r"groups\.csv row 3: expected a file name and its group"):
        read(file, groups=tmp_path / "groups.csv")


def test_groups_of_other_photos_are_said(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4")
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,scene\nb.jpg,scene\n")
    assert read(file, groups=tmp_path / "groups.csv").notes == ["groups are given for 1 names that no photo has"]
    # Copies would lie in several splits.
    (tmp_path / "groups.csv").write_text("filename,group\nimages/a.jpg,scene\n")
    with pytest.raises(AnnotationError, match=r"no photo has one of the names .* like images/a\.jpg"):
        read(file, groups=tmp_path / "groups.csv")


def test_a_box_that_rounding_put_over_the_edge_is_cut_there(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,-0.4,0,4,9.001", "b.jpg,9,9,1,0,0,4,10.1")
    found = read(file, classes=CLASSES, skip_bad=True)
    assert found.photos[0].objects == [LabelledObject("1", 0, 0, 4, 9)]
    assert found.notes[0] == "boxes that hang over the edge of their photo, cut there: 1"
    assert list(map(str, found.skipped)) == ["a.csv row 3, ymax: 10.1 is outside the photo (0 to 9)"]


# Pascal VOC, as labelImg writes it.

VOC = """<annotation verified="yes">
	<folder>images</folder>
	<filename>{filename}</filename>
	<path>/home/somebody/images/{filename}</path>
	<source><database>Unknown</database></source>
	<size><width>{width}</width><height>30</height><depth>3</depth></size>
	<segmented>0</segmented>{objects}
</annotation>"""
OBJECT = """
	<object>
		<name>{name}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>{xmin}</xmin><ymin>2</ymin><xmax>9</xmax><ymax>20</ymax></bndbox>
	</object>"""


def voc(folder: Path, filename: str, *objects: str, width: object = 40) -> Path:
    folder.mkdir(exist_ok=True)
    text = VOC.format(filename=filename, width=width, objects="".join(objects))
    (folder / filename).with_suffix(".xml").write_text(text)
    return folder


def test_a_folder_of_pascal_voc_is_read(tmp_path: Path) -> None:
    folder = voc(tmp_path / "voc", "a.jpg", OBJECT.format(name="1", xmin=1), OBJECT.format(name="2", xmin=4.5))
    voc(folder, "b.jpg")
    first, second = read(folder, classes=CLASSES).photos
    assert first.objects == [LabelledObject("1", 1, 2, 9, 20), LabelledObject("2", 4.5, 2, 9, 20)]
    assert (first.filename, first.width, first.height, first.group) == ("a.jpg", 40, 30, "a.jpg")
    assert second.objects == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("<name>2", "<name>x"), "a.xml object 2, name: x is not one of 0, 1, 2"),
        (("<xmin>4<", "<xmin>-4<"), "a.xml object 2, bndbox/xmin: -4 is outside the photo (0 to 40)"),
        (("<xmin>4<", "<xmin>10<"), "a.xml object 2, bndbox/xmax: 9 is not above bndbox/xmin, 10"),
        (("<xmin>4</xmin>", ""), "a.xml object 2, bndbox/xmin: '' is not a number"),
        (("<width>40<", "<width>wide<"), "a.xml, size/width: 'wide' is not a number"),
        (("<filename>a.jpg", "<filename>"), "a.xml, filename: is missing"),
        (("</annotation>", ""), "a.xml, annotation: can't be read as XML"),
        (("<annotation verified", "<label><annotation verified"), "a.xml, annotation: can't be read as XML"),
        (("annotation", "label"), "a.xml, annotation: the file's root is label"),
    ],
)
def test_a_fault_in_pascal_voc_names_file_object_and_field(
    tmp_path: Path, change: tuple[str, str], finding: str
) -> None:
    folder = voc(tmp_path / "voc", "a.jpg", OBJECT.format(name="1", xmin=1), OBJECT.format(name="2", xmin=4))
    voc(folder, "b.jpg", OBJECT.format(name="1", xmin=1))
    file = folder / "a.xml"
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change))
    (found,) = findings(folder)
    assert found.startswith(finding)
    kept = read(folder, classes=CLASSES, skip_bad=True)
    assert list(map(str, kept.skipped)) == [found]
    assert "b.jpg" in {photo.filename for photo in kept.photos}


def test_a_size_that_is_not_said_is_the_files(tmp_path: Path) -> None:
    folder = voc(tmp_path / "voc", "a.jpg", OBJECT.format(name="1", xmin=1))
    file = folder / "a.xml"
    file.write_text(file.read_text().replace("size>", "extent>"))
    Image.new("RGB", (50, 60)).save(tmp_path / "a.jpg")
    (photo,) = read(folder, tmp_path).photos
    assert (photo.width, photo.height) == (50, 60)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no XML file"):
        read(tmp_path)


# COCO.


def coco(path: Path, **changes: Any) -> Path:
    document = {
        "info": {"year": 2026},
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 40, "height": 30, "license": 1},
            {"id": 9, "file_name": "b.jpg", "width": 40, "height": 30},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 8.5, 18], "area": 153, "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 4, "bbox": [4, 2, 5, 18], "segmentation": []},
        ],
        "categories": [{"id": 3, "name": "1"}, {"id": 4, "name": "2", "supercategory": "digit"}],
    }
    for key, (index, change) in changes.items():
        document[key][index].update(change)  # type: ignore[index]
    path.write_text(json.dumps(document))
    return path


def test_coco_is_read(tmp_path: Path) -> None:
    first, second = read(coco(tmp_path / "a.json"), classes=CLASSES).photos
    assert first.objects == [LabelledObject("1", 1, 2, 9.5, 20), LabelledObject("2", 4, 2, 9, 20)]
    assert second.objects == []


@pytest.mark.parametrize(
    ("key", "change", "finding"),
    [
        ("annotations", {"bbox": [1, 2, 3]}, "annotations[1], bbox: [1, 2, 3] is not four numbers"),
        ("annotations", {"bbox": [1, 2, 3, True]}, "annotations[1], bbox: [1, 2, 3, true] is not four numbers"),
        ("annotations", {"bbox": [-2, 2, 3, 4]}, "annotations[1], bbox[0]: -2 is outside the photo"),
        ("annotations", {"bbox": [1, 2, -1, 4]}, "annotations[1], bbox[0] + bbox[2]: 0 is not above bbox[0], 1"),
        ("annotations", {"bbox": [1, 2, 3, 90]}, "annotations[1], bbox[1] + bbox[3]: 92 is outside the photo"),
        ("annotations", {"category_id": 1}, "annotations[1], category_id: 1 is the id of no category"),
        ("annotations", {"iscrowd": 1}, "annotations[1], iscrowd: a crowd isn't one object"),
        ("categories", {"name": "x"}, "annotations[1], category_id: x is not one of 0, 1, 2"),
        ("images", {"width": None}, "images[1], width: '' is not a number"),
        ("images", {"file_name": "/b.jpg"}, "images[1], file_name: /b.jpg leaves the folder"),
        ("images", {"file_name": "\udc80.jpg"}, "images[1], file_name: '\\udc80.jpg' is not valid Unicode"),
        ("images", {"id": None}, "images[1], id: null is neither a whole number nor text"),
    ],
)
def test_a_fault_in_coco_names_element_and_field(
    tmp_path: Path, key: str, change: dict[str, Any], finding: str
) -> None:
    file = coco(tmp_path / "a.json", **{key: (1, change)})
    (found,) = findings(file)
    assert found.startswith(f"a.json {finding}")
    assert list(map(str, read(file, classes=CLASSES, skip_bad=True).skipped)) == [found]


def test_a_photo_whose_objects_are_all_bad_is_not_one_without_objects(tmp_path: Path) -> None:
    file = coco(tmp_path / "a.json", categories=(0, {"name": "x"}), annotations=(1, {"bbox": []}))
    assert [photo.filename for photo in read(file, classes=CLASSES, skip_bad=True).photos] == ["b.jpg"]


# SVHN.


@pytest.fixture
def svhn(tmp_path: Path) -> Path:
    """A folder as the official archives unpack to: PNGs and digitStruct.mat."""
    for name in ("1.png", "2.png", "3.png"):
        Image.new("RGB", (100, 50)).save(tmp_path / name)
    boxes: list[tuple[str, digit_struct_file.Boxes]] = [
        ("1.png", {"height": [30], "left": [10], "top": [5], "width": [20], "label": [10]}),
        ("2.png", {"height": [30, 31], "left": [-2, 40.5], "top": [5, 6], "width": [20, 80], "label": [1, 9]}),
        ("3.png", {"height": [30] * 3, "left": [10, 30, 50], "top": [5] * 3, "width": [20] * 3, "label": [2, 2, 10]}),
    ]
    digit_struct_file.write(tmp_path / "digitStruct.mat", boxes)
    return tmp_path


@pytest.mark.parametrize("name", ["", "digitStruct.mat"])
def test_svhns_own_labels_are_read(svhn: Path, name: str) -> None:
    found = read(svhn / name, svhn)
    one, two, three = found.photos
    assert one.objects == [LabelledObject("0", 10, 5, 30, 35)]
    assert (one.filename, one.width, one.height) == ("1.png", 100, 50)
    assert [item.name for item in three.objects] == ["2", "2", "0"]
    # Boxes of SVHN hang over the edge here and there.
    assert two.objects == [LabelledObject("1", 0, 5, 18, 35), LabelledObject("9", 40.5, 6, 100, 37)]
    assert found.notes == ["boxes that hang over the edge of their photo, cut there: 2"]


@pytest.mark.parametrize(
    ("field", "values", "finding"),
    [
        ("label", [1, 11], "item 2 (2.png) digit 2, bbox.label: 11 is none of 1 to 10"),
        ("label", [1], "item 2 (2.png), bbox: fields of different lengths: 1 of label, 2 of left"),
        ("left", [5, 120], "item 2 (2.png) digit 2, bbox.left + bbox.width: 100 is not above bbox.left, 120"),
        ("left", [5, float("nan")], "item 2 (2.png) digit 2, bbox.left: nan is not a finite number"),
        ("width", None, "item 2 (2.png), bbox.width: can't be read"),
    ],
)
def test_a_fault_in_digit_struct_names_item_digit_and_field(
    svhn: Path, field: str, values: list[float] | None, finding: str
) -> None:
    good: dict[str, list[float] | None] = {
        "height": [30, 31],
        "left": [2, 40],
        "top": [5, 6],
        "width": [20, 40],
        "label": [1, 9],
    }
    boxes = [
        (name, {key: kept for key, kept in (good | change).items() if kept is not None})
        for name, change in (("1.png", {}), ("2.png", {field: values}))
    ]
    digit_struct_file.write(svhn / "digitStruct.mat", boxes)
    (found,) = findings(svhn, svhn, None)
    assert found.startswith(f"digitStruct.mat {finding}")
    assert "1.png" in {photo.filename for photo in read(svhn, svhn, skip_bad=True).photos}


def test_a_png_that_is_missing_is_named(svhn: Path) -> None:
    (svhn / "2.png").unlink()
    assert findings(svhn, svhn, None) == ["digitStruct.mat item 2, name: 2.png: no such file in the folder"]


def test_the_labels_of_cropped_digits_are_refused(tmp_path: Path) -> None:
    # MATLAB 5, as train_32x32.mat is.
    (tmp_path / "train_32x32.mat").write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128) + b"\0" * 512)
    with pytest.raises(AnnotationError, match=r"MATLAB 7\.3 .* digitStruct\.mat of train\.tar\.gz"):
        read(tmp_path / "train_32x32.mat", tmp_path)
