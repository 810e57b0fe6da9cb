"""What the benchmark calls chance is none where two models say the same, and some where they don't."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.precision import figures, spread
from tests.training.conftest import run_step
from tests.training.test_metrics import CLASSES, judged
from training.data.selection import csv_text
from training.evaluation.metrics import Judged


def test_equal_models_differ_by_nothing_and_others_by_chance() -> None:
    right = [judged("012", "012") for _ in range(20)]
    half = [judged("012", "012" if number % 2 else "021") for number in range(20)]
    assert spread(right, right, CLASSES, 5).tolist() == [0, 0]
    errors = spread(right, half, CLASSES, 20)
    # Of 20 coins, about 0.11 is the standard error of their mean.
    assert errors[0] == pytest.approx(2 / 3 * 0.11, rel=0.5)


def test_photos_are_drawn_in_pairs() -> None:
    half = [judged("012", "012" if number % 2 else "021") for number in range(20)]
    lower = [Judged(one.photo, replace(one.detections, scores=one.detections.scores / 2)) for one in half]
    np.testing.assert_allclose(figures(half, CLASSES), figures(lower, CLASSES))
    assert spread(half, lower, CLASSES, 5).tolist() == [0, 0]


def evaluation(folder: Path, label: str, score: float, cropped: bool = False) -> Path:
    """What an evaluation leaves of two photos with ``label``, of which a web model reads the first alone."""
    photos = [replace(judged(label, "").photo, filename=name) for name in ("a.jpg", "b.jpg")]
    annotations = folder / ("cropped" if cropped else "annotations") / "annotations.csv"
    annotations.parent.mkdir(parents=True)
    annotations.write_text(csv_text(photos))
    sides = ("xmin", "ymin", "xmax", "ymax")
    found = [
        {"class": item.name, "score": score, "box": {side: getattr(item, side) for side in sides}}
        for item in photos[0].objects
    ]
    lines = [
        {"filename": name, "width": 200, "height": 50, "milliseconds": 1.0, "detections": said}
        for name, said in (("a.jpg", found), ("b.jpg", []))
    ]
    (folder / "predictions").mkdir()
    (folder / "predictions" / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "evaluation"


@pytest.mark.parametrize("cropped", [False, True])
def test_two_evaluations_are_a_table(cropped: bool, tmp_path: Path) -> None:
    both = evaluation(tmp_path / "one", "012", 0.9, cropped), evaluation(tmp_path / "other", "012", 0.4, cropped)
    done = run_step("benchmarks.precision", *both, "--classes", ",".join(CLASSES))
    assert done.returncode == 0, done.stderr
    one, other, difference = done.stdout.splitlines()[-3:]
    # Half of the objects are found, surest first: 51 of COCO's 101 recalls.
    assert one == "| one | 0.5050 / 0.5050 | 0.5050 / 0.5050 |"
    assert other == one.replace("one", "other")
    assert difference.startswith("| difference | +0.0000 (standard error 0.0000)")


def test_evaluations_of_other_photos_are_refused(tmp_path: Path) -> None:
    both = evaluation(tmp_path / "one", "012", 0.9), evaluation(tmp_path / "other", "021", 0.9)
    done = run_step("benchmarks.precision", *both, "--classes", ",".join(CLASSES))
    assert done.returncode == 2
    assert "not of the same photos; evaluate both with the same flags" in done.stderr
