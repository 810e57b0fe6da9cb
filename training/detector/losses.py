"""The two losses: is it there, and does the box fit."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from training.detector.targets import Targets

BOX_WEIGHT = 2.0
FIT = 0.5
"""How much of an object's score says how well its box fits; the rest says that it is there."""


def class_loss(logits: Any, distances: Any, targets: Targets) -> Any:
    """Focal loss of CenterNet (Zhou et al. 2019, equation 1), summed and divided by the number of objects.

    At an object's centre the score should say how well the box fits, too: of two boxes the better one is kept and
    ranked first (Li et al. 2020, "Generalized Focal Loss", equation 2).

    ``logits`` [b, h, w, c], ``distances`` [b, h, w, 4] as the network gives them. Computed from logits, so that it
    neither overflows nor loses small scores.
    """
    score = tf.sigmoid(logits)
    peak = tf.cast(targets.heat >= 0.999, tf.float32)
    log_yes, log_no = tf.math.log_sigmoid(logits), tf.math.log_sigmoid(-logits)
    overlap, _ = _overlaps(cell_boxes(distances), targets.boxes)
    aim = 1 - FIT * (1 - tf.stop_gradient(overlap)[..., None])
    there = peak * (aim - score) ** 2 * (aim * log_yes + (1 - aim) * log_no)
    absent = (1 - peak) * (1 - targets.heat) ** 4 * score**2 * log_no * targets.known[..., None]
    return -tf.reduce_sum(there + absent) / tf.maximum(tf.reduce_sum(peak), 1.0)


def box_loss(distances: Any, targets: Targets) -> Any:
    """1 - generalised IoU (Rezatofighi et al. 2019), weighted by how strongly a cell stands for its object.

    ``distances`` [b, h, w, 4] as the network gives them.
    """
    _, generalised = _overlaps(cell_boxes(distances), targets.boxes)
    total = tf.maximum(tf.reduce_sum(targets.weight), 1.0)
    return tf.reduce_sum((1 - generalised) * targets.weight) / total


def _overlaps(boxes: Any, truth: Any) -> tuple[Any, Any]:
    """IoU and generalised IoU [...] of ``boxes`` with ``truth``, both [..., 4]."""
    overlap = _area(tf.maximum(boxes[..., :2], truth[..., :2]), tf.minimum(boxes[..., 2:], truth[..., 2:]))
    hull = _area(tf.minimum(boxes[..., :2], truth[..., :2]), tf.maximum(boxes[..., 2:], truth[..., 2:]))
    union = _area(boxes[..., :2], boxes[..., 2:]) + _area(truth[..., :2], truth[..., 2:]) - overlap
    iou = overlap / tf.maximum(union, 1e-6)
    return iou, iou - (hull - union) / tf.maximum(hull, 1e-6)


def cell_boxes(distances: Any) -> Any:
    """Log distances [b, h, w, 4] to boxes [b, h, w, 4] (ymin, xmin, ymax, xmax) in cells."""
    height, width = distances.shape[1:3]
    rows = (tf.range(height, dtype=tf.float32) + 0.5)[:, None, None]
    columns = (tf.range(width, dtype=tf.float32) + 0.5)[None, :, None]
    reach = tf.exp(tf.clip_by_value(distances, -8.0, 8.0))
    top, left, bottom, right = tf.split(reach, 4, axis=-1)
    return tf.concat([rows - top, columns - left, rows + bottom, columns + right], -1)


def _area(low: Any, high: Any) -> Any:
    sides = tf.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]
