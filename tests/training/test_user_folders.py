"""A folder as people have it: what counts, and what is passed over and said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.training.labelled import kept, pictures, table, voc
from training.data import selection
from training.data.folder import walk
from training.data.formats import unlabelled
from training.errors import AnnotationError


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
