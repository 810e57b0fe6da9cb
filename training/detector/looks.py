"""Where to look again: from further away where objects may be too large, then at the surest number, enlarged.

Very large and very small objects gain most; models/digits/notes.md has what was measured.
``frontend/recognizer/src/looks.ts`` is the same routine; both are held to ``tests/vectors/looks.json``.
"""

from __future__ import annotations

import math

import numpy as np

from training.detector.reading import numbers
from training.detector.recognition import Detections, Floats

SURE = 0.3
"""Objects that score at least this decide where to look again."""
AWAY = 2
"""The look from further away sees the photo in half the size."""
TALL = 0.3
"""It is taken where an object is higher than this part of the input, or none is sure."""
MARGIN = 0.6
"""Room around a number, as part of its highest object's height."""
GAIN = 1.2
"""A look at a part enlarges at least this much, or it isn't worth its time."""
FAITH = 0.6
"""What scores of a look count where there is a later one: what it alone saw has to be clear."""

Region = tuple[int, int, int, int]
"""ymin, xmin, ymax, xmax: pixels of the photo, the last two exclusive"""


def too_close(found: Detections, width: int, height: int, input_width: int, input_height: int) -> bool:
    """Whether to look from further away: arguments as of `region_of`, with what the first look found."""
    boxes = found.above(SURE).boxes
    if not len(boxes):
        return True
    scale = min(input_width / width, input_height / height)
    return float((boxes[:, 2] - boxes[:, 0]).max()) * scale > TALL * input_height


def region_of(found: Detections, width: int, height: int, input_width: int, input_height: int) -> Region | None:
    """The region to look at again, None where there is nothing to gain.

    It holds the objects that stand together, of whatever class, with the largest sum of scores. What lies far from them
    is more often a false alarm than a second number, and would make the part larger.

    Args:
        found: detections so far, boxes in pixels of the photo
        width: of the photo
        height: of the photo
        input_width: of the network's input
        input_height: of the network's input
    """
    sure = found.above(SURE)
    if not len(sure.boxes):
        return None
    surest = max(numbers(sure.boxes), key=lambda group: sum(sure.scores[group].tolist()))
    boxes = sure.boxes[surest]
    margin = MARGIN * float((boxes[:, 2] - boxes[:, 0]).max())
    ymin = max(0, math.floor(float(boxes[:, 0].min()) - margin))
    xmin = max(0, math.floor(float(boxes[:, 1].min()) - margin))
    ymax = min(height, math.ceil(float(boxes[:, 2].max()) + margin))
    xmax = min(width, math.ceil(float(boxes[:, 3].max()) + margin))
    before = min(input_width / width, input_height / height)
    after = min(input_width / (xmax - xmin), input_height / (ymax - ymin))
    return (ymin, xmin, ymax, xmax) if after >= GAIN * before else None


def pool(earlier: tuple[Floats, Floats], later: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Boxes [n, 4] and scores [n, c] of two looks, in pixels of the photo, for one suppression."""
    return np.concatenate([earlier[0], later[0]]), np.concatenate([earlier[1] * FAITH, later[1]])
