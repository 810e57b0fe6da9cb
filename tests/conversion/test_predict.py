"""The prediction step from its command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conversion import contracts, predict, step
from tests.conversion.conftest import MakeWebModel

Predict = Callable[..., int]


@pytest.fixture
def run(
    make_web_model: MakeWebModel,
    web_runtime: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Predict:
    """Runs the step in this process with changed arguments and returns its exit code."""
    _, folder = make_web_model()
    arguments = {
        "web-model": folder,
        "web-runtime": web_runtime,
        "images": photos / "images",
        "annotations": photos / "annotations.csv",
        "out": tmp_path / "out",
    }

    def run(**changes: Any) -> int:
        given = arguments | {name.replace("_", "-"): value for name, value in changes.items()}
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        monkeypatch.setattr(sys, "argv", ["predict", *words])
        return step.run(predict.main)

    return run


def lines(tmp_path: Path) -> list[Any]:
    """The step's output."""
    return [json.loads(line) for line in (tmp_path / "out/predictions.jsonl").read_text().splitlines()]


def test_every_photo_gets_a_line_in_file_order(run: Predict, tmp_path: Path) -> None:
    assert run() == 0
    predictions = lines(tmp_path)
    assert [contracts.violation("prediction", line) for line in predictions] == [None] * 4
    assert [line["filename"] for line in predictions] == [f"photo{index}.png" for index in range(4)]
    assert [line["width"] for line in predictions] == [90, 120, 150, 180]
    scores = [detection["score"] for detection in predictions[0]["detections"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= 0.01


def test_the_least_score_can_be_chosen(run: Predict, tmp_path: Path) -> None:
    assert run(min_score=0.9) == 0
    scores = [found["score"] for line in lines(tmp_path) for found in line["detections"]]
    assert scores
    assert min(scores) >= 0.9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"web_model": "nowhere"}, "nowhere: is no web model"),
        ({"images": "nowhere"}, "nowhere/photo0.png: no such photo"),
        ({"annotations": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_bad_input_is_said_and_leaves_the_old_result(
    run: Predict,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: str,
) -> None:
    assert run() == 0
    before = (tmp_path / "out/predictions.jsonl").read_bytes()
    assert run(**changes) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert (tmp_path / "out/predictions.jsonl").read_bytes() == before


def test_a_score_above_one_is_a_usage_error(run: Predict, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(min_score=2)
    assert caught.value.code == 2
    assert "2 is not a score" in capsys.readouterr().err
