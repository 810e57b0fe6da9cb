"""Detections to numbers in reading order: digits that stand together form a number, numbers form lines.

``frontend/recognizer/src/detector/reading.ts`` is the same routine; both are held to
``tests/vectors/recognition.json``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.5
"""Two boxes stand level when their centres differ by less than this part of their height."""
STEEP = 1.25
"""Rise by run of the steepest line that a number is written on: 45 degrees, and what boxes are off by."""
SLANTED = 1.1
"""Neighbours on such a line differ in height by less than this part of theirs: lines of a text differ by more."""
SIMILAR = 2.2
"""Digits of one number that face each other differ in height by less than this factor: seen from aside, they grow."""
GAP = 1.0
"""Digits of one number stand apart by less than this part of the smaller height."""
STACKED = 0.5
"""The same of digits that stand one upon another."""


def numbers(boxes: Floats) -> list[list[int]]:
    """Group ``boxes`` [k, 4] (ymin, xmin, ymax, xmax, one unit for both axes) into numbers in reading order.

    Neighbours are linked pair by pair, digits to numbers and numbers to lines, so a tilted line stays one as long as
    what faces each other stands level, or on the slant of its number. Digits that are alone on their lines, one upon
    another, are a number, too. Returns the indices of each number's boxes from left to right, or from top to bottom;
    lines from top to bottom, numbers of a line from left to right.
    """
    if not len(boxes):
        return []
    groups = [sorted(group, key=lambda i: (boxes[i, 1] + boxes[i, 3], i)) for group in _linked(boxes)]
    heights, (centres, middles) = boxes[:, 2] - boxes[:, 0], _centres(boxes)

    def level(one: int, other: int, rise: float = 0.0) -> float:
        """How far two digits differ in height, but for a ``rise``; 1 and more: not level."""
        smaller = float(min(heights[one], heights[other]))
        # At the photo's edge, what is cut off may leave nothing of a box.
        return abs(float(centres[other] - centres[one]) - rise) / (LEVEL * smaller) if smaller > 0 else math.inf

    def slope(group: list[int]) -> float:
        """Rise by run of a number's line; 0 for one of a digit."""
        run = float(middles[group[-1]] - middles[group[0]])
        return float(centres[group[-1]] - centres[group[0]]) / run if run > 0 else 0.0

    def apart(line: list[list[int]], group: list[int]) -> float:
        """How far the group's first digit stands from the line's last in height, or from where its slant leads."""
        last, first = line[-1][-1], group[0]
        run = float(middles[first] - middles[last])
        for one in (line[-1], group):
            if level(one[0], one[-1]) >= 1:
                return level(last, first, slope(one) * run)
        # Of two digits, what they differ by may be chance.
        slopes = [0.0, *(slope(one) for one in (line[-1], group) if len(one) > 2)]
        return min(level(last, first, rise * run) for rise in slopes)

    lines: list[list[list[int]]] = []
    for group in sorted(groups, key=lambda g: float(boxes[g, 1].min())):
        nearest = min(lines, key=lambda line: apart(line, group), default=None)
        if nearest is not None and apart(nearest, group) < 1:
            nearest.append(group)
        else:
            lines.append([group])
    lines.sort(key=lambda line: min(float(centres[group].mean()) for group in line))
    return [group for line in _stacked(lines, boxes) for group in line]


def _centres(boxes: Floats) -> tuple[Floats, Floats]:
    """[k] y and x of the boxes' centres."""
    return (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2


def _linked(boxes: Floats) -> list[list[int]]:
    """Connected components of the relation "these two stand next to each other", by smallest index."""
    heights, (centres, middles) = boxes[:, 2] - boxes[:, 0], _centres(boxes)
    smaller = np.minimum(heights[:, None], heights)
    larger = np.maximum(heights[:, None], heights)
    height = (smaller + larger) / 2
    gaps = np.maximum(boxes[:, None, 1], boxes[:, 1]) - np.minimum(boxes[:, None, 3], boxes[:, 3])
    rises, runs = np.abs(centres[:, None] - centres), middles - middles[:, None]
    near = (larger < SIMILAR * smaller) & (gaps < GAP * smaller)
    level = near & (rises < LEVEL * height)
    slanted = near & ~level & (rises < SLANTED * height) & (rises <= STEEP * np.abs(runs))
    # Of two in one place, the first stands left.
    ahead = (runs > 0) | ((runs == 0) & np.triu(np.ones_like(level), 1))
    distances = np.where((level | slanted) & ahead, rises * rises + runs * runs, np.inf)
    # Whether it is the nearest of what stands right of the one, and of what stands left of the other.
    nearest = distances == distances.min(1, keepdims=True), distances == distances.min(0, keepdims=True)
    # What is level beyond both's neighbours is another line's where lines are slanted.
    linked = ahead & ((level & (nearest[0] | nearest[1])) | (slanted & nearest[0] & nearest[1]))
    linked |= linked.T
    unseen, components = set(range(len(boxes))), []
    for start in range(len(boxes)):
        if start not in unseen:
            continue
        unseen.discard(start)
        component = [start]
        for member in component:
            for other in np.flatnonzero(linked[member]).tolist():
                if other in unseen:
                    unseen.discard(other)
                    component.append(other)
        components.append(component)
    return components


def _stacked(lines: list[list[list[int]]], boxes: Floats) -> list[list[list[int]]]:
    """The lines, of which those of one digit, one upon another, are joined to one number."""
    heights, (_, middles) = boxes[:, 2] - boxes[:, 0], _centres(boxes)

    def stands_on(upper: int, lower: int) -> bool:
        smaller, larger = sorted((float(heights[upper]), float(heights[lower])))
        return (
            larger < SIMILAR * smaller
            and abs(float(middles[lower] - middles[upper])) < LEVEL * smaller
            and float(boxes[lower, 0] - boxes[upper, 2]) < STACKED * smaller
        )

    found: list[list[list[int]]] = []
    stack: list[int] = []
    for line in lines:
        (first, *_), *others = line
        if others or len(line[0]) > 1:
            stack = []
            found.append(line)
        elif stack and stands_on(stack[-1], first):
            stack.append(first)
        else:
            stack = [first]
            found.append([stack])
    return found


def text(boxes: Floats, names: list[str]) -> str:
    """All of a photo's objects as one string in reading order; ``names`` [k] belong to ``boxes`` [k, 4]."""
    return "".join(names[index] for number in numbers(boxes) for index in number)
