"""What scores are worth, on cases whose answer is known, and on detections whose odds are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.training.test_analysis import case
from training.detector.scores import shown
from training.evaluation import reliability
from training.evaluation.analysis import Outcome


def seen(scores: np.ndarray, right: np.ndarray) -> list[Outcome]:
    """A photo for each detection, which stands for its label or for nothing."""
    return [case("0", [("0", 0 if hit else 5, float(score))]) for score, hit in zip(scores, right, strict=True)]


def drawn(count: int, seed: int, bend: float) -> list[Outcome]:
    """Detections whose odds of being right rise with their score, as ``bend`` says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.06, 0.99, count)
    return seen(scores, rng.uniform(size=count) < scores**bend)


def test_reliability_compares_scores_with_what_is_right() -> None:
    outcomes = [
        case("01", [("0", 0, 0.95), ("1", 1, 0.95), ("2", 7, 0.01)]),
        case("01", [("0", 0, 0.65), ("2", 1, 0.65)]),
    ]
    bins, error = reliability.reliability(outcomes)
    assert [one.score for one in bins] == pytest.approx([0.65, 0.95])
    assert [(one.right, one.detections) for one in bins] == [(1, 2), (2, 2)]
    assert error == pytest.approx((2 * 0.15 + 2 * 0.05) / 4)


def test_nothing_found_has_no_reliability() -> None:
    assert reliability.reliability([case("01", [])]) == ([], 0)
    assert reliability.fit([case("01", [])]) is None


@pytest.mark.parametrize("bend", [0.3, 1.0, 3.0])
def test_shown_scores_are_as_often_right_as_they_say_on_other_photos(bend: float) -> None:
    calibration = reliability.fit(drawn(1500, 1, bend))
    others = drawn(3000, 2, bend)
    _, raw = reliability.reliability(others)
    _, error = reliability.reliability(others, calibration)
    assert error <= 0.03
    assert error <= raw + 0.01, "what was right isn't spoilt"


def test_a_few_detections_bend_scores_only_a_little() -> None:
    few = np.linspace(0.3, 0.9, 25)
    calibration = reliability.fit(seen(few, few > 0.45))
    assert calibration is not None
    assert 0 < shown(np.array([0.3]), calibration)[0] < 0.3
    assert 0.7 < shown(np.array([0.9]), calibration)[0] < 1


@pytest.mark.parametrize(("right", "wrong"), [(0, 50), (50, 0), (50, 4), (4, 50), (6, 6)])
def test_too_few_detections_give_no_calibration(right: int, wrong: int) -> None:
    scores = np.full(right + wrong, 0.5)
    assert reliability.fit(seen(scores, np.arange(right + wrong) < right)) is None


@pytest.mark.parametrize("seed", range(8))
def test_a_surer_detection_is_never_shown_as_a_less_sure_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Whatever the photos say: here, that sure detections are wrong more often.
    scores = rng.uniform(0.06, 0.99, 200)
    calibration = reliability.fit(seen(scores, rng.uniform(size=200) > scores))
    assert calibration is not None
    assert all(low < high for low, high in pairwise(calibration["scores"]))
    assert all(0 <= low <= high <= 1 for low, high in pairwise(calibration["probabilities"]))
