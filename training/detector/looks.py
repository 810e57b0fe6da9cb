"""Where to look again: from further away where objects may be too large, then at numbers and at print, enlarged.

Very large and very small objects gain most; models/digits/notes.md has what was measured.
``frontend/recognizer/src/detector/looks.ts`` is the same routine; both are held to ``tests/vectors/looks.json``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training.detector.reading import numbers
from training.detector.recognition import Detections, Floats

SURE = 0.3
"""Objects that score at least this decide where to look again."""
AWAY = 2
"""The look from further away sees the photo in half the size."""
TALL = 0.3
"""It is taken where an object is higher than this part of the input, or none is sure."""
CLEAR = 0.5
"""A number beside the surest is looked at again where its objects score so much on average."""
NUMBERS = 3
"""How many are looked at again at most: each takes as long as the first look."""
CROWD = 6
"""So many numbers are looked at all together, in four parts of the photo: a table, a calendar."""
HINT = 0.1
"""Small print scores little: `LOW` objects of this score and more are taken for it, where they make over `NUMBERS`."""
LOW = 0.07
"""Print is lower than this part of the input's height."""
OVERLAP = 0.25
"""Parts of a photo overlap by this part of their side: objects up to that size are whole in one of them."""
MARGIN = 0.6
"""Room around a number, as part of its highest object's height."""
GAIN = 1.2
"""A look at a part enlarges at least this much, or it isn't worth its time."""
CERTAIN = 0.55
"""A number whose objects all score this much and are `LEGIBLE` was read: no further look is spent on it."""
LEGIBLE = 0.15
"""so high, as part of the input's height"""
FAITH = 0.6
"""What scores of a look below `CERTAIN` count where there could be later ones: what it alone saw has to be clear. The
same goes for all that looks at print see, which is letters above all."""

Region = tuple[int, int, int, int]
"""ymin, xmin, ymax, xmax: pixels of the photo, the last two exclusive"""


@dataclass(frozen=True)
class Again:
    """What is left to be looked at."""

    regions: list[Region]
    """of numbers that gain by another look, the surest first; or the parts that cover the photo"""
    settled: bool
    """whether a number gains nothing by it, since it was read for certain"""
    faith: float = 1.0
    """what scores of these looks count"""


def too_close(found: Detections, width: int, height: int, input_width: int, input_height: int) -> bool:
    """Whether to look from further away: arguments as of `again`, with what the first look found."""
    scale = min(input_width / width, input_height / height)
    boxes = found.above(SURE).boxes
    if not len(boxes):
        return not _is_print(found, scale, input_height)
    return float(_heights(boxes).max()) * scale > TALL * input_height


def again(found: Detections, width: int, height: int, input_width: int, input_height: int) -> Again:
    """The regions to look at again: those of the surest numbers, where there is something to gain.

    Where there are too many, it is four parts of the photo, and nine where they are small print.

    A number is what stands together, of whatever class; the surest has the largest sum of scores. Another that isn't
    clear is more often a false alarm, and is left to what the first look makes of it.

    Args:
        found: detections so far from a score of `HINT` on, boxes in pixels of the photo
        width: of the photo
        height: of the photo
        input_width: of the network's input
        input_height: of the network's input
    """
    scale = min(input_width / width, input_height / height)
    if _is_print(found, scale, input_height):
        return Again(_parts(width, height, 3), False, FAITH)
    sure = found.above(SURE)
    groups = numbers(sure.boxes)
    if len(groups) >= CROWD:
        return Again(_parts(width, height, 2), False)
    sums = [(sum(sure.scores[group].tolist()), group) for group in groups]
    sums.sort(key=lambda pair: -pair[0])
    chosen = [group for rank, (total, group) in enumerate(sums) if rank == 0 or total >= CLEAR * len(group)]
    sides = width, height, input_width, input_height
    around = [(group, _around(sure.boxes[group], *sides)) for group in chosen[:NUMBERS]]
    gaining = [(group, region) for group, region in around if region]
    legible = LEGIBLE * input_height / scale
    read = [
        bool((sure.scores[group] >= CERTAIN).all() and (_heights(sure.boxes[group]) >= legible).all())
        for group, _ in gaining
    ]
    regions = [region for (_, region), is_read in zip(gaining, read, strict=True) if not is_read]
    return Again(regions, any(read))


def _is_print(found: Detections, scale: float, input_height: int) -> bool:
    boxes = found.above(HINT).boxes
    return len(numbers(boxes[_heights(boxes) * scale < LOW * input_height])) > NUMBERS


def _parts(width: int, height: int, across: int) -> list[Region]:
    """Overlapping parts that cover a photo, row by row: ``across`` side by side and as many rows."""
    steps = across - 1
    wide, high = (math.ceil(side / (across - steps * OVERLAP)) for side in (width, height))
    rows, columns = ([left * step // steps for step in range(across)] for left in (height - high, width - wide))
    return [(y, x, y + high, x + wide) for y in rows for x in columns]


def _around(boxes: Floats, width: int, height: int, input_width: int, input_height: int) -> Region | None:
    """The region of objects with some room, None where a look at it gains nothing."""
    margin = MARGIN * float(_heights(boxes).max())
    ymin = max(0, math.floor(float(boxes[:, 0].min()) - margin))
    xmin = max(0, math.floor(float(boxes[:, 1].min()) - margin))
    ymax = min(height, math.ceil(float(boxes[:, 2].max()) + margin))
    xmax = min(width, math.ceil(float(boxes[:, 3].max()) + margin))
    before = min(input_width / width, input_height / height)
    after = min(input_width / (xmax - xmin), input_height / (ymax - ymin))
    return (ymin, xmin, ymax, xmax) if after >= GAIN * before else None


def _heights(boxes: Floats) -> Floats:
    return boxes[:, 2] - boxes[:, 0]


def pool(earlier: tuple[Floats, Floats], *later: tuple[Floats, Floats], faith: float = 1.0) -> tuple[Floats, Floats]:
    """Boxes [n, 4] and scores [n, c] of several looks, in pixels of the photo, for one suppression.

    ``faith`` is what scores of the later ones count.
    """
    boxes, scores = earlier
    certain = scores.max(axis=1, keepdims=True) >= CERTAIN
    faded = np.where(certain, scores, scores * FAITH)
    return (
        np.concatenate([boxes, *(boxes for boxes, _ in later)]),
        np.concatenate([faded, *(scores * faith for _, scores in later)]),
    )
