"""Figures of merit: precision and recall per class, full-number accuracy, the score thresholds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.data.formats import Photo
from training.detector.reading import text
from training.detector.recognition import Detections, Floats, intersection_over_union

MATCH_IOU = 0.5
ENOUGH = 25
"""Calibration photos with fewer objects of a class say too little to give it a threshold of its own."""
Threshold = float | Floats
"""One for all, or one for each class, [c]."""
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True)
class Judged:
    """One photo: its label and what a model says of it, boxes in pixels of the photo."""

    photo: Photo
    detections: Detections


def label_boxes(photo: Photo) -> np.ndarray:
    """[n, 4] ymin, xmin, ymax, xmax in pixels."""
    boxes = [[item.ymin, item.xmin, item.ymax, item.xmax] for item in photo.objects]
    return np.array(boxes, np.float64).reshape(-1, 4)


def label_text(photo: Photo, reading: str) -> str:
    """The photo's objects as one string: in reading order, or counted where they stand alone."""
    return _text(label_boxes(photo), [item.name for item in photo.objects], reading)


def detected_text(detections: Detections, classes: Sequence[str], reading: str) -> str:
    """The detections as one string, like `label_text`."""
    return _text(detections.boxes, [classes[index] for index in detections.classes], reading)


def _text(boxes: np.ndarray, names: list[str], reading: str) -> str:
    return text(boxes, names) if reading == "lines" else counted(names)


def counted(names: Iterable[str]) -> str:
    """``names`` with their numbers: 2 × cat, 1 × dog."""
    return ", ".join(f"{count} × {name}" for name, count in sorted(Counter(names).items()))


def full_number_accuracy(
    judged: Sequence[Judged], classes: Sequence[str], reading: str, threshold: Threshold
) -> tuple[float, tuple[float, float]]:
    """Share of photos whose text is exactly the label's, and its 95 % interval (Wilson 1927)."""
    right = sum(
        detected_text(one.detections.above(threshold), classes, reading) == label_text(one.photo, reading)
        for one in judged
    )
    return right / len(judged), wilson(right, len(judged))


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % score interval of a proportion."""
    z = 1.959964
    share, scale = right / total, 1 + z**2 / total
    middle = (share + z**2 / (2 * total)) / scale
    reach = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / scale
    return max(0.0, middle - reach), min(1.0, middle + reach)


def best_threshold(judged: Sequence[Judged], classes: Sequence[str], reading: str) -> tuple[float, float]:
    """The score threshold that suits these photos best, and the figure it reaches.

    Characters in lines are judged by full-number accuracy, objects that stand alone by the F1 measure. The middle of
    the best plateau is taken, since its edges are chance; what is no more than a photo worse belongs to it. Where no
    more than one photo is right at any threshold, single characters decide: what finds some of them shows them.
    """
    decisive = figures = _f1(_counts_by_threshold(judged, classes).sum(axis=1))
    if reading == "lines":
        figures = full_numbers_by_threshold(judged, classes)
        # Within a photo of the best is every threshold otherwise, also those that show nothing.
        if figures.max() * len(judged) > 1.5:
            decisive = figures
    best = _plateau(decisive, len(judged))
    index = int(best[len(best) // 2])
    return float(THRESHOLDS[index]), float(figures[index])


def class_thresholds(judged: Sequence[Judged], classes: Sequence[str], common: float) -> dict[str, float]:
    """Thresholds of classes that do better with one of their own than with the ``common`` one.

    The F1 measure of a class decides, as in `best_threshold`; where the common threshold is no more than an object
    worse than the best, it stays.
    """
    found: dict[str, float] = {}
    for name, counts in zip(classes, _counts_by_threshold(judged, classes).swapaxes(0, 1), strict=True):
        objects = int(counts[0, 2])
        if objects < ENOUGH:
            continue
        best = _plateau(_f1(counts), objects)
        if not np.isclose(THRESHOLDS[best], common).any():
            found[name] = float(THRESHOLDS[best[len(best) // 2]])
    return found


def _plateau(figures: Floats, cases: int) -> np.ndarray:
    """Indices of `THRESHOLDS` whose figure is the best, or no more than one of ``cases`` worse."""
    # A moving mean keeps a lucky spike from winning.
    smooth = np.convolve(np.pad(figures, 2, "edge"), np.ones(5) / 5, "valid")
    return np.flatnonzero(smooth >= smooth.max() - 1 / max(1, cases) - 1e-9)


def full_numbers_by_threshold(judged: Sequence[Judged], classes: Sequence[str]) -> np.ndarray:
    """Full-number accuracy of characters in lines at each of `THRESHOLDS`."""
    right = np.zeros(len(THRESHOLDS))
    for one in judged:
        expected = label_text(one.photo, "lines")
        # The text changes only where a detection drops out: read once for each number of detections kept.
        kept = (one.detections.scores[None] >= THRESHOLDS[:, None]).sum(axis=1)
        for count in np.unique(kept):
            first = Detections(
                one.detections.classes[:count], one.detections.scores[:count], one.detections.boxes[:count]
            )
            right[kept == count] += detected_text(first, classes, "lines") == expected
    return right / max(1, len(judged))


def _counts_by_threshold(judged: Sequence[Judged], classes: Sequence[str]) -> np.ndarray:
    """[thresholds, c, 3] what `count_matches` counts at each of `THRESHOLDS`."""
    counts = np.zeros((len(THRESHOLDS), len(classes), 3), np.int64)
    for one in judged:
        # Matched once: the surest come first, so that a threshold only cuts off the end of what is matched.
        hits = _matches(one, classes)
        kept = (one.detections.scores[None] >= THRESHOLDS[:, None]).astype(np.int64)
        said = np.eye(len(classes), dtype=np.int64)[one.detections.classes]
        counts[:, :, 0] += (kept * hits) @ said
        counts[:, :, 1] += kept @ said
        for item in one.photo.objects:
            counts[:, classes.index(item.name), 2] += 1
    return counts


def _f1(counts: np.ndarray) -> Floats:
    """[...] the F1 measure of hits, detections and objects, [..., 3]; 0 where there is neither of the latter."""
    return 2 * counts[..., 0] / np.maximum(1, counts[..., 1] + counts[..., 2])


def count_matches(
    judged: Sequence[Judged], classes: Sequence[str], threshold: Threshold
) -> dict[str, tuple[int, int, int]]:
    """For each class: right detections, detections, labelled objects. A detection is right at an IoU of 0.5."""
    counts = {name: [0, 0, 0] for name in classes}
    for one in judged:
        for item in one.photo.objects:
            counts[item.name][2] += 1
        kept = Judged(one.photo, one.detections.above(threshold))
        for index, right in zip(kept.detections.classes, _matches(kept, classes), strict=True):
            counts[classes[index]][0] += int(right)
            counts[classes[index]][1] += 1
    return {name: (hits, found, objects) for name, (hits, found, objects) in counts.items()}


def _matches(one: Judged, classes: Sequence[str]) -> np.ndarray:
    """Whether each [k] of a photo's detections is right: its class, at an IoU of 0.5, of an object not yet found."""
    truth = label_boxes(one.photo)
    open_objects = np.ones(len(truth), bool)
    names = np.array([item.name for item in one.photo.objects])
    hits = np.zeros(len(one.detections.scores), bool)
    for place, (index, box) in enumerate(zip(one.detections.classes, one.detections.boxes, strict=True)):
        if len(truth):
            overlaps = intersection_over_union(box, truth) * open_objects * (names == classes[index])
            best = int(overlaps.argmax())
            if overlaps[best] >= MATCH_IOU:
                open_objects[best] = False
                hits[place] = True
    return hits
