"""Where a model goes wrong: confusions, small objects, the worst photos and why they are.

Detections are matched with labels whatever their class, best score first, each label once, at an IoU of 0.5; a pair of
different classes is a confusion, a label without a detection is missed, a detection without a label is extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.detector.recognition import intersection_over_union
from training.evaluation.metrics import (
    MATCH_IOU,
    THRESHOLDS,
    Judged,
    Threshold,
    counted,
    detected_text,
    full_numbers_by_threshold,
    label_boxes,
    label_text,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HEIGHTS = (0.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0, np.inf)
"""Edges of the classes of height, pixels of the network's input."""


@dataclass(frozen=True)
class Outcome:
    """What became of one photo's detections, best first, and of its labels."""

    judged: Judged
    names: Integers
    """[m] class of each label"""
    meant: Integers
    """[k] the label that each detection stands for, -1 for none"""

    @property
    def scores(self) -> Floats:
        """[k] of the detections."""
        return self.judged.detections.scores

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """[k] whether each detection stands for a label of its own class."""
        same = np.zeros(len(self.meant), bool)
        hit = self.meant >= 0
        same[hit] = self.names[self.meant[hit]] == self.judged.detections.classes[hit]
        return same

    def found(self, threshold: Threshold) -> npt.NDArray[np.bool_]:
        """[m] whether each label is found, as its class, by what counts at ``threshold``."""
        found = np.zeros(len(self.names), bool)
        found[self.meant[self.judged.detections.count(threshold) & self.right]] = True
        return found


def outcome(judged: Judged, classes: Sequence[str], threshold: Threshold = 0.0) -> Outcome:
    """Match the detections of a photo with its labels.

    A higher threshold only takes detections away from the end, so that one matching serves every threshold that is
    common to all classes. Where each has one of its own, those that count at ``threshold`` have the first choice.
    """
    truth = label_boxes(judged.photo)
    names = np.array([classes.index(item.name) for item in judged.photo.objects], np.int64)
    meant = np.full(len(judged.detections.scores), -1, np.int64)
    free = np.ones(len(truth), bool)
    # Stable: best first among those that count, and among the others.
    for index in np.argsort(~judged.detections.count(threshold), kind="stable"):
        if not free.any():
            break
        overlaps = intersection_over_union(judged.detections.boxes[index], truth) * free
        best = int(overlaps.argmax())
        if overlaps[best] >= MATCH_IOU:
            free[best] = False
            meant[index] = best
    return Outcome(judged, names, meant)


def confusion(outcomes: Sequence[Outcome], classes: int, threshold: Threshold) -> Integers:
    """[classes + 1, classes + 1] label by detection; the last column counts missed labels, the last row extra ones."""
    table = np.zeros((classes + 1, classes + 1), np.int64)
    for one in outcomes:
        kept = one.judged.detections.count(threshold)
        found, meant = one.judged.detections.classes[kept], one.meant[kept]
        hit = meant >= 0
        np.add.at(table, (one.names[meant[hit]], found[hit]), 1)
        table[classes] += np.bincount(found[~hit], minlength=classes + 1)
        missed = np.setdiff1d(np.arange(len(one.names)), meant)
        table[:, classes] += np.bincount(one.names[missed], minlength=classes + 1)
    return table


def confusions(table: Integers) -> list[tuple[int, int, int]]:
    """Label, detection and number of what was taken for another class, by a table of `confusion`, most first."""
    among = table[:-1, :-1] * ~np.eye(len(table) - 1, dtype=bool)
    order = np.argsort(-among, axis=None, kind="stable")
    pairs = (divmod(int(index), len(among)) for index in order)
    return [(label, found, int(among[label, found])) for label, found in pairs if among[label, found]]


class HeightClass(NamedTuple):
    """Labels between two heights, pixels of the network's input."""

    low: float
    high: float
    right: int
    confused: int
    missed: int


def by_height(outcomes: Sequence[Outcome], size: tuple[int, int], threshold: Threshold) -> list[HeightClass]:
    """What became of labels by their height in the network's input of ``size`` (height, width), from low to high."""
    counts = np.zeros((len(HEIGHTS) - 1, 3), np.int64)
    for one in outcomes:
        photo = one.judged.photo
        scale = min(size[0] / photo.height, size[1] / photo.width)
        boxes = label_boxes(photo)
        place = np.digitize((boxes[:, 2] - boxes[:, 0]) * scale, HEIGHTS) - 1
        # Right, confused, missed.
        fate = np.full(len(boxes), 2)
        kept = one.judged.detections.count(threshold)
        fate[one.meant[kept & (one.meant >= 0)]] = 1
        fate[one.meant[kept & one.right]] = 0
        np.add.at(counts, (place, fate), 1)
    return [
        HeightClass(low, high, *(int(count) for count in row))
        for low, high, row in zip(HEIGHTS[:-1], HEIGHTS[1:], counts, strict=True)
        if row.sum()
    ]


class Sweep(NamedTuple):
    """Figures at each of `THRESHOLDS`."""

    precision: Floats
    """NaN where nothing is detected"""
    recall: Floats
    """NaN where there are no objects"""
    full_numbers: Floats | None
    """None where objects aren't read as numbers"""


def sweep(outcomes: Sequence[Outcome], classes: Sequence[str], reading: str) -> Sweep:
    """What each threshold would give."""
    scores = np.concatenate([one.scores for one in outcomes])
    right = np.concatenate([one.right for one in outcomes])
    above = scores >= THRESHOLDS[:, None]
    hits = (above & right).sum(axis=1)
    objects = sum(len(one.names) for one in outcomes)
    with np.errstate(invalid="ignore"):
        precision = hits / above.sum(axis=1)
        recall = hits / np.float64(objects)
    judged = [one.judged for one in outcomes]
    return Sweep(precision, recall, full_numbers_by_threshold(judged, classes) if reading == "lines" else None)


def extras(outcomes: Sequence[Outcome], threshold: Threshold) -> int:
    """Detections that stand for no label: false alarms."""
    return sum(int(((one.meant < 0) & one.judged.detections.count(threshold)).sum()) for one in outcomes)


def regret(one: Outcome, threshold: Threshold) -> float:
    """How wrong a photo is: what wrong detections above the threshold score, and what each label lacks to 1."""
    right = one.right
    wrong = one.scores[~right & one.judged.detections.count(threshold)].sum()
    return float(wrong + len(one.names) - one.scores[right].sum())


def fault(one: Outcome, classes: Sequence[str], threshold: Threshold) -> str:
    """What is wrong with a photo in words, empty where all of it is right."""
    kept = one.judged.detections.count(threshold)
    missed = np.setdiff1d(np.arange(len(one.names)), one.meant[kept])
    confused = kept & (one.meant >= 0) & ~one.right
    pairs = zip(one.names[one.meant[confused]], one.judged.detections.classes[confused], strict=True)
    sides = (
        ("missed: ", [classes[name] for name in one.names[missed]]),
        ("taken for another: ", [f"{classes[label]} for {classes[found]}" for label, found in pairs]),
        ("nothing there: ", [classes[name] for name in one.judged.detections.classes[kept & (one.meant < 0)]]),
    )
    return "; ".join(words + counted(found) for words, found in sides if found)


def is_right(one: Outcome, classes: Sequence[str], reading: str, threshold: Threshold) -> bool:
    """Whether all of a photo is right: its text where objects are read, else every object, and nothing else."""
    if reading == "lines":
        found = one.judged.detections.above(threshold)
        return detected_text(found, classes, reading) == label_text(one.judged.photo, reading)
    return not fault(one, classes, threshold)


def worst(
    outcomes: Sequence[Outcome], classes: Sequence[str], reading: str, threshold: Threshold, limit: int
) -> list[Outcome]:
    """At most ``limit`` photos that aren't right, by `regret`."""
    wrong = [one for one in outcomes if not is_right(one, classes, reading, threshold)]
    return sorted(wrong, key=lambda one: regret(one, threshold), reverse=True)[:limit]
