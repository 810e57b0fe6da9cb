"""COCO's mean average precision, by pycocotools, with the precision-recall curves that it is the area under."""

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


@dataclass(frozen=True)
class Precision:
    """Average precision of a model on photos."""

    map: float
    """mean over IoU 0.50 to 0.95 and classes"""
    map50: float
    """mean over classes at IoU 0.50"""
    per_class: dict[str, float]
    """mean over IoU 0.50 to 0.95; NaN for a class without objects"""
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
        return Precision(0.0, 0.0, dict.fromkeys(classes, math.nan if not labels else 0.0), {})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        categories = [{"id": i, "name": name} for i, name in enumerate(classes, 1)]
        truth.dataset = {"info": {}, "images": images, "annotations": labels, "categories": categories}
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(np.array(results)), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    # [IoU thresholds, recalls, classes, areas, detection limits]; -1 stands for "no objects".
    precision: Any = run.eval["precision"][:, :, :, 0, -1]
    present = {name: i for i, name in enumerate(classes) if (precision[:, :, i] > -1).any()}
    return Precision(
        float(run.stats[0]),
        float(run.stats[1]),
        {name: float(precision[:, :, present[name]].mean()) if name in present else math.nan for name in classes},
        {name: precision[0, :, i] for name, i in present.items()},
    )


def hypotheses(found: Detections) -> Iterator[tuple[int, float, npt.NDArray[np.float64]]]:
    """Class, score and box [4] of each detection, and of each other class that scores `FAINT` or more there."""
    for row, (best, box) in enumerate(zip(found.classes.tolist(), found.boxes, strict=True)):
        yield best, float(found.scores[row]), box
        if found.class_scores is not None:
            others = found.class_scores[row]
            for index in np.flatnonzero(others >= FAINT).tolist():
                if index != best:
                    yield index, float(others[index]), box
