"""A ZIP of photos is unpacked into its folder or refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from training.data.archive import unpack
from training.errors import AnnotationError


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
