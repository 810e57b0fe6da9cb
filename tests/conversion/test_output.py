"""The result's folder: whole under its name, or the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversion.errors import OutputError
from conversion.output import replacement


def write(out: Path, text: str) -> None:
    with replacement(out, "marker") as folder:
        (folder / "marker").write_text(text)


def test_a_new_result_replaces_the_old_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "below" / "out"
    write(out, "old")
    (out / "only-old").touch()
    write(out, "new")
    assert [path.name for path in out.iterdir()] == ["marker"]
    assert (out / "marker").read_text() == "new"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_block_leaves_the_old_result_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    out = tmp_path / "out"
    write(out, "old")

    def fail() -> None:
        with replacement(out, "marker") as folder:
            (folder / "marker").write_text("half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert (out / "marker").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_result_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".out.old").mkdir()
    (tmp_path / ".out.old" / "marker").write_text("old")
    (tmp_path / ".out.new").mkdir()

    def fail() -> None:
        with replacement(tmp_path / "out", "marker"):
            raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        fail()
    assert (tmp_path / "out" / "marker").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_folders_and_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="holds other things"):
        write(tmp_path, "new")
    with pytest.raises(OutputError, match="is a file"):
        write(tmp_path / "thesis.txt", "new")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
