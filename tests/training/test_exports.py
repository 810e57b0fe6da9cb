"""Exports of Roboflow: YOLO and the others, their splits and their copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.labelled import kept, pictures, table
from training.config import Split
from training.data import formats, selection
from training.data.formats import exports
from training.data.labels import LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Kind


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


@pytest.mark.parametrize("other", ["data-old.yaml", "a.yml", "old/data.yaml"])
def test_the_yaml_that_is_named_names_the_classes(tmp_path: Path, other: str) -> None:
    root = yolo(tmp_path / "export", "")
    (root / other).parent.mkdir(exist_ok=True)
    (root / other).write_text("names: {0: dog, 1: cat}\n")
    for place, first in (("data.yaml", "cat"), (other, "dog"))[: 1 + ("/" not in other)]:
        found = selection.read(root, root / place)
        assert found.photos[0].objects[0].name == first
    with pytest.raises(AnnotationError, match="name the classes differently; name the right one") as caught:
        selection.read(root, root)
    assert all(name in str(caught.value) for name in ("data.yaml", other))
    for agreeing in ("names: {0: cat, 1: dog}\n", "names: many\n", "date: 2023-13-45\n"):
        (root / other).write_text(agreeing)
        assert kept(selection.read(root, root))["images/0.jpg"] == ["cat", "dog"]


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


@pytest.mark.parametrize("form", ["csv", "coco", "createml", "voc", "yolo"])
def test_one_parts_photos_never_get_anothers_labels(tmp_path: Path, form: str) -> None:
    root = export(tmp_path / "export", form)
    images = root / "train" / ("images" if form == "yolo" else "")
    if form == "yolo":
        for file in [*(root / "valid").rglob("*.*")]:
            file.rename(file.with_name(file.name.replace("v", "t")))
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, root)
    assert {finding.kind for finding in caught.value.findings} == {Kind.TWICE}
    with pytest.raises(AnnotationError, match="has no usable entry"):
        selection.read(images, root, skip_bad=True)


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
