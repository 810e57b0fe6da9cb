"""Where to look again: the second look reads the part of a photo in which the first found objects, enlarged.

Small objects gain most; models/digits/notes.md has what was measured. ``frontend/recognizer/src/looks.ts`` is the same
routine; both are held to ``tests/vectors/looks.json``.
"""

from __future__ import annotations

import math

import numpy as np

from training.detector.recognition import Detections, Floats

SURE = 0.25
"""Objects of the first look that score at least this decide where the second goes."""
MARGIN = 0.6
"""Room around them, as part of the highest one's height."""
GAIN = 1.2
"""The second look enlarges at least this much, or it isn't worth its time."""
FAITH = 0.6
"""What scores of the first look count where there is a second: what it alone saw has to be clear."""

Region = tuple[int, int, int, int]
"""ymin, xmin, ymax, xmax: pixels of the photo, the last two exclusive"""


def second_region(found: Detections, width: int, height: int, input_width: int, input_height: int) -> Region | None:
    """The region to look at again, None where there is nothing to gain.

    Args:
        found: detections of the first look, boxes in pixels of the photo
        width: of the photo
        height: of the photo
        input_width: of the network's input
        input_height: of the network's input
    """
    boxes = found.above(SURE).boxes
    if not len(boxes):
        return None
    margin = MARGIN * float((boxes[:, 2] - boxes[:, 0]).max())
    ymin = max(0, math.floor(float(boxes[:, 0].min()) - margin))
    xmin = max(0, math.floor(float(boxes[:, 1].min()) - margin))
    ymax = min(height, math.ceil(float(boxes[:, 2].max()) + margin))
    xmax = min(width, math.ceil(float(boxes[:, 3].max()) + margin))
    before = min(input_width / width, input_height / height)
    after = min(input_width / (xmax - xmin), input_height / (ymax - ymin))
    return (ymin, xmin, ymax, xmax) if after >= GAIN * before else None


def pool(first: tuple[Floats, Floats], second: tuple[Floats, Floats], region: Region) -> tuple[Floats, Floats]:
    """Boxes [n, 4] and scores [n, c] of both looks, for one suppression.

    Args:
        first: boxes in pixels of the photo, and scores
        second: boxes in pixels of the region, and scores
        region: what the second look saw
    """
    ymin, xmin, _, _ = region
    boxes = np.concatenate([first[0], second[0] + np.array([ymin, xmin, ymin, xmin], np.float64)])
    return boxes, np.concatenate([first[1] * FAITH, second[1]])
