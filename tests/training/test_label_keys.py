"""Keys that stand twice are faults with both places named, and labels of no photo make no photo of nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.training.labelled import HEADER, coco, kept, table, voc
from training.data import selection
from training.errors import AnnotationError
from training.findings import Kind


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
