"""Tables are read as programs and people save them, and a broken row costs one photo."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.training.labelled import HEADER, kept, table
from training.data import formats
from training.data.labels import LabelledObject, Photo
from training.errors import AnnotationError

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


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK\x03\x04\x00\xff", "a spreadsheet is saved as CSV"),
        ("a.zip", b"PK\x05\x06\x00\xff", "an archive of photos and labels is named by --images"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1", "a spreadsheet is saved as CSV"),
        ("a.txt", b"0 0.5 0.5 0.25 0.25\n", "name the folder of all of them"),
        ("a.json", b'{"_via_settings": {}}', "JSON of a form that isn't known; known are COCO"),
        ("a.csv", b"a.jpg,1,2,9,20,cat\n", "is no header; the first row names the columns: filename"),
    ],
)
def test_another_kind_of_file_is_named_with_what_to_do(
    tmp_path: Path, images: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnnotationError, match=words):
        formats.read(tmp_path / name, images)


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("row", ["{},40,30,cat,0,0,9,9", "b.jpg,40,30,{},0,0,9,9"])
def test_a_field_that_is_too_long_costs_one_photo(tmp_path: Path, row: str, quote: str) -> None:
    rows = ["a.jpg,40,30,cat,0,0,9,9", row.format(f"{quote}{'x' * 140_000}{quote}"), "c.jpg,40,30,cat,0,0,9,9"]
    found = formats.read(table(tmp_path, *rows), skip_bad=True)
    assert kept(found) == {"a.jpg": ["cat"], "c.jpg": ["cat"]}
    assert [str(one).partition(": ")[2] for one in found.skipped] == ["a field has more than 131,072 characters"]
    assert found.skipped[0].where.element == "row 3"


@pytest.mark.parametrize("text", ["=1+1", "+a", "-1", "@me", "'=x", "''-x", "'x", "-", "a=b", "=", "浣熊"])
def test_no_cell_is_a_formula_and_every_name_comes_back(tmp_path: Path, text: str) -> None:
    name = f"{text}.jpg"
    before = Photo(name, 40, 30, text, [LabelledObject(text, 1.5, 2, 9, 20)])
    file = tmp_path / "a.csv"
    with file.open("w") as stream:
        formats.write_rows([before], stream)
    with file.open(newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if len(cell) > 1 and cell[0] in "=+-@\t\r"]
    (after,) = formats.read_csv(file).photos
    assert after == before
