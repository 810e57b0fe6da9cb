"""Judges a network in training on the calibration photos: which weights are best, which threshold suits them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training import drawing
from training.config import Configuration
from training.data.batches import decode, open_records
from training.data.formats import LabelledObject, Photo
from training.detector.letterbox import letterbox
from training.detector.recognition import Detections
from training.evaluation.metrics import THRESHOLDS, Judged, best_threshold
from training.models import look_at, meaning, outputs

MAX_PHOTOS = 800
"""While it trains: more would cost time and steady the figure only little."""
BATCH = 16
PICTURES = 4


class Calibration:
    """The calibration photos, held in memory as they are packed."""

    def __init__(self, records: Path, config: Configuration, limit: int = MAX_PHOTOS) -> None:
        """Read them from ``records``, the first ``limit`` of them; -1 for all."""
        self.config = config
        examples, _ = open_records(records, "calibration", config.classes)
        self.photos: list[Photo] = []
        self.pixels: list[np.ndarray] = []
        for pixels, boxes, labels in examples.take(limit).map(decode).as_numpy_iterator():
            height, width = pixels.shape[:2]
            objects = [
                LabelledObject(config.classes[label], *(float(box[i]) for i in (1, 0, 3, 2)))
                for box, label in zip(boxes, labels, strict=True)
            ]
            self.photos.append(Photo(str(len(self.pixels)), width, height, "", objects))
            self.pixels.append(pixels)
        self.compiled: Any = None

    def judge(self, model: Any) -> tuple[float, float, list[Any]]:
        """The figure that the model reaches at its best threshold, that threshold, and some pictures."""
        if self.compiled is None:
            self.compiled = tf.function(lambda images: outputs(model, images), reduce_retracing=True)
        judged = []
        for start in range(0, len(self.photos), BATCH):
            found = look_at(self.pixels[start : start + BATCH], self._run, meaning(self.config), float(THRESHOLDS[0]))
            judged += [Judged(*pair) for pair in zip(self.photos[start : start + BATCH], found, strict=True)]
        threshold, figure = best_threshold(judged, self.config.classes, self.config.reading)
        return figure, threshold, [self._draw(judged[i], threshold) for i in range(min(PICTURES, len(judged)))]

    def _run(self, inputs: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        boxes, scores = self.compiled(tf.constant(np.stack(inputs)))
        return list(zip(boxes.numpy(), scores.numpy(), strict=True))

    def _draw(self, judged: Judged, threshold: float) -> Any:
        """The input as the network sees it, with what it found."""
        photo, size = judged.photo, self.config.input
        found = judged.detections.above(threshold)
        shrink = min(size.width / photo.width, size.height / photo.height)
        on_input = Detections(found.classes, found.scores, found.boxes * shrink)
        picture = drawing.draw(
            letterbox(self.pixels[int(photo.filename)], size.width, size.height), on_input, self.config.classes
        )
        return picture.resize((size.width * 2, size.height * 2))
