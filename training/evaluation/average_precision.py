"""COCO's mean average precision, by pycocotools, with the precision-recall curves that it is the area under.

How far it may be chance, the bootstrap says (Efron and Tibshirani 1993, "An Introduction to the Bootstrap"): photos are
drawn with replacement, and what pycocotools has matched is counted as often as its photo was drawn.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from training.detector.recognition import Detections
from training.evaluation.metrics import Judged

FAINT = 0.01
"""Scores below it of classes that aren't a detection's best change nothing that can be told."""
RECALLS = np.linspace(0, 1, 101)
"""Where COCO looks at precision."""
IOUS = np.linspace(0.5, 0.95, 10)
DRAWS = 200
"""The ends of an interval are known to a tenth of its length by so many."""
FEWEST = 2
"""Photos of which an interval can be said."""

Interval = tuple[float, float]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Precision:
    """Average precision of a model on photos."""

    map: float
    """mean over IoU 0.50 to 0.95 and classes"""
    map50: float
    """mean over classes at IoU 0.50"""
    map_interval: Interval | None
    """95 %; None where photos are too few to say"""
    map50_interval: Interval | None
    per_class: dict[str, float]
    """mean over IoU 0.50 to 0.95; NaN for a class without objects"""
    per_class50: dict[str, float]
    """the same at IoU 0.50"""
    curves: dict[str, npt.NDArray[np.float64]]
    """precision at each of `RECALLS`, IoU 0.50, for each class that has objects"""


def average_precision(judged: Sequence[Judged], classes: Sequence[str]) -> Precision:
    """All detections of ``judged`` count, whatever their score, and as every class that scores where they are.

    So COCO judges detectors that score each class (RetinaNet, CenterNet, YOLO): what is a 3 with 0.6 and a 5 with 0.3
    is a better answer to "where are the fives?" than nothing.
    """
    images: list[Any] = []
    labels: list[Any] = []
    results: list[Any] = []
    for number, one in enumerate(judged, 1):
        images.append({"id": number, "width": one.photo.width, "height": one.photo.height})
        for item in one.photo.objects:
            box = [item.xmin, item.ymin, item.xmax - item.xmin, item.ymax - item.ymin]
            labels.append(
                {
                    "id": len(labels) + 1,
                    "image_id": number,
                    "category_id": classes.index(item.name) + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
        for index, score, (ymin, xmin, ymax, xmax) in hypotheses(one.detections):
            results.append([number, xmin, ymin, xmax - xmin, ymax - ymin, score, index + 1])
    if not labels or not results:
        none = dict.fromkeys(classes, math.nan if not labels else 0.0)
        return Precision(0.0, 0.0, None, None, none, none, {})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        categories = [{"id": i, "name": name} for i, name in enumerate(classes, 1)]
        truth.dataset = {"info": {}, "images": images, "annotations": labels, "categories": categories}
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(np.array(results)), "bbox")
        # Objects of all sizes only: the other three quarters of its work nobody asks for.
        run.params.areaRng, run.params.areaRngLbl = run.params.areaRng[:1], run.params.areaRngLbl[:1]
        run.evaluate()
        run.accumulate()
    # [IoU thresholds, recalls, classes, areas, detection limits]; -1 stands for "no objects".
    precision: Any = run.eval["precision"][:, :, :, 0, -1]
    present = {name: i for i, name in enumerate(classes) if (precision[:, :, i] > -1).any()}
    found = precision[:, :, list(present.values())]
    whole, half = _intervals(run, len(judged), len(classes)) if len(judged) >= FEWEST else (None, None)
    return Precision(
        float(found.mean()),
        float(found[0].mean()),
        whole,
        half,
        {name: float(precision[:, :, present[name]].mean()) if name in present else math.nan for name in classes},
        {name: float(precision[0, :, present[name]].mean()) if name in present else math.nan for name in classes},
        {name: precision[0, :, i] for name, i in present.items()},
    )


def _intervals(run: Any, photos: int, classes: int) -> tuple[Interval, Interval]:
    """95 % intervals of mAP and mAP50 over photos drawn anew."""
    rng = np.random.default_rng(1)
    # [draws, photos] how often each photo was drawn.
    drawn = np.array([np.bincount(rng.integers(0, photos, photos), minlength=photos) for _ in range(DRAWS)])
    # [draws, classes, IoU thresholds]
    precision = np.stack([_drawn(run.evalImgs[i * photos : (i + 1) * photos], drawn) for i in range(classes)], 1)
    # Photos without any object may have been drawn alone.
    precision = precision[~np.isnan(precision[:, :, 0]).all(axis=1)]
    means = np.nanmean(np.stack([precision.mean(axis=2), precision[:, :, 0]]), axis=2)
    low, high = np.percentile(means, (2.5, 97.5), axis=1).tolist()
    return (low[0], high[0]), (low[1], high[1])


def _drawn(matched: Any, drawn: npt.NDArray[np.int64]) -> Floats:
    """[draws, IoU thresholds] average precision of one class, NaN where no photo with an object of it was drawn.

    ``matched`` is what pycocotools found in each photo for the class, None where there is nothing of it.
    """
    some = [(place, one) for place, one in enumerate(matched) if one is not None]
    objects = np.zeros(drawn.shape[1])
    for place, one in some:
        objects[place] = len(one["gtIds"])
    found = [(place, one) for place, one in some if one["dtIds"]]
    total = drawn @ objects
    if not found:
        return np.where(total > 0, 0.0, np.nan)[:, None].repeat(len(IOUS), 1)
    scores = np.concatenate([one["dtScores"] for _, one in found])
    order = np.argsort(-scores, kind="mergesort")
    photo = np.repeat([place for place, _ in found], [len(one["dtIds"]) for _, one in found])[order]
    # [IoU thresholds, detections]
    hits = np.concatenate([one["dtMatches"] for _, one in found], axis=1)[:, order] > 0
    result = np.full((len(drawn), len(hits)), np.nan)
    for draw, times in enumerate(drawn):
        if total[draw]:
            counted = times[photo]
            right, seen = np.cumsum(hits * counted, axis=1), np.cumsum(counted)
            with np.errstate(invalid="ignore"):
                share = np.where(seen > 0, right / seen, 0.0)
            # The best precision at this recall or a higher one.
            share = np.maximum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
            for row, (reached, best) in enumerate(zip(right / total[draw], share, strict=True)):
                at = np.searchsorted(reached, RECALLS)
                result[draw, row] = best[at[at < len(best)]].sum() / len(RECALLS)
    return result


def hypotheses(found: Detections) -> Iterator[tuple[int, float, npt.NDArray[np.float64]]]:
    """Class, score and box [4] of each detection, and of each other class that scores `FAINT` or more there."""
    for row, (best, box) in enumerate(zip(found.classes.tolist(), found.boxes, strict=True)):
        yield best, float(found.scores[row]), box
        if found.class_scores is not None:
            others = found.class_scores[row]
            for index in np.flatnonzero(others >= FAINT).tolist():
                if index != best:
                    yield index, float(others[index]), box
