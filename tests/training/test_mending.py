"""What is harmless is mended and counted, what may mislead is refused with its cause first; public sets are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.training.conftest import ROOT
from tests.training.labelled import pictures, table
from training.data import formats, selection
from training.errors import AnnotationError
from training.findings import Kind

OBJECTS = ROOT / ".." / "shared" / "data" / "objects"


def test_a_missing_folder_is_one_cause_and_few_lines(tmp_path: Path, images: Path) -> None:
    file = table(tmp_path, *(f"p{number}.jpg,40,30,cat,0,0,9,9" for number in range(5_000)))
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, file)
    said = str(caught.value).splitlines()
    assert len(said) < 100
    assert said[0].startswith("none of the 5,000 photos that labels name is in the folder (p0.jpg first)")
    assert len(caught.value.findings) == 5_000


@pytest.mark.parametrize(
    ("orientation", "size", "words"),
    [
        (6, (40, 30), "3 labels have the size that their photo has before its EXIF"),
        (8, (40, 30), "3 labels have the size that their photo has before its EXIF"),
        (1, (30, 40), "3 labels have width and height swapped, and no EXIF orientation explains it"),
        (3, (30, 40), "3 labels have width and height swapped, and no EXIF orientation explains it"),
    ],
)
def test_sizes_that_are_swapped_are_one_cause(
    tmp_path: Path, orientation: int, size: tuple[int, int], words: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in "abc":
        Image.new("RGB", (40, 30)).save(tmp_path / f"{name}.jpg", exif=exif)
    rows = [f"{name}.jpg,{size[0]},{size[1]},cat,0,0,9,9" for name in "abc"]
    with pytest.raises(AnnotationError, match=f"^{words}"):
        selection.read(tmp_path, table(tmp_path, *rows))


@pytest.mark.parametrize(
    ("width", "height", "factor"), [(80, 60, "2.00"), (20, 15, "0.50"), (100, 75, "2.50"), (57, 43, "1.43")]
)
def test_photos_that_were_scaled_are_one_cause(
    tmp_path: Path, images: Path, width: int, height: int, factor: str
) -> None:
    rows = [f"{name}.jpg,{width},{height},cat,0,0,9,9" for name in "abc"]
    with pytest.raises(AnnotationError, match=f"^3 labels of photos that are {factor} times as large as the files"):
        selection.read(images, table(tmp_path, *rows))


def test_sizes_that_differ_otherwise_have_no_common_cause(tmp_path: Path, images: Path) -> None:
    rows = [f"{name}.jpg,{41 + place},{37 - place},cat,0,0,9,9" for place, name in enumerate("abc")]
    with pytest.raises(
        AnnotationError, match=r"none of the labelled photos is there and readable\nsizes that differ: 3"
    ):
        selection.read(images, table(tmp_path, *rows))


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
    Kind.SHARES: ["a.jpg,40,30,cat,0,0,9,9", "a.jpg,40,30,cat,0.1,0.1,0.9,0.9"],
    Kind.UNLABELLED: ["a.jpg,40,30,,,,,", ",40,30,cat,0,0,9,9"],
}


def test_what_is_harmless_is_mended_and_counted(tmp_path: Path, images: Path) -> None:
    assert MENDED.keys() == formats.MENDED.keys()
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,x\na.jpg,x\n")
    for kind, rows in MENDED.items():
        groups = tmp_path / "groups.csv" if kind == "group twice" else None
        found = selection.read(images, table(tmp_path, *rows), groups, ["cat", "1"])
        assert [note for note in found.notes if "without a label" not in note] == [f"{formats.MENDED[kind]}: 1"]


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
