"""Annotations are read with every fault named, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from training.data.formats import read_csv, write_csv
from training.errors import AnnotationError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"
CLASSES = ("0", "1", "2")


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_rows_of_a_photo_are_joined_even_when_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4", "b.jpg,9,9,2,1,1,3,3", "a.jpg,9,9,0,4,0,9,9")
    photos = read_csv(file, CLASSES).photos
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
        ("a.jpg,9,9,1,-1,0,4,4", "xmin"),
        ("a.jpg,9,9,1,0,0,10,4", "xmax"),
        ("a.jpg,9,9,1,0,0,4,9.5", "ymax"),
        ("a.jpg,9,9,1,5,0,4,4", "xmax"),
        ("a.jpg,9,9,1,0,4,4,4", "ymax"),
        ("a.jpg,9,9,1,zero,0,4,4", "xmin"),
        ("a.jpg,9,9,1,nan,0,4,4", "xmin"),
        ("a.jpg,0,9,1,0,0,4,4", "width"),
        ("a.jpg,9,9,1,0,0,4", "filename"),
        ("../a.jpg,9,9,1,0,0,4,4", "filename"),
        ("good.jpg,9,9,1,0,0,4,4", "filename"),
        ("good.jpg,8,9,1,0,0,4,5", "width"),
    ],
)
def test_a_fault_names_its_row_and_field(tmp_path: Path, row: str, field: str) -> None:
    file = write(tmp_path / "a.csv", "good.jpg,9,9,1,0,0,4,4", row)
    with pytest.raises(AnnotationError) as caught:
        read_csv(file, CLASSES)
    (finding,) = caught.value.findings
    assert finding.startswith(f"a.csv row 3, {field}: ")


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,7,0,0,4,4", "a.jpg,9,9,1,5,0,4,4", "a.jpg,9,9,1,0,0,4,4")
    with pytest.raises(AnnotationError) as caught:
        read_csv(file, CLASSES)
    assert [finding.split(",")[0] for finding in caught.value.findings] == ["a.csv row 2", "a.csv row 3"]


def test_bad_rows_are_left_out_and_listed_when_asked(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,7,0,0,4,4", "a.jpg,9,9,1,0,0,4,4")
    found = read_csv(file, CLASSES, skip_bad=True)
    assert len(found.photos[0].objects) == 1
    assert len(found.skipped) == 1


def test_a_wrong_header_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9", header="name,width,height")
    with pytest.raises(AnnotationError, match="row 1: the header is name,width,height; expected filename"):
        read_csv(file)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", HEADER.encode()])
def test_an_empty_or_binary_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(AnnotationError, match=r"a\.csv"):
        read_csv(file)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0.25,0,4,4,g", "b.jpg,7,8,,,,,,g", header=f"{HEADER},group")
    photos = read_csv(file).photos
    text = io.StringIO()
    write_csv(photos, text)
    (tmp_path / "b.csv").write_text(text.getvalue())
    assert read_csv(tmp_path / "b.csv").photos == photos


def test_groups_come_from_their_own_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "a.jpg,9,9,1,0,0,4,4", "b.jpg,9,9,1,0,0,4,4")
    (tmp_path / "groups.csv").write_text("filename,group\na.jpg,scene\n")
    photos = read_csv(file, groups=tmp_path / "groups.csv").photos
    assert [photo.group for photo in photos] == ["scene", "b.jpg"]
