from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import fingerprints, results


def writes(text: str) -> Callable[[Path], None]:
    def make(place: Path) -> None:
        place.mkdir(exist_ok=True)
        (place / "out.txt").write_text(text, "utf-8")

    return make


def fails(place: Path) -> None:
    raise RuntimeError("broken")


def test_a_current_result_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "result"
    made = results.make_current("thing", folder, "f1", writes("1"))
    again = results.make_current("thing", folder, "f1", fails)
    assert again == made
    assert "current: thing" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["delete", "change", "add"])
def test_a_result_that_was_touched_is_made_again(tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "result"
    results.make_current("thing", folder, "f1", writes("1"))
    if harm == "delete":
        (folder / "out.txt").unlink()
    elif harm == "change":
        (folder / "out.txt").write_text("other", "utf-8")
    else:
        (folder / "more.txt").touch()
    with pytest.raises(RuntimeError):
        results.make_current("thing", folder, "f1", fails)


def test_other_inputs_make_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    results.make_current("thing", folder, "f1", writes("1"))
    results.make_current("thing", folder, "f2", writes("2"))
    assert (folder / "out.txt").read_text("utf-8") == "2"


def test_an_unreadable_stamp_means_not_current(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    results.make_current("thing", folder, "f1", writes("1"))
    (folder / fingerprints.STAMP).write_text("{", "utf-8")
    assert not results.is_current(folder, "f1")


def test_a_resumable_result_goes_on_where_it_was_and_keeps_the_old_one_until_then(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "result"
    results.make_current("thing", folder, "f1", writes("old"), resumable=True)

    def interrupted(place: Path) -> None:
        place.mkdir()
        (place / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results.make_current("thing", folder, "f2", interrupted, resumable=True)
    assert (folder / "out.txt").read_text("utf-8") == "old"

    def continued(place: Path) -> None:
        assert (place / "half").exists()
        writes("new")(place)

    results.make_current("thing", folder, "f2", continued, resumable=True)
    assert (folder / "out.txt").read_text("utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_unfinished_work_for_other_inputs_is_not_continued(tmp_path: Path) -> None:
    folder = tmp_path / "result"

    def interrupted(place: Path) -> None:
        place.mkdir()
        (place / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results.make_current("thing", folder, "f1", interrupted, resumable=True)
    results.make_current("thing", folder, "f2", writes("new"), resumable=True)
    assert not (folder / "half").exists()
