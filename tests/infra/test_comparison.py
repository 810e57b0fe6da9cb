"""Two models on the same photos: the figures, and who may take whose place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.models.comparison import Comparison, compare, fault_elsewhere, fault_of_conversion


def evaluation(folder: Path, right: str, map50: float, label: str = "12") -> Path:
    """The evaluation of a model that reads photos right where ``right`` has a 1."""
    folder.mkdir()
    rows = [f"{index}.jpg,{label},x,{one},0.5" for index, one in enumerate(right)]
    (folder / "photos.csv").write_text("\n".join(["filename,label,read,right,regret", *rows]) + "\n", "utf-8")
    (folder / "evaluation.json").write_text(json.dumps({"map50": map50}), "utf-8")
    return folder


def test_photos_are_compared_one_by_one(tmp_path: Path) -> None:
    found = compare(evaluation(tmp_path / "new", "1110010", 0.8), evaluation(tmp_path / "old", "1100100", 0.7))
    assert found == Comparison(7, 2, 2, 1, 0.8, 0.7)
    assert found.difference == pytest.approx(1 / 7)


def test_the_interval_is_that_of_pairs() -> None:
    # Agresti 2013, table 11.1: 1,600 people asked twice, 150 changed one way, 86 the other; 0.04 ± 0.0187.
    found = Comparison(1600, 794 + 570, 150, 86, 0.0, 0.0)
    assert found.difference == pytest.approx(0.04)
    assert found.interval == pytest.approx((0.0213, 0.0587), abs=1e-4)


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (Comparison(100, 70, 10, 5, 0.80, 0.80), None),
        (Comparison(100, 70, 5, 5, 0.81, 0.80), None),
        (Comparison(100, 70, 10, 5, 0.797, 0.80), None),
        (Comparison(100, 70, 5, 10, 0.90, 0.80), "reads 5 fewer of the photos right"),
        (Comparison(100, 70, 10, 5, 0.79, 0.80), "mAP50 is 0.0100 lower"),
        (Comparison(100, 80, 0, 0, 0.80, 0.80), "no better"),
    ],
)
def test_only_a_better_model_takes_the_place(found: Comparison, fault: str | None) -> None:
    said = found.fault()
    assert said is None if fault is None else said and fault in said


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (Comparison(1000, 900, 20, 25, 0.81, 0.80), None),
        (Comparison(1000, 900, 20, 25, 0.80, 0.80), "reads 5 fewer of the photos right, and its mAP50 is no higher"),
        (Comparison(1000, 900, 5, 20, 0.90, 0.80), "reads 15 fewer of the photos right"),
        # So few photos can't tell.
        (Comparison(100, 90, 2, 3, 0.90, 0.80), "reads 1 fewer of the photos right"),
        (Comparison(100, 70, 10, 5, 0.79, 0.80), "mAP50 is 0.0100 lower"),
        (Comparison(100, 80, 0, 0, 0.80, 0.80), "no better"),
    ],
)
def test_fewer_is_forgiven_only_where_it_may_be_chance(found: Comparison, fault: str | None) -> None:
    said = found.fault(doubted=True)
    assert said is None if fault is None else said and fault in said


@pytest.mark.parametrize(("lost", "map50", "hinted"), [(25, 0.9, True), (25, 0.8, False), (45, 0.9, False)])
def test_a_refusal_says_what_helps_where_it_may_be_chance(lost: int, map50: float, hinted: bool) -> None:
    assert ("--because" in str(Comparison(1000, 900, 20, lost, map50, 0.8).fault())) == hinted


@pytest.mark.parametrize(
    ("candidate", "current", "fault"),
    [
        ((0, 0.0, 2.0), (0, 0.0, 0.0), None),
        ((0, 0.0, 3.0), (0, 0.0, 1.0), "on walls it has 3.0 false alarms per 100 photos instead of 1.0"),
        ((0, 0.0, 3.0), (0, 0.0, 4.0), None),
        ((9, 0.60, 9.0), (9, 0.61, 0.0), None),
        ((9, 0.60, 0.0), (9, 0.63, 0.0), "on walls its mAP50 is 0.0300 lower"),
    ],
)
def test_a_model_that_is_far_worse_elsewhere_is_refused(
    candidate: tuple[int, float, float], current: tuple[int, float, float], fault: str | None
) -> None:
    keys = ("objects", "map50", "false_alarms_per_100_photos")
    pair = [dict(zip(keys, one, strict=True)) for one in (candidate, current)]
    assert fault_elsewhere("walls", *pair) == fault


@pytest.mark.parametrize(("photos", "right", "refused"), [(1000, 797, False), (1000, 796, True), (20, 15, False)])
def test_what_conversion_may_cost(photos: int, right: int, refused: bool) -> None:
    trained, converted = ({"photos": photos, "full_number_accuracy": share} for share in (0.8, right / photos))
    assert bool(fault_of_conversion(trained, converted)) == refused


@pytest.mark.parametrize(("map50", "refused"), [(0.80, False), (0.79, False), (0.789, True), (0.9, False)])
def test_what_conversion_may_cost_objects_that_are_not_read(map50: float, refused: bool) -> None:
    trained, converted = ({"photos": 500, "map50": one} for one in (0.8, map50))
    assert bool(fault_of_conversion(trained, converted)) == refused


def test_what_is_said_has_both_sides_and_the_interval() -> None:
    said = str(Comparison(1600, 794, 86, 150, 0.7, 0.8))
    assert "candidate 880 of 1600 photos right, current 944: -4.0 points (95 % interval -5.9 to -2.1" in said
    assert "mAP50 0.7000 against 0.8000" in said


def test_other_photos_or_labels_are_not_compared(tmp_path: Path) -> None:
    first = evaluation(tmp_path / "first", "11", 0.8)
    with pytest.raises(UsageError, match="aren't of the same photos"):
        compare(first, evaluation(tmp_path / "fewer", "1", 0.8))
    with pytest.raises(UsageError, match="aren't of the same photos"):
        compare(first, evaluation(tmp_path / "labels", "11", 0.8, label="13"))
