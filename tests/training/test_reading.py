"""Numbers as people photograph them: growing, on slanted lines, one digit upon another."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.vectors.make import slanting
from training.data.formats import read_csv
from training.detector.reading import numbers, text
from training.evaluation.metrics import label_boxes

SVHN = Path(__file__).parents[2] / ".." / "shared" / "data" / "svhn"
DEGREES = (-45, -38, -20, -7, 0, 7, 20, 38, 45)


def slanted(degrees: float, count: int, smallest: float, sheared: bool, left: float = 0, drop: float = 0) -> np.ndarray:
    """[count, 4] digits on a line that rises to the right and passes ``drop`` below the origin, as in the vectors."""
    return np.array(slanting(degrees, count, smallest, sheared, left, drop))


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("smallest", [0.5, 0.8, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("sheared", [False, True])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_number_seen_from_aside_is_one(degrees: float, smallest: float, sheared: bool, count: int) -> None:
    rng = np.random.default_rng(count)
    order = rng.permutation(count)
    # Boxes of detectors are off by a pixel or so of 40.
    boxes = slanted(degrees, count, smallest, sheared)[order] + rng.normal(0, 0.5, (count, 4))
    assert [order[number].tolist() for number in numbers(boxes)] == [list(range(count))]


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("sheared", [False, True])
def test_slanted_lines_below_each_other_stay_two_and_numbers_of_a_line_keep_their_order(
    degrees: float, sheared: bool
) -> None:
    lines = [slanted(degrees, 4, 1.0, sheared, drop=drop) for drop in (0, 85)]
    assert numbers(np.concatenate(lines)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    line = [slanted(degrees, 3, 1.0, sheared, left=left) for left in (0, 150)]
    assert numbers(np.concatenate(line)) == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("gap", [0.05, 0.2, 0.45])
@pytest.mark.parametrize("smallest", [0.5, 1.0, 1.9])
@pytest.mark.parametrize("lean", [-0.2, 0.0, 0.2])
def test_digits_one_upon_another_are_a_number_from_top_to_bottom(gap: float, smallest: float, lean: float) -> None:
    boxes, top = [], 0.0
    heights = [40 * (1 + (smallest - 1) * place / 3) for place in range(5)]
    for height, following in pairwise(heights):
        left = 50 + lean * top
        boxes.append([top, left, top + height, left + 0.6 * height])
        top += height + gap * min(height, following)
    order = np.random.default_rng(1).permutation(4)
    assert [order[number].tolist() for number in numbers(np.array(boxes)[order])] == [[0, 1, 2, 3]]


def test_tables_and_lists_are_no_stacks() -> None:
    table = [[50 * row, 80 * column, 50 * row + 40, 80 * column + 24] for row in range(3) for column in range(3)]
    assert numbers(np.array(table, float)) == [[place] for place in range(9)]
    spaced = [[70 * row, 0, 70 * row + 40, 24] for row in range(3)]
    assert numbers(np.array(spaced, float)) == [[0], [1], [2]]
    of_two = [[50 * row, 30 * column, 50 * row + 40, 30 * column + 24] for row in range(2) for column in range(2)]
    assert numbers(np.array(of_two, float)) == [[0, 1], [2, 3]]


@pytest.mark.skipif(not SVHN.is_dir(), reason="../shared/data/svhn is absent")
def test_house_numbers_are_read_as_they_were_written_down() -> None:
    """SVHN's labels stand in the order of the number; what is left are wrong boxes and several numbers."""
    photos = read_csv(SVHN / "annotations.csv").photos
    read = [text(label_boxes(photo), [item.name for item in photo.objects]) for photo in photos]
    wrong = sum(said != "".join(item.name for item in photo.objects) for said, photo in zip(read, photos, strict=True))
    assert wrong <= 0.0035 * len(photos)
