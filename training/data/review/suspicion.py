"""Labels that are allowed and yet probably wrong: rules over the boxes alone, each suspicion with its weight.

Rules compare with the data set itself, by medians, so that they suit any objects; a suspicion is a hint to look at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np

from training.data.labels import LabelledObject, Photo

TINY_PIXELS = 6.0
"""Height in pixels of the network's input below which hardly a shape is left."""
SAME_BOX = 0.85
OVERLAP = 0.5
ODD_ASPECT = 2.5
"""Times the usual of its class, beyond the spread that is usual for it."""
ODD_HEIGHT = 2.0
"""Times the median height of its photo's other objects beside it."""
IN_ORDER = 0.9
"""Share of photos labelled from left to right above which the others are odd."""


@dataclass(frozen=True)
class Suspicion:
    """Why a label should be looked at; the greater the weight the sooner."""

    kind: str
    photo: Photo
    objects: tuple[int, ...]
    """indices of the objects it is about"""
    weight: float
    words: str

    def __str__(self) -> str:
        """One line for a report."""
        return f"{self.photo.filename}: {self.kind}: {self.words}"


def iou(one: LabelledObject, other: LabelledObject) -> float:
    """Intersection over union of two boxes."""
    width = min(one.xmax, other.xmax) - max(one.xmin, other.xmin)
    height = min(one.ymax, other.ymax) - max(one.ymin, other.ymin)
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((item.xmax - item.xmin) * (item.ymax - item.ymin) for item in (one, other))
    return width * height / (areas - width * height)


def overlapping(objects: Sequence[LabelledObject]) -> Iterator[tuple[int, int, float]]:
    """Indices of any two that overlap, the smaller first, and their intersection over union."""
    # From left to right: what begins behind an object's end is compared with it no more.
    order = sorted(range(len(objects)), key=lambda index: objects[index].xmin)
    for place, i in enumerate(order):
        for j in islice(order, place + 1, None):
            if objects[j].xmin >= objects[i].xmax:
                break
            if share := iou(objects[i], objects[j]):
                yield min(i, j), max(i, j), share


def find(photos: Sequence[Photo], scale_of: Callable[[Photo], float]) -> list[Suspicion]:
    """All suspicions, by kind and then by weight; ``scale_of`` is input pixels per pixel of a photo."""
    found = [
        *_tiny(photos, scale_of),
        *_aspects(photos),
        *_overlaps(photos),
        *_heights(photos),
        *_order(photos),
    ]
    return sorted(found, key=lambda suspicion: (suspicion.kind, -suspicion.weight))


def _tiny(photos: Sequence[Photo], scale_of: Callable[[Photo], float]) -> Iterator[Suspicion]:
    for photo in photos:
        for index, item in enumerate(photo.objects):
            height = (item.ymax - item.ymin) * scale_of(photo)
            if height < TINY_PIXELS:
                words = f"{item.name} is {height:.1f} pixels high in the network's input"
                yield Suspicion("tiny", photo, (index,), TINY_PIXELS - height, words)


def _aspects(photos: Sequence[Photo]) -> Iterator[Suspicion]:
    """Width by height against the median of the class: more than a factor, and more than its own spread explains."""
    aspects: dict[str, list[float]] = defaultdict(list)
    for photo in photos:
        for item in photo.objects:
            aspects[item.name].append(_aspect(item))
    middle = {name: float(np.median(values)) for name, values in aspects.items()}
    spread = {name: float(np.median(np.abs(np.array(values) - middle[name]))) for name, values in aspects.items()}
    for photo in photos:
        for index, item in enumerate(photo.objects):
            distance = abs(_aspect(item) - middle[item.name])
            if distance > max(math.log(ODD_ASPECT), 5 * spread[item.name]):
                usual = math.exp(middle[item.name])
                words = f"{item.name} is {math.exp(_aspect(item)):.2f} as wide as high, usual is {usual:.2f}"
                yield Suspicion("aspect", photo, (index,), distance, words)


def _aspect(item: LabelledObject) -> float:
    return math.log((item.xmax - item.xmin) / (item.ymax - item.ymin))


def _overlaps(photos: Sequence[Photo]) -> Iterator[Suspicion]:
    for photo in photos:
        for i, j, overlap in sorted(overlapping(photo.objects)):
            if overlap > OVERLAP:
                one, other = photo.objects[i], photo.objects[j]
                kind = "same box" if overlap > SAME_BOX else "overlap"
                yield Suspicion(kind, photo, (i, j), overlap, f"{one.name} and {other.name} overlap by {overlap:.0%}")


def _heights(photos: Sequence[Photo]) -> Iterator[Suspicion]:
    """Neighbours on one line are of one size."""
    for photo in photos:
        if len(photo.objects) < 2:
            continue
        sides = np.array([(item.xmin, item.ymin, item.xmax, item.ymax) for item in photo.objects])
        heights = sides[:, 3] - sides[:, 1]
        for index, (item, height) in enumerate(zip(photo.objects, heights, strict=True)):
            beside = _beside(sides[index], sides)
            beside[index] = False
            line = heights[beside]
            if not len(line):
                continue
            usual = float(np.median(line))
            distance = abs(math.log(height / usual))
            # Of two, the smaller one is named.
            if distance > math.log(ODD_HEIGHT) and (len(line) > 1 or height < usual):
                words = f"{item.name} is {height:.0f} pixels high beside {usual:.0f}"
                yield Suspicion("height", photo, (index,), distance, words)


def _beside(one: Any, others: Any) -> Any:
    """Whether boxes [..., 4] (xmin, ymin, xmax, ymax) stand on one line, at most one height apart."""
    tall = np.maximum(one[..., 3] - one[..., 1], others[..., 3] - others[..., 1])
    short = np.minimum(one[..., 3] - one[..., 1], others[..., 3] - others[..., 1])
    common = np.minimum(one[..., 3], others[..., 3]) - np.maximum(one[..., 1], others[..., 1])
    gap = np.maximum(one[..., 0], others[..., 0]) - np.minimum(one[..., 2], others[..., 2])
    return (common > 0.5 * short) & (gap < tall)


def _order(photos: Sequence[Photo]) -> Iterator[Suspicion]:
    """Where nearly all photos list a line's objects from left to right, two that are swapped may have wrong classes."""
    lines = [photo for photo in photos if len(photo.objects) > 1 and _on_one_line(photo.objects)]
    back = {id(photo): _back(photo) for photo in lines}
    odd = [photo for photo in lines if back[id(photo)] is not None]
    if len(lines) < 20 or len(odd) > (1 - IN_ORDER) * len(lines):
        return
    for photo in odd:
        index = back[id(photo)]
        assert index is not None
        one, other = photo.objects[index : index + 2]
        step = (_middle(one) - _middle(other)) / (one.xmax - one.xmin)
        words = f"{one.name} is listed before {other.name}, which stands left of it"
        yield Suspicion("order", photo, (index, index + 1), step, words)


def _on_one_line(objects: Sequence[LabelledObject]) -> bool:
    sides = np.array([(item.xmin, item.ymin, item.xmax, item.ymax) for item in objects])
    return bool(_beside(sides[:-1], sides[1:]).all())


def _back(photo: Photo) -> int | None:
    """Index of the first object whose follower stands left of it."""
    middles = [_middle(item) for item in photo.objects]
    return next((i for i, (one, other) in enumerate(pairwise(middles)) if other < one), None)


def _middle(item: LabelledObject) -> float:
    return (item.xmin + item.xmax) / 2
