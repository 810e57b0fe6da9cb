"""What a web model said of photos, as `conversion.predict` wrote it down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.data.formats import Photo
from training.detector.recognition import Detections
from training.errors import ModelError
from training.models import validate


def read_predictions(
    path: Path, photos: Sequence[Photo], classes: Sequence[str]
) -> Iterator[tuple[Photo, Detections, float]]:
    """Photos with their lines of a predictions.jsonl.

    Raises:
        ModelError: for an unreadable line, or a photo without a prediction
    """
    lines: dict[str, Any] = {}
    try:
        with path.open() as file:
            for number, line in enumerate(file, 1):
                prediction = json.loads(line)
                if number == 1:
                    validate(prediction, "prediction", f"{path} line {number}")
                lines[prediction["filename"]] = prediction
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: not a file of predictions: {error}") from error
    missing = [photo.filename for photo in photos if photo.filename not in lines]
    if missing:
        raise ModelError(f"{path}: no prediction for {len(missing)} photos, {missing[0]} first; predict again")
    for photo in photos:
        found = lines[photo.filename]["detections"]
        boxes = [[item["box"][side] for side in ("ymin", "xmin", "ymax", "xmax")] for item in found]
        class_scores = np.zeros((len(found), len(classes)))
        for row, item in zip(class_scores, found, strict=True):
            for name, score in {**item.get("others", {}), item["class"]: item["score"]}.items():
                row[classes.index(name)] = score
        detections = Detections(
            np.array([classes.index(item["class"]) for item in found], np.int64),
            np.array([item["score"] for item in found], np.float64),
            np.array(boxes, np.float64).reshape(-1, 4),
            class_scores,
        )
        yield photo, detections, lines[photo.filename]["milliseconds"]
