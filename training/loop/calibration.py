"""Judges a network in training on the calibration photos: which weights are best, which threshold suits them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from training import drawing
from training.config import Configuration
from training.data.batches import decode, open_records
from training.data.formats import LabelledObject, Photo
from training.detector.letterbox import letterbox
from training.detector.recognition import Detections
from training.evaluation import reliability
from training.evaluation.average_precision import average_precision
from training.evaluation.metrics import THRESHOLDS, Judged, best_threshold, count_matches, wilson
from training.models import MIN_SCORE, look_at, meaning, outputs

PLENTY = 100
"""From so many photos of characters on, the best figure decides."""
MAX_PHOTOS = 800
"""While it trains: more would cost time and steady the figure only little."""
BATCH = 16
PICTURES = 4


class Verdict(NamedTuple):
    """What the calibration photos say of a network."""

    figure: float
    """characters in lines: full numbers right; objects: mAP"""
    low: float
    high: float
    """95 % interval; the figure itself where there are plenty of characters to tell by"""
    threshold: float
    """score from which detections count"""
    hits: int
    """objects found at it"""
    pictures: list[Any]

    def is_taken(self, kept: float) -> bool:
        """Whether these weights take the place of earlier ones with the figure ``kept``.

        Later weights are better but for chance, so that only photos that can tell speak against them.
        """
        return self.figure > kept if self.low == self.high == self.figure else self.high >= kept


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
        self.judged: list[Judged] = []
        """what the network that was judged last says of each photo"""

    def judge(self, model: Any) -> Verdict:
        """What the photos say of ``model``."""
        if self.compiled is None:
            self.compiled = tf.function(lambda images: outputs(model, images), reduce_retracing=True)
        classes, reading = self.config.classes, self.config.reading
        faintest = float(THRESHOLDS[0]) if reading == "lines" else MIN_SCORE
        judged: list[Judged] = []
        for start in range(0, len(self.photos), BATCH):
            found = look_at(self.pixels[start : start + BATCH], self._run, meaning(self.config), faintest)
            judged += [Judged(*pair) for pair in zip(self.photos[start : start + BATCH], found, strict=True)]
        self.judged = judged
        threshold, figure = best_threshold(judged, classes, reading)
        hits = sum(right for right, _, _ in count_matches(judged, classes, threshold).values())
        low = high = figure
        if reading == "none":
            precision = average_precision(judged, classes)
            figure = precision.map
            low, high = precision.map_interval or (0.0, 1.0)
        elif len(judged) < PLENTY:
            low, high = wilson(round(figure * len(judged)), len(judged))
        pictures = [self._draw(judged[i], threshold) for i in range(min(PICTURES, len(judged)))]
        return Verdict(figure, low, high, threshold, hits, pictures)

    def worth(self, threshold: float) -> dict[str, Any]:
        """What scores of the network that was judged last are worth, as `reliability.worth` says."""
        return reliability.worth(self.judged, self.config.classes, self.config.reading, threshold)

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
