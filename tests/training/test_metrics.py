"""Figures of merit on cases whose answer is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from training.data.formats import LabelledObject, Photo
from training.detector.recognition import Detections
from training.evaluation.average_precision import average_precision
from training.evaluation.metrics import (
    ENOUGH,
    Judged,
    best_threshold,
    class_thresholds,
    count_matches,
    full_number_accuracy,
    wilson,
)
from training.evaluation.words import plural

CLASSES = ["0", "1", "2"]


def judged(label: str, said: str, score: float = 0.9, shift: float = 0.0) -> Judged:
    """A photo with a row of digits, and a model that says ``said`` at the same places, moved by ``shift`` pixels."""
    objects = [LabelledObject(name, 20.0 * i, 10, 20.0 * i + 15, 40) for i, name in enumerate(label)]
    boxes = [[10, 20.0 * i + shift, 40, 20.0 * i + 15 + shift] for i in range(len(said))]
    detections = Detections(
        np.array([CLASSES.index(name) for name in said], np.int64),
        np.full(len(said), score),
        np.array(boxes, np.float64).reshape(-1, 4),
    )
    return Judged(Photo("a.jpg", 200, 50, "", objects), detections)


def test_a_number_is_right_only_when_every_digit_is() -> None:
    cases = [judged("012", "012"), judged("012", "02"), judged("01", "02"), judged("", ""), judged("", "1")]
    assert full_number_accuracy(cases, CLASSES, "lines", 0.5)[0] == 2 / 5


def test_objects_that_stand_alone_have_no_order() -> None:
    mixed = judged("012", "012")
    detections = mixed.detections
    backwards = Detections(detections.classes[::-1], detections.scores, detections.boxes)
    cases = [Judged(mixed.photo, backwards)]
    assert full_number_accuracy(cases, CLASSES, "lines", 0.5)[0] == 0
    assert full_number_accuracy(cases, CLASSES, "none", 0.5)[0] == 1


def test_perfect_detections_have_a_precision_of_one() -> None:
    found = average_precision([judged("012", "012"), judged("11", "11")], CLASSES)
    assert (found.map, found.map50) == pytest.approx((1, 1))
    assert found.per_class == pytest.approx({"0": 1, "1": 1, "2": 1})
    assert all(curve == pytest.approx(np.ones(101)) for curve in found.curves.values())


def test_a_place_counts_as_every_class_that_scores_there() -> None:
    # Both photos show a 0; the second is taken for a 1, and for a 0 with less.
    right, wrong = judged("0", "0"), judged("0", "1", score=0.6)
    scores = np.array([[0.3, 0.6, 0.0]])
    doubtful = Judged(wrong.photo, replace(wrong.detections, class_scores=scores))
    assert average_precision([right, wrong], CLASSES).per_class["0"] == pytest.approx(0.5, abs=0.01)
    assert average_precision([right, doubtful], CLASSES).per_class["0"] == pytest.approx(1)
    # What is doubtful ranks where its score puts it: behind a false alarm that is surer.
    alarm = judged("", "0", score=0.5)
    assert average_precision([right, alarm, doubtful], CLASSES).per_class["0"] == pytest.approx(5 / 6, abs=0.01)


def test_loose_boxes_count_at_half_overlap_only() -> None:
    found = average_precision([judged("012", "012", shift=4)], CLASSES)
    assert found.map50 == pytest.approx(1)
    assert 0 < found.map < 0.5


def test_a_class_without_objects_has_no_precision() -> None:
    found = average_precision([judged("00", "00")], CLASSES)
    assert math.isnan(found.per_class["1"])
    assert set(found.curves) == {"0"}


@pytest.mark.parametrize("cases", [[judged("01", "")], [judged("", "01")]])
def test_nothing_found_or_nothing_there_is_zero(cases: list[Judged]) -> None:
    found = average_precision(cases, CLASSES)
    assert (found.map, found.map50) == (0, 0)


def test_matches_are_counted_once_each() -> None:
    twice = judged("0", "0")
    detections = Detections(np.zeros(2, np.int64), np.array([0.9, 0.8]), np.repeat(twice.detections.boxes, 2, axis=0))
    assert count_matches([Judged(twice.photo, detections)], CLASSES, 0.5)["0"] == (1, 2, 1)


@pytest.mark.parametrize("reading", ["lines", "none"])
def test_the_threshold_parts_right_from_wrong_detections(reading: str) -> None:
    cases = [judged("012", "012", score=0.8) for _ in range(5)]
    cases += [judged("", "1", score=0.3) for _ in range(5)]
    threshold, figure = best_threshold(cases, CLASSES, reading)
    assert 0.3 < threshold <= 0.8
    assert figure == 1


def test_a_photo_that_is_right_at_low_thresholds_only_does_not_draw_the_threshold_there() -> None:
    cases = [judged("012", "012", score=0.6) for _ in range(20)]
    cases += [judged("", "1", score=0.2) for _ in range(5)]
    assert best_threshold(cases, CLASSES, "lines")[0] == pytest.approx(0.4, abs=0.02)
    cases.append(judged("0", "0", score=0.26))
    assert best_threshold(cases, CLASSES, "lines")[0] == pytest.approx(0.4, abs=0.02)
    # Several such photos are no chance.
    cases += [judged("0", "0", score=0.26) for _ in range(5)]
    assert best_threshold(cases, CLASSES, "lines")[0] <= 0.26


@pytest.mark.parametrize("right", [0, 1])
def test_where_hardly_a_number_is_read_what_is_found_is_shown(right: int) -> None:
    cases = [judged("012", "010", score=0.2) for _ in range(20)]
    cases[:right] = [judged("012", "012", score=0.2) for _ in range(right)]
    threshold, figure = best_threshold(cases, CLASSES, "lines")
    assert threshold <= 0.2
    assert figure == pytest.approx(right / 20)


def test_the_interval_is_wilsons() -> None:
    # Wilson 1927; the values stand in many textbooks' tables.
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_a_class_has_a_threshold_of_its_own_only_where_that_pays() -> None:
    # 0 is right from 0.5 on; 1 from 0.2 on, and never wrong; 2 is too rare to say.
    cases = [judged("0", "0", score=0.7), judged("", "0", score=0.4), judged("1", "1", score=0.25)] * ENOUGH
    cases += [judged("2", "2", score=0.1)] * (ENOUGH - 1)
    common = 0.55
    found = class_thresholds(cases, CLASSES, common)
    assert list(found) == ["1"]
    assert 0.05 <= found["1"] <= 0.25
    kept = np.array([common, found["1"], common])
    hits, _, objects = count_matches(cases, CLASSES, kept)["1"]
    assert hits == objects


def test_intervals_hold_the_figure_and_shrink_with_photos() -> None:
    some = [judged("012", "012"), judged("01", "02"), judged("22", "2", shift=4.0), judged("1", "")]
    few, many = average_precision(some * 3, CLASSES), average_precision(some * 48, CLASSES)
    lengths = []
    for found in (few, many):
        for figure, interval in ((found.map, found.map_interval), (found.map50, found.map50_interval)):
            assert interval is not None
            low, high = interval
            assert low - 1e-9 <= figure <= high + 1e-9
            lengths.append(high - low)
    assert lengths[2] < lengths[0] / 2
    assert lengths[3] < lengths[1] / 2
    assert average_precision(some[:1], CLASSES).map_interval is None


def test_a_draw_of_all_photos_once_has_the_figure_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Once:
        def integers(self, low: int, high: int, size: int) -> np.ndarray:
            return np.arange(size)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Once())
    rng = np.random.RandomState(3)
    cases = [judged("012", "".join(rng.choice(list("012"), 3)), rng.uniform(), rng.uniform(0, 6)) for _ in range(30)]
    found = average_precision(cases, CLASSES)
    assert found.map_interval == pytest.approx((found.map, found.map))
    assert found.map50_interval == pytest.approx((found.map50, found.map50))


@pytest.mark.parametrize(
    ("classes", "noun"),
    [
        (list("0123456789"), "digits"),
        (["a", "b", "7"], "characters"),
        (["raccoon"], "raccoons"),
        (["box"], "boxes"),
        (["berry"], "berries"),
        (["key"], "keys"),
        (["black-bishop"], "objects"),
        (["../x"], "objects"),
        (["cat", "dog"], "objects"),
        (["浣熊"], "objects"),
    ],
)
def test_objects_are_called_by_their_classes(classes: list[str], noun: str) -> None:
    assert plural(classes) == noun
