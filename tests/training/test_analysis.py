"""Where a model goes wrong, on cases whose answer is known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from training.data import kinds
from training.data.formats import LabelledObject, Photo
from training.detector.recognition import Detections
from training.evaluation import analysis, by_kind, page
from training.evaluation.analysis import Outcome
from training.evaluation.average_precision import average_precision
from training.evaluation.evaluate import evaluate
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


def test_what_is_wrong_with_a_photo_is_said() -> None:
    one = case("0112", [("0", 0, 0.9), ("2", 1, 0.7), ("1", 7, 0.6), ("2", 3, 0.2)])
    assert (
        analysis.fault(one, CLASSES, 0.5)
        == "missed: 1 × 1, 1 × 2; taken for another: 1 × 1 for 2; nothing there: 1 × 1"
    )
    assert analysis.fault(case("01", [("0", 0, 0.9), ("1", 1, 0.9)]), CLASSES, 0.5) == ""


@pytest.mark.parametrize(
    ("found", "lines", "none"),
    [
        ([("0", 0, 0.9), ("1", 1, 0.9)], True, True),
        # The text of the label, but one object is missed and another stands where none is.
        ([("0", 0, 0.9), ("1", 5, 0.9)], True, False),
        ([("0", 0, 0.9)], False, False),
    ],
)
def test_a_photo_is_right_by_its_text_or_by_its_objects(found: Found, lines: bool, none: bool) -> None:
    one = case("01", found)
    assert analysis.is_right(one, CLASSES, "lines", 0.5) == lines
    assert analysis.is_right(one, CLASSES, "none", 0.5) == none


def test_thresholds_of_classes_leave_labels_to_what_counts() -> None:
    found: Found = [("0", 0, 0.5), ("1", 0, 0.4)]
    thresholds = np.array([0.6, 0.3, 0.3])
    plain = case("1", found)
    assert analysis.fault(plain, CLASSES, 0.45) == "taken for another: 1 × 1 for 0"
    one = analysis.outcome(plain.judged, CLASSES, thresholds)
    assert one.meant.tolist() == [-1, 0]
    assert analysis.fault(one, CLASSES, thresholds) == ""
    assert analysis.confusion([one], 3, thresholds)[1].tolist() == [0, 1, 0, 0]


def test_labels_are_counted_by_kind_and_by_source() -> None:
    at_edge = case("01", [("0", 0, 0.9), ("1", 1, 0.9)], name="streets/a.jpg")
    objects = [
        LabelledObject("0", 50, 10, 70, 30),
        LabelledObject("0", 55, 10, 75, 30),
        LabelledObject("1", 90, 10, 99, 30),
    ]
    photo = Photo("drawn/b.jpg", 200, 100, "", objects)
    crowded = analysis.outcome(Judged(photo, case("", []).judged.detections), CLASSES)
    outcomes = [at_edge, crowded]
    values = [kinds.measure(np.zeros((100, 200, 3), np.uint8), one.judged.photo, True) for one in outcomes]
    found = by_kind.count(outcomes, values, True, 0.5)
    assert (found.sources, found.objects) == (("drawn", "streets"), (5, 3, 2))
    told = {row.name: (row.all, *row.by_source) for row in found.rows}
    assert told["cut off by the photo's edge"] == ((1, 1), (0, 0), (1, 1))
    assert told["touching another"] == ((2, 0), (2, 0), (0, 0))
    assert told["with contrast below 10"] == ((5, 2), (3, 0), (2, 2))
    assert sum(fates[0].objects for name, fates in told.items() if "strokes" in name) == 0, "black on black"
    alone = by_kind.count(outcomes[:1], values[:1], False, 0.95)
    assert alone.sources == ()
    assert not [row.name for row in alone.rows if row.measure.characters]
    assert sum(row.all.objects - row.all.right for row in alone.rows if row.measure.name == "edge") == 2


def test_confusions_are_listed_most_first() -> None:
    outcomes = [case("1", [("0", 0, 0.9)]), case("22", [("1", 0, 0.9), ("1", 1, 0.9)]), case("0", [("0", 0, 0.9)])]
    assert analysis.confusions(analysis.confusion(outcomes, 3, 0.5)) == [(2, 1, 2), (1, 0, 1)]


NASTY = [
    "$a$ and $b$",
    "a|b",
    "浣熊",
    "🦝",
    "../../etc/passwd",
    "two words",
    "[x](y)",
    '"quoted"',
    "<b>",
    "back\\slash",
]


@pytest.mark.parametrize("classes", [NASTY, [f"class {number}" for number in range(300)]], ids=["nasty", "300"])
def test_a_page_shows_classes_whatever_they_are_called(classes: list[str], tmp_path: Path) -> None:
    objects = [LabelledObject(name, 15 * i, 10, 15 * i + 12, 40) for i, name in enumerate(classes[:10])]
    boxes = [[item.ymin, item.xmin, item.ymax, item.xmax] for item in objects]
    found = Detections(np.array([1, *range(1, 10)]), np.linspace(0.9, 0.4, 10), np.array(boxes, np.float64))
    description = {
        "name": classes[0],
        "classes": classes,
        "reading": "none",
        "input": {"height": 96, "width": 96},
        "score_threshold": 0.3,
        "class_thresholds": {classes[1]: 0.35},
    }
    outcomes = [analysis.outcome(Judged(Photo(f"{i}.jpg", 200, 100, "", objects), found), classes) for i in range(3)]
    precision = average_precision([one.judged for one in outcomes], classes)
    figures = evaluate(outcomes, precision, description)
    values = [kinds.measure(np.zeros((100, 200, 3), np.uint8), one.judged.photo, False) for one in outcomes]
    page.write(tmp_path, figures, description, outcomes, precision, by_kind.count(outcomes, values, False, 0.3))
    text = (tmp_path / "evaluation.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    # The columns of a table are as many whatever is in them.
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 5, 7}
    assert sum(row.count("|") >= 7 for row in rows) == len(classes) + 1
    assert "[x](y)" not in text
