"""What a web model said is read as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.data.formats import Photo
from training.errors import ModelError
from training.evaluation.predictions import read_predictions

PHOTO = Photo("a.jpg", 40, 30, "", [])


def line(**detection: Any) -> str:
    box = {"xmin": 1, "ymin": 2, "xmax": 11, "ymax": 22}
    found = [{"class": "5", "score": 0.6, "box": box, **detection}]
    return json.dumps({"filename": "a.jpg", "width": 40, "height": 30, "milliseconds": 7, "detections": found})


def test_scores_of_other_classes_stand_in_the_order_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text(line(others={"3": 0.25}) + "\n")
    ((photo, found, milliseconds),) = read_predictions(path, [PHOTO], ["3", "4", "5"])
    assert (photo, milliseconds) == (PHOTO, 7)
    assert (found.classes.tolist(), found.scores.tolist()) == ([2], [0.6])
    assert found.boxes.tolist() == [[2, 1, 22, 11]]
    assert found.class_scores is not None
    assert found.class_scores.tolist() == [[0.25, 0, 0.6]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a file of predictions"),
        (line(score=2), "line 1"),
        (line(others={"3": -1}), "line 1"),
        ("", "no prediction for 1 photos, a.jpg first"),
    ],
)
def test_what_is_no_prediction_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text(text)
    with pytest.raises(ModelError, match=words):
        list(read_predictions(path, [PHOTO], ["3", "4", "5"]))
