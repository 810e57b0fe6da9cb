"""A step on a road says where it stands; one alone says its name; one that is current says only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import progress, results
from infra.pipeline import Road


def make(folder: Path, name: str = "train") -> results.Stamp:
    return results.make_current(name, folder, "f" * 64, lambda place: place.mkdir())


@pytest.mark.parametrize(
    ("seconds", "passed", "words"),
    [
        (0, 30, ""),
        (60, 15, ", about 40 s left"),
        (25, 23, ", about 5 s left"),
        (600, 15, ", about 10 min left"),
        (25, 30, ", longer than usual"),
    ],
)
def test_what_is_left_is_said_where_it_is_known(seconds: float, passed: float, words: str) -> None:
    assert progress.left(seconds, passed) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(380, "about 6 min left"), (1750, "about 29 min left"), (70, "about a minute left"), (3, "about a minute left")],
)
def test_a_step_says_where_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: float, words: str
) -> None:
    with progress.place(3, 12, seconds):
        make(tmp_path / "checkpoints")
        make(tmp_path / "checkpoints")
    first, _, *again = capsys.readouterr().err.splitlines()
    assert first == f"step 3 of 12: train, {words}"
    assert [line.split(":")[0] for line in again] == ["current"]
    make(tmp_path / "alone")
    assert capsys.readouterr().err.startswith("train ...\n")


def test_a_road_knows_how_long_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    road = Road(["plan", "race", "train", "convert"])
    config = tmp_path / "config.yaml"
    config.write_text("training: {minutes: 20}\n", "utf-8")
    road.expect(config)
    road.go("race", lambda: make(tmp_path / "race", "race"))
    road.go("train", lambda: make(tmp_path / "train"))
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("step")]
    assert lines == ["step 2 of 4: race, about 23 min left", "step 3 of 4: train, about 21 min left"]
    assert list(road.seconds) == ["race", "train"]
