"""Small detectors as SavedModels: 64 × 64 pixels to a grid of 16 × 16 locations, random weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

SIZE, GRID = 64, 16
CELLS = GRID * GRID
DIGITS = tuple("0123456789")
BOXES, SCORES = "detection_boxes", "detection_multiclass_scores"

Outputs = dict[str, Any]


class Network(tf.Module):
    """Three convolutions; `__call__` gives boxes [1, CELLS, 4] and scores [1, CELLS, columns]."""

    def __init__(self, columns: int, seed: int = 1) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)

        def kernel(*shape: int) -> tf.Variable:
            spread = np.sqrt(2 / np.prod(shape[:-1]))
            return tf.Variable(rng.normal(0, spread, shape).astype(np.float32))

        self.columns = columns
        self.kernels = [kernel(3, 3, 3, 8), kernel(3, 3, 8, 16), kernel(1, 1, 16, 4 + columns)]
        self.bias = tf.Variable(rng.normal(0, 0.5, 4 + columns).astype(np.float32))
        centres = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
        rows, columns_of = np.meshgrid(centres, centres, indexing="ij")
        self.grid = np.stack([rows, columns_of], -1).reshape(1, CELLS, 2)

    def __call__(self, image: tf.Tensor) -> Outputs:
        x = image / 64.0 - 2.0
        for kernel in self.kernels[:2]:
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 2, "SAME"))
        x = tf.nn.bias_add(tf.nn.conv2d(x, self.kernels[2], 1, "SAME"), self.bias)
        x = tf.reshape(x, [1, CELLS, 4 + self.columns])
        sides = tf.nn.softplus(x[..., :4]) / GRID
        corners = [self.grid - sides[..., :2], self.grid + sides[..., 2:]]
        boxes = tf.clip_by_value(tf.concat(corners, -1), 0.0, 1.0)
        return {BOXES: boxes, SCORES: tf.sigmoid(x[..., 4:])}


def save(
    folder: Path,
    columns: int = len(DIGITS),
    *,
    signature: str = "detect",
    input_name: str = "image",
    dtype: tf.DType = tf.float32,
    shape: Sequence[int | None] = (1, SIZE, SIZE, 3),
    before: Callable[[tf.Tensor], tf.Tensor] = lambda image: image,
    after: Callable[[Outputs], Outputs] = lambda outputs: outputs,
) -> Path:
    """Write a SavedModel without detector.json; ``before`` and ``after`` change what goes in and
    comes out."""
    network = Network(columns)

    def detect(image: tf.Tensor) -> Outputs:
        return after(network(before(tf.ensure_shape(tf.cast(image, tf.float32), [1, SIZE, SIZE, 3]))))

    given = tf.TensorSpec(shape, dtype, name=input_name)
    network.detect = tf.function(detect, input_signature=[given])
    tf.saved_model.save(network, str(folder), signatures={signature: network.detect})
    return folder


def describe(path: Path, **changes: Any) -> Path:
    """Write a detector.json for `save`'s detectors."""
    detector = {
        "name": "test",
        "classes": list(DIGITS),
        "reading": "lines",
        "input": {"height": SIZE, "width": SIZE},
        "background_column": False,
        "score_threshold": 0.5,
        "suppression": {
            "iou_threshold": 0.35,
            "class_agnostic": True,
            "max_candidates": 300,
            "max_detections": 100,
        },
        "provenance": {"commit": "abc", "data_fingerprint": None, "versions": {"tensorflow": "2"}},
    }
    path.write_text(json.dumps(detector | changes))
    return path


def wrapping(image: tf.Tensor) -> tf.Tensor:
    """Doubles in uint8, which overflows in TensorFlow and not in TensorFlow.js: a fault of
    conversion."""
    small = tf.cast(image, tf.uint8)
    return tf.cast(small + small, tf.float32)


def with_extras(outputs: Outputs) -> Outputs:
    """More outputs, as exports of the Object Detection API have; their suppression must not
    matter."""
    best = tf.reduce_max(outputs[SCORES][0], axis=1)
    kept = tf.image.non_max_suppression(outputs[BOXES][0], best, 10)
    return outputs | {
        "detection_scores": best[None],
        "num_detections": tf.cast(tf.size(kept), tf.float32)[None],
        "anchor_indices": kept,
    }


def with_background(outputs: Outputs) -> Outputs:
    """Scores with a column in front: how sure it is that there is nothing."""
    scores = outputs[SCORES]
    return outputs | {SCORES: tf.concat([1 - tf.reduce_max(scores, -1, keepdims=True), scores], -1)}


def exported(outputs: Outputs) -> Outputs:
    """What the Object Detection API's exporter makes of them: results of suppression, and beside them the raw tensors.

    Names and shapes as in ``object_detection/exporter_lib_v2.py``; the scores have a background column.
    """
    boxes, scores = outputs[BOXES], outputs[SCORES]
    kept = tf.image.combined_non_max_suppression(boxes[:, :, None], scores[..., 1:], 20, 20, score_threshold=0.3)
    best = tf.argsort(tf.reduce_max(scores[..., 1:], -1), direction="DESCENDING")[:, :20]
    return {
        BOXES: kept.nmsed_boxes,
        SCORES: tf.gather(scores, best, batch_dims=1),
        "detection_anchor_indices": tf.cast(best, tf.float32),
        "detection_classes": kept.nmsed_classes + 1,
        "detection_scores": kept.nmsed_scores,
        "num_detections": tf.cast(kept.valid_detections, tf.float32),
        "raw_detection_boxes": boxes,
        "raw_detection_scores": scores,
    }


def suppressed(outputs: Outputs) -> Outputs:
    """Both outputs behind suppression."""
    best = tf.reduce_max(outputs[SCORES][0], axis=1)
    kept = tf.image.non_max_suppression(outputs[BOXES][0], best, 10)
    return {name: tf.gather(tensor, kept, axis=1) for name, tensor in outputs.items()}


def looped(outputs: Outputs) -> Outputs:
    """Scores through a loop over the batch."""
    return outputs | {SCORES: tf.map_fn(lambda one: one * 0.5, outputs[SCORES])}


def debugged(outputs: Outputs) -> Outputs:
    """Assertions, prints and checks as people leave them in."""
    tf.debugging.assert_less_equal(tf.reduce_max(outputs[SCORES]), 1.0)
    tf.print("scores", tf.reduce_max(outputs[SCORES]))
    return {name: tf.debugging.check_numerics(tensor, name) for name, tensor in outputs.items()}


def constant(
    boxes: Sequence[Sequence[float]], classes: Sequence[int], score: float = 0.9
) -> Callable[[Outputs], Outputs]:
    """Outputs that find ``classes`` at ``boxes`` (ymin, xmin, ymax, xmax; 0–1) in every photo."""
    all_boxes, all_scores = np.zeros((1, CELLS, 4)), np.zeros((1, CELLS, len(DIGITS)))
    for index, (box, found) in enumerate(zip(boxes, classes, strict=True)):
        all_boxes[0, index], all_scores[0, index, found] = box, score

    def replace(outputs: Outputs) -> Outputs:
        # A trace of the real outputs, so that the image stays an input.
        return {
            BOXES: tf.constant(all_boxes, tf.float32) + 1e-6 * outputs[BOXES],
            SCORES: tf.constant(all_scores, tf.float32) + 1e-6 * outputs[SCORES],
        }

    return replace
