"""Letterbox, suppression and reading order: held to the vectors, and to what they promise."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.detector.letterbox import FILL, letterbox, to_photo
from training.detector.looks import CERTAIN, FAITH, again, pool, too_close
from training.detector.reading import numbers, text
from training.detector.recognition import Detections, Suppression, detect, intersection_over_union
from training.models import TOGETHER, look_at

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str, key: str | None = None) -> list[Any]:
    document = json.loads((VECTORS / f"{name}.json").read_text())
    cases: list[Any] = document[key] if key else document
    return cases


@pytest.mark.parametrize(
    "case",
    vectors("letterbox"),
    ids=lambda c: f"{c['width']}x{c['height']}-{c['input_width']}-{c['distance']}",
)
def test_letterbox_gives_the_bytes_of_the_vectors(case: Any) -> None:
    photo = np.frombuffer(base64.b64decode(case["photo_rgb"]), np.uint8).reshape(case["height"], case["width"], 3)
    framed = letterbox(photo, case["input_width"], case["input_height"], case["distance"])
    assert framed.tobytes() == base64.b64decode(case["input_rgb"])


@pytest.mark.parametrize("case", vectors("recognition", "detect"))
def test_detections_are_those_of_the_vectors(case: Any) -> None:
    boxes, scores = np.array(case["boxes"], np.float32), np.array(case["scores"], np.float32)
    found = detect(
        boxes.reshape(-1, 4), scores.reshape(-1, 4), Suppression(**case["suppression"]),
        case["min_score"], case["background_column"],
    )  # fmt: skip
    assert found.classes.tolist() == case["detections"]["classes"]
    assert found.scores.tolist() == case["detections"]["scores"]
    assert found.boxes.tolist() == case["detections"]["boxes"]
    assert found.class_scores is not None
    assert found.class_scores.tolist() == case["detections"]["classScores"]


@pytest.mark.parametrize("case", vectors("recognition", "numbers"), ids=lambda case: case["name"])
def test_numbers_are_those_of_the_vectors(case: Any) -> None:
    assert numbers(np.array(case["boxes"], np.float64).reshape(-1, 4)) == case["numbers"]


@pytest.mark.parametrize("case", vectors("looks"), ids=lambda case: case["name"])
def test_further_looks_are_those_of_the_vectors(case: Any) -> None:
    scores = np.array(case["scores"], np.float64)
    boxes = np.array(case["boxes"], np.float64).reshape(-1, 4)
    found = Detections(np.zeros(len(scores), np.int64), scores, boxes)
    assert too_close(found, *case["photo"], *case["input"]) == case["too_close"]
    left = again(found, *case["photo"], *case["input"])
    assert [list(region) for region in left.regions] == case["regions"]
    assert left.settled == case["settled"]
    assert left.faith == case["faith"]


def test_what_only_an_earlier_look_saw_has_to_be_clear() -> None:
    first = np.array([[0.0, 0.0, 20.0, 10.0]]), np.array([[0.5, 0.1]])
    second = np.array([[101.0, 202.0, 109.0, 208.0]]), np.array([[0.2, 0.9]])
    boxes, scores = pool(first, second)
    assert boxes.tolist() == [[0.0, 0.0, 20.0, 10.0], [101.0, 202.0, 109.0, 208.0]]
    assert scores.tolist() == [[0.5 * FAITH, 0.1 * FAITH], [0.2, 0.9]]
    _, scores = pool(first, second, faith=0.5)
    assert scores.tolist() == [[0.5 * FAITH, 0.1 * FAITH], [0.1, 0.45]]
    _, scores = pool((first[0], np.array([[CERTAIN, 0.1]])))
    assert scores.tolist() == [[CERTAIN, 0.1]]


def dots(photo: np.ndarray) -> Any:
    """A network that sees each bright pixel of the input as an object of two input pixels."""
    rows, columns = np.nonzero(photo[..., 0] > 200)
    centres = np.stack([rows, columns], 1) + 0.5
    boxes = np.concatenate([centres - 1, centres + 1], 1) / 32
    return boxes.astype(np.float32), np.full((len(boxes), 1), 0.5, np.float32)


@pytest.mark.parametrize(("looks", "sides"), [(1, 16.0), (2, 3.0)])
def test_a_further_look_reads_the_enlarged_part(looks: int, sides: float) -> None:
    photo = np.zeros((256, 256, 3), np.uint8)
    photo[100:120, 60:80] = 255
    description = {
        "input": {"width": 32, "height": 32},
        "looks": looks,
        "suppression": {"iou_threshold": 0.9},
        "background_column": False,
    }
    seen: list[int] = []

    def run(inputs: list[np.ndarray]) -> list[Any]:
        seen.append(len(inputs))
        return [dots(image) for image in inputs]

    found, none = look_at([photo, np.zeros_like(photo)], run, description, 0.1)
    # Where nothing is to be seen, it may be too large; the dots stand in two rows, each looked at.
    assert seen == ([2] if looks == 1 else [2, 1, 2])
    assert len(none.scores) == 0
    best = found.boxes[found.scores == found.scores.max()]
    assert (best[:, 2] - best[:, 0]).max() <= sides
    assert best.min() >= 50
    assert best.max() <= 130


@pytest.mark.parametrize(("count", "score", "looks"), [(4, 0.11, [1, 9]), (4, 0.09, [1, 1]), (3, 0.11, [1, 1])])
def test_small_print_is_looked_at_part_by_part(count: int, score: float, looks: list[int]) -> None:
    description = {
        "input": {"width": 32, "height": 32},
        "looks": 2,
        "suppression": {"iou_threshold": 0.5},
        "background_column": False,
    }
    seen: list[int] = []

    def run(inputs: list[np.ndarray]) -> list[Any]:
        """Sees a row of print at first, then one object that fills what it is shown."""
        row = [[0.0, 0.0, 32.0, 32.0]]
        if not seen:
            row, said = [[10.0, 8.0 * place, 12.0, 8.0 * place + 2] for place in range(count)], score
        else:
            said = 0.5
        seen.append(len(inputs))
        return [(np.array(row, np.float32) / 32, np.full((len(row), 1), said, np.float32))] * len(inputs)

    (found,) = look_at([np.zeros((256, 256, 3), np.uint8)], run, description, 0.1)
    # What is no print may be too large, and is looked at from further away.
    assert seen == looks
    assert found.scores.max() == 0.5 * (FAITH if 9 in looks else 1)


def test_a_network_is_given_a_bounded_number_of_inputs_at_once() -> None:
    description = {"input": {"width": 32, "height": 32}, "suppression": {}, "background_column": False}
    seen: list[int] = []

    def run(inputs: list[np.ndarray]) -> list[Any]:
        seen.append(len(inputs))
        return [(np.zeros((0, 4), np.float32), np.zeros((0, 1), np.float32))] * len(inputs)

    assert len(look_at([np.zeros((32, 32, 3), np.uint8)] * (TOGETHER + 3), run, description, 0.1)) == TOGETHER + 3
    assert seen == [TOGETHER, 3]


def test_what_is_too_large_is_read_from_further_away() -> None:
    photo = np.full((240, 320, 3), 255, np.uint8)
    description = {
        "input": {"width": 64, "height": 64},
        "looks": 2,
        "suppression": {"iou_threshold": 0.5},
        "background_column": False,
    }

    def run(inputs: list[np.ndarray]) -> list[Any]:
        """Sees the photo as one object, if it is at most 32 pixels wide in the input."""
        wide = [int((image[0, :, 0] == 255).sum()) for image in inputs]
        box = np.array([[0.0, 0.0, 24 / 64, 32 / 64]], np.float32)
        return [(box, np.full((1, 1), 0.9 if width <= 32 else 0.0, np.float32)) for width in wide]

    (found,) = look_at([photo], run, description, 0.1)
    assert found.boxes.tolist() == [[0.0, 0.0, 240.0, 320.0]]
    (once,) = look_at([photo], run, description | {"looks": 1}, 0.1)
    assert len(once.scores) == 0


def test_a_wide_photo_lies_on_top_and_grey_below() -> None:
    framed = letterbox(np.full((10, 40, 3), 200, np.uint8), 64, 64)
    assert (framed[:16] == 200).all()
    assert (framed[16:] == FILL).all()


def test_a_box_on_the_input_returns_to_where_the_photo_has_it() -> None:
    boxes = to_photo(np.array([[0.125, 0.25, 0.25, 0.5], [0.0, 0.0, 1.0, 1.0]]), 40, 10, 64, 64)
    assert boxes.tolist() == [[5.0, 10.0, 10.0, 20.0], [0.0, 0.0, 10.0, 40.0]]


@pytest.mark.parametrize("seed", range(5))
def test_kept_detections_neither_overlap_nor_lack_a_reason(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 1, (60, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.05, 0.3, (60, 2))], 1)
    scores = rng.uniform(0, 1, (60, 3))
    found = detect(boxes, scores, Suppression(), 0.2)
    assert (np.diff(found.scores) <= 0).all()
    for index, box in enumerate(found.boxes[:-1]):
        assert (intersection_over_union(box, found.boxes[index + 1 :]) <= 0.35).all()
    for box, score in zip(boxes, scores.max(axis=1), strict=True):
        if score >= 0.2:
            better = found.boxes[found.scores >= score]
            assert intersection_over_union(box, better).max() > 0.35


def test_an_empty_box_overlaps_nothing() -> None:
    empty = np.zeros(4)
    assert intersection_over_union(empty, np.zeros((1, 4))).tolist() == [0.0]


def test_digits_are_read_from_left_to_right_and_lines_from_top_to_bottom() -> None:
    lower = [[50.0, 10.0 * i, 65.0, 10.0 * i + 8] for i in range(3)]
    upper = [[10.0, 10.0 * i, 25.0, 10.0 * i + 8] for i in range(3)]
    shuffled = [lower[1], upper[2], lower[0], upper[0], lower[2], upper[1]]
    assert text(np.array(shuffled), list("534162")) == "123456"


def test_every_object_is_in_exactly_one_number() -> None:
    rng = np.random.default_rng(5)
    corner = rng.uniform(0, 100, (40, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(3, 40, (40, 2))], 1)
    groups = numbers(boxes)
    assert sorted(index for group in groups for index in group) == list(range(40))
    for group in groups:
        centres = boxes[group][:, 1] + boxes[group][:, 3]
        assert all(left <= right for left, right in pairwise(centres))


@pytest.mark.parametrize(
    ("scores", "looks"), [([0.5], 2), ([CERTAIN], 1), ([0.99, 0.5], 2), ([0.01, CERTAIN], 1)], ids=str
)
def test_what_was_read_for_certain_is_not_looked_at_again(scores: list[float], looks: int) -> None:
    description = {
        "input": {"width": 32, "height": 32},
        "looks": 2,
        "suppression": {"iou_threshold": 0.5},
        "background_column": len(scores) > 1,
    }
    seen = 0

    def run(inputs: list[np.ndarray]) -> list[Any]:
        nonlocal seen
        seen += len(inputs)
        return [(np.array([[0.4, 0.4, 0.6, 0.55]]), np.array([scores]))] * len(inputs)

    (found,) = look_at([np.zeros((256, 256, 3), np.uint8)], run, description, 0.1)
    assert seen == looks
    assert found.scores.max() == scores[-1]
