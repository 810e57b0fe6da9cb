"""What makes an object hard to find: angle, perspective, contrast, stroke width, ground, neighbours, the photo's edge.

Each measure is taken from a photo's pixels or from its labels, is the same for any size of photo, and costs about a
millisecond an object. What can't be told is NaN: the angle of a ball, the ground around what fills its photo.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.appearance import angle, look
from training.data.labels import Photo
from training.detector.reading import numbers

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

EDGE = 1.0
"""Pixels from the photo's edge within which a label is cut off by it."""


@dataclass(frozen=True)
class Measure:
    """One property of objects, and the classes of its values."""

    name: str
    about: str
    """what is measured, its unit and source, for people"""
    edges: tuple[float, ...]
    """values at which the next class begins"""
    kinds: tuple[str, ...]
    """the classes, one more than edges; they follow "objects …" """
    characters: bool = False
    """whether only characters have it"""

    def classes(self, values: Floats) -> npt.NDArray[np.int64]:
        """[n] index of the kind of each value, -1 where it can't be told."""
        return np.where(np.isnan(values), -1, np.digitize(values, self.edges)).astype(np.int64)


MEASURES = (
    Measure(
        "angle",
        "degrees by which most edges in the box are turned out of level and upright, 0 to 45; of a number, of all its "
        "characters together. From pixels",
        (5.0, 15.0, 30.0),
        ("upright", "turned by 5° to 15°", "turned by 15° to 30°", "turned by 30° or more"),
    ),
    Measure(
        "slope",
        "degrees by which the line through the centres of a number's boxes rises or falls. From labels",
        (5.0, 15.0, 30.0),
        ("on a level line", "on a line at 5° to 15°", "on a line at 15° to 30°", "on a line at 30° or more"),
        characters=True,
    ),
    Measure(
        "taper",
        "height of the largest character of a number as a multiple of the smallest's. From labels",
        (1.2, 1.5),
        ("of one height", "in numbers that grow 1.2 to 1.5 times", "in numbers that grow 1.5 times or more"),
        characters=True,
    ),
    Measure(
        "contrast",
        "distance of the object's colour from that of its ground, CIELAB units: 100 from black to white, 2 is barely "
        "seen. From pixels: of characters the two tones that part their box best (Otsu 1979), of other objects the "
        "middle of the box and what is around it",
        (10.0, 20.0, 40.0),
        ("with contrast below 10", "with contrast 10 to 20", "with contrast 20 to 40", "with contrast 40 or more"),
    ),
    Measure(
        "stroke width",
        "mean width of the strokes as a part of the box's height. From pixels",
        (0.08, 0.14, 0.22),
        (
            "with strokes below 8 % of the height",
            "with strokes of 8 % to 14 %",
            "with strokes of 14 % to 22 %",
            "with strokes of 22 % or more",
        ),
        characters=True,
    ),
    Measure(
        "ground",
        "standard deviation of the lightness around the box (L* of CIELAB, 0 to 100), less an even slope. From pixels, "
        "those of other labels left out",
        (3.0, 8.0, 14.0),
        ("on plain ground", "on ground with some texture", "on busy ground", "on very busy ground"),
    ),
    Measure(
        "neighbours",
        "gap to the nearest other label as a multiple of the box's height. From labels",
        (0.02, 0.5, 2.0),
        ("touching another", "close to another", "apart from others", "alone"),
    ),
    Measure(
        "edge",
        "pixels of the photo between the box and its edge. From labels",
        (EDGE + 1e-9,),
        ("cut off by the photo's edge", "wholly in the photo"),
    ),
)


def are_characters(names: Iterable[str]) -> bool:
    """Whether objects of classes with these names have strokes and stand in lines."""
    return all(len(name) == 1 and name.isalnum() for name in names)


def measure(pixels: Pixels, photo: Photo, characters: bool) -> Floats:
    """[n, m] of each object of a photo each of `MEASURES`, NaN where it can't be told.

    Args:
        pixels: [h, w, 3] RGB, the photo
        photo: its label
        characters: whether its objects are characters that stand in lines
    """
    boxes = np.array([[item.ymin, item.xmin, item.ymax, item.xmax] for item in photo.objects], np.float64)
    boxes = boxes.reshape(-1, 4)
    groups = numbers(boxes) if characters else [[index] for index in range(len(boxes))]
    looks = [look(pixels, boxes, index, characters) for index in range(len(boxes))]
    slopes, tapers, angles = (np.full(len(boxes), np.nan) for _ in range(3))
    for group in groups:
        angles[group] = angle(np.sum([looks[index].edges for index in group], 0))
        if characters and len(group) > 1:
            slopes[group] = slope(boxes[group])
            heights = boxes[group, 2] - boxes[group, 0]
            tapers[group] = heights.max() / heights.min() if heights.min() > 0 else np.nan
    columns = [
        angles,
        slopes,
        tapers,
        np.array([one.contrast for one in looks]),
        np.array([one.stroke for one in looks]),
        np.array([one.ground for one in looks]),
        _gaps(boxes),
        _to_edge(boxes, photo),
    ]
    return np.column_stack(columns).reshape(len(boxes), len(MEASURES))


def slope(boxes: Floats) -> float:
    """Degrees, 0 to 90, by which the line through the centres of boxes [k, 4], k from 2 on, leans out of level."""
    centres = np.column_stack([boxes[:, 1] + boxes[:, 3], boxes[:, 0] + boxes[:, 2]]) / 2
    # The direction of most spread: no axis is preferred, as a line through y by x would prefer level ones.
    x, y = np.linalg.svd(centres - centres.mean(0))[2][0]
    return math.degrees(math.atan2(abs(y), abs(x)))


def _gaps(boxes: Floats) -> Floats:
    """[n] gap to the nearest other box, in heights; infinite where there is none."""
    if not len(boxes):
        return np.zeros(0)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    gaps = np.hypot(*np.moveaxis(np.maximum(low - high, 0), 2, 0))
    np.fill_diagonal(gaps, np.inf)
    found: Floats = gaps.min(1) / np.maximum(boxes[:, 2] - boxes[:, 0], 1e-9)
    return found


def _to_edge(boxes: Floats, photo: Photo) -> Floats:
    """[n] pixels between each box and the nearest edge of its photo."""
    sides = np.column_stack([boxes[:, :2], np.array([photo.height, photo.width]) - boxes[:, 2:]])
    found: Floats = np.maximum(sides.min(1), 0) if len(boxes) else np.zeros(0)
    return found


def of(characters: bool) -> list[tuple[int, Measure]]:
    """The measures that objects have, each with its column."""
    return [(column, one) for column, one in enumerate(MEASURES) if characters or not one.characters]
