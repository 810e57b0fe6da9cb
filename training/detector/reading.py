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
"""Two boxes stand level when their centres differ by less than this part of the smaller height."""
SIMILAR = 2.0
"""Digits of one number differ in height by less than this factor."""
GAP = 1.0
"""Digits of one number stand apart by less than this part of the smaller height."""


def numbers(boxes: Floats) -> list[list[int]]:
    """Group ``boxes`` [k, 4] (ymin, xmin, ymax, xmax, one unit for both axes) into numbers in reading order.

    Neighbours are linked pair by pair, digits to numbers and numbers to lines, so a tilted line stays one as long as
    what faces each other stands level. Returns the indices of each number's boxes from left to right; lines from top to
    bottom, numbers of a line from left to right.
    """
    if not len(boxes):
        return []
    groups = [sorted(group, key=lambda i: (boxes[i, 1] + boxes[i, 3], i)) for group in _linked(boxes)]
    heights, centres = boxes[:, 2] - boxes[:, 0], _centre(boxes)

    def apart(line: list[list[int]], group: list[int]) -> float:
        """How far the group's first digit stands from the line's last in height; 1 and more: not level."""
        last, first = line[-1][-1], group[0]
        smaller = float(min(heights[last], heights[first]))
        # At the photo's edge, what is cut off may leave nothing of a box.
        return float(abs(centres[last] - centres[first])) / (LEVEL * smaller) if smaller > 0 else math.inf

    lines: list[list[list[int]]] = []
    for group in sorted(groups, key=lambda g: float(boxes[g, 1].min())):
        nearest = min(lines, key=lambda line: apart(line, group), default=None)
        if nearest is not None and apart(nearest, group) < 1:
            nearest.append(group)
        else:
            lines.append([group])
    lines.sort(key=lambda line: min(float(centres[group].mean()) for group in line))
    return [group for line in lines for group in line]


def _centre(boxes: Floats) -> Floats:
    return (boxes[:, 0] + boxes[:, 2]) / 2


def _linked(boxes: Floats) -> list[list[int]]:
    """Connected components of the relation "these two stand next to each other", by smallest index."""
    heights, centres = boxes[:, 2] - boxes[:, 0], _centre(boxes)
    smaller = np.minimum(heights[:, None], heights)
    larger = np.maximum(heights[:, None], heights)
    gaps = np.maximum(boxes[:, None, 1], boxes[:, 1]) - np.minimum(boxes[:, None, 3], boxes[:, 3])
    linked = (
        (np.abs(centres[:, None] - centres) < LEVEL * smaller) & (larger < SIMILAR * smaller) & (gaps < GAP * smaller)
    )
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


def text(boxes: Floats, names: list[str]) -> str:
    """All of a photo's objects as one string in reading order; ``names`` [k] belong to ``boxes`` [k, 4]."""
    return "".join(names[index] for number in numbers(boxes) for index in number)
