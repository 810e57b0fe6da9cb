"""What the network says to detections: threshold, candidates, suppression.

``frontend/recognizer/src/detector/suppression.ts`` is the same routine; both are held to
``tests/vectors/recognition.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Suppression:
    """How overlapping detections are thinned out; the manifest carries these values to the browser."""

    iou_threshold: float = 0.35
    class_agnostic: bool = True
    max_candidates: int = 300
    max_detections: int = 100


@dataclass(frozen=True)
class Detections:
    """Detections of one photo, best first."""

    classes: npt.NDArray[np.int64]
    """[k] index into the model's classes"""
    scores: Floats
    """[k] 0–1"""
    boxes: Floats
    """[k, 4] ymin, xmin, ymax, xmax in the unit of the boxes given to `detect`"""
    class_scores: Floats | None = None
    """[k, c] of every class where the detection is; None where only the best is known"""

    def count(self, threshold: float | Floats) -> npt.NDArray[np.bool_]:
        """[k] whether each scores at least ``threshold``: one for all, or that of its class, [c]."""
        counts: npt.NDArray[np.bool_] = self.scores >= (
            threshold[self.classes] if isinstance(threshold, np.ndarray) else threshold
        )
        return counts

    def above(self, threshold: float | Floats) -> Detections:
        """Only those that `count`."""
        keep = self.count(threshold)
        others = None if self.class_scores is None else self.class_scores[keep]
        return Detections(self.classes[keep], self.scores[keep], self.boxes[keep], others)


def intersection_over_union(box: Floats, boxes: Floats) -> Floats:
    """IoU of one box [4] with each of ``boxes`` [n, 4] (ymin, xmin, ymax, xmax), 0 where both are empty."""
    overlap = np.maximum(0.0, np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])).prod(axis=1)
    area = (box[2] - box[0]) * (box[3] - box[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = area + areas - overlap
    ratio: Floats = np.divide(overlap, union, out=np.zeros_like(union), where=union > 0)
    return ratio


def detect(
    boxes: npt.NDArray[np.floating],
    scores: npt.NDArray[np.floating],
    suppression: Suppression,
    min_score: float,
    background_column: bool = False,
) -> Detections:
    """Greedy non-maximum suppression over the best class of each location.

    Args:
        boxes: [n, 4] ymin, xmin, ymax, xmax
        scores: [n, c], or [n, 1 + c] with the background first where ``background_column``
        suppression: overlap limit and counts
        min_score: locations whose best class scores less are dropped
        background_column: whether column 0 is the background
    """
    if background_column:
        scores = scores[:, 1:]
    best = scores.max(axis=1).astype(np.float64)
    # Stable, so that equal scores keep the order of their locations, as in the browser.
    order = np.argsort(-best, kind="stable")[: suppression.max_candidates]
    order = order[best[order] >= min_score]
    classes = scores[order].argmax(axis=1)
    candidates = boxes[order].astype(np.float64)
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for index in range(len(order)):
        if not alive[index]:
            continue
        kept.append(index)
        if len(kept) == suppression.max_detections:
            break
        overlaps = intersection_over_union(candidates[index], candidates) > suppression.iou_threshold
        if not suppression.class_agnostic:
            overlaps &= classes == classes[index]
        alive &= ~overlaps
    return Detections(
        classes[kept].astype(np.int64), best[order][kept], candidates[kept], scores[order][kept].astype(np.float64)
    )
