"""Where a model goes wrong, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from training.data.formats import LabelledObject, Photo
from training.detector.recognition import Detections
from training.evaluation import analysis
from training.evaluation.analysis import Outcome
from training.evaluation.metrics import THRESHOLDS, Judged

CLASSES = ["0", "1", "2"]
Found = list[tuple[str, float, float]]
"""Class, place and score of each detection, best first."""


def case(label: str, found: Found, height: float = 30.0, name: str = "a.jpg") -> Outcome:
    """A row of digits 20 pixels apart, ``height`` high, in a photo of 200 × 100."""
    objects = [LabelledObject(digit, 20.0 * i, 10, 20.0 * i + 15, 10 + height) for i, digit in enumerate(label)]
    detections = Detections(
        np.array([CLASSES.index(digit) for digit, _, _ in found], np.int64),
        np.array([score for _, _, score in found], np.float64),
        np.array([[10, 20 * place, 10 + height, 20 * place + 15] for _, place, _ in found], np.float64).reshape(-1, 4),
    )
    return analysis.outcome(Judged(Photo(name, 200, 100, "", objects), detections), CLASSES)


def test_a_label_is_meant_once_by_the_surest_detection() -> None:
    one = case("01", [("0", 0, 0.9), ("2", 0, 0.8), ("2", 1, 0.7), ("1", 5, 0.6)])
    assert one.meant.tolist() == [0, -1, 1, -1]
    assert one.right.tolist() == [True, False, False, False]


def test_confusions_count_missed_and_extra_ones() -> None:
    outcomes = [
        case("01", [("0", 0, 0.9), ("2", 1, 0.7), ("1", 5, 0.6)]),
        case("22", [("2", 0, 0.9), ("2", 1, 0.2)]),
        case("", [("0", 3, 0.8)]),
    ]
    table = analysis.confusion(outcomes, 3, 0.5)
    assert table.tolist() == [
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 1],
        [1, 1, 0, 0],
    ]
    assert analysis.extras(outcomes, 0.5) == 2


def test_heights_are_those_in_the_input() -> None:
    # 200 × 100 into 100 × 100: 30 pixels become 15, 20 become 10.
    outcomes = [
        case("01", [("0", 0, 0.9), ("2", 1, 0.7)]),
        case("01", [("0", 0, 0.9)], height=20.0),
    ]
    assert analysis.by_height(outcomes, (100, 100), 0.5) == [(8.0, 12.0, 1, 0, 1), (12.0, 16.0, 1, 1, 0)]


def test_reliability_compares_scores_with_what_is_right() -> None:
    outcomes = [
        case("01", [("0", 0, 0.95), ("1", 1, 0.95), ("2", 7, 0.01)]),
        case("01", [("0", 0, 0.65), ("2", 1, 0.65)]),
    ]
    bins, error = analysis.reliability(outcomes)
    assert [one.score for one in bins] == pytest.approx([0.65, 0.95])
    assert [(one.right, one.detections) for one in bins] == [(1, 2), (2, 2)]
    assert error == pytest.approx((2 * 0.15 + 2 * 0.05) / 4)


def test_nothing_found_has_no_reliability() -> None:
    assert analysis.reliability([case("01", [])]) == ([], 0)


def test_the_sweep_gives_what_each_threshold_would() -> None:
    found = analysis.sweep([case("01", [("0", 0, 0.9), ("1", 1, 0.5), ("2", 7, 0.3)])], CLASSES, "lines")
    at = {round(float(value), 2): index for index, value in enumerate(THRESHOLDS)}
    assert found.precision[[at[0.2], at[0.4], at[0.6]]].tolist() == [pytest.approx(2 / 3), 1, 1]
    assert found.recall[[at[0.2], at[0.4], at[0.6]]].tolist() == [1, 1, 0.5]
    assert np.isnan(found.precision[at[0.95]])
    assert found.full_numbers is not None
    assert found.full_numbers[[at[0.2], at[0.4], at[0.6]]].tolist() == [0, 1, 0]
    assert analysis.sweep([case("0", [])], CLASSES, "none").full_numbers is None


def test_the_worst_photos_come_first_and_right_ones_never() -> None:
    outcomes = [
        case("01", [("0", 0, 0.6), ("1", 1, 0.6)], name="right but unsure"),
        case("01", [("0", 0, 0.9), ("2", 1, 0.9)], name="sure and wrong"),
        case("01", [("0", 0, 0.9)], name="missed one"),
    ]
    worst = analysis.worst(outcomes, CLASSES, "lines", 0.5, 50)
    assert [one.judged.photo.filename for one in worst] == ["sure and wrong", "missed one"]
    assert analysis.regret(worst[0], 0.5) == pytest.approx(0.1 + 1 + 0.9)
    assert len(analysis.worst(outcomes, CLASSES, "lines", 0.5, 1)) == 1
