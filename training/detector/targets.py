"""What each cell of the network should say, from the labelled boxes of a batch.

After Liu et al. 2019, "Training-Time-Friendly Network" (TTFNet): a Gaussian of the object's own proportions around
its centre says how strongly a cell stands for it; the cells under it learn the box with that weight.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

SPREAD = 0.54 / 6
"""Standard deviation of the Gaussian as part of the box's side (TTFNet's alpha)."""
CORE = 0.4
"""Cells where the Gaussian is at least this high learn the box."""


class Targets(NamedTuple):
    """For b images of h × w cells and c classes."""

    heat: Any
    """[b, h, w, c] 1 at an object's centre, falling off around it"""
    boxes: Any
    """[b, h, w, 4] ymin, xmin, ymax, xmax in cells of the object that the cell stands for"""
    weight: Any
    """[b, h, w] how much the cell's box counts"""
    known: Any
    """[b, h, w] 0 where something lies that is neither an object nor background, else 1"""


def targets(boxes: Any, labels: Any, cells: tuple[int, int], stride: int, classes: int) -> Targets:
    """Targets of a batch.

    Args:
        boxes: float32 [b, m, 4] ymin, xmin, ymax, xmax in pixels of the input
        labels: int32 [b, m] class, -1 for none, -2 for a region to be ignored
        cells: h, w of the network's output
        stride: pixels of the input a cell
        classes: how many there are
    """
    boxes /= stride
    batch = tf.shape(labels)[0]
    height, width = cells
    rows = tf.range(height, dtype=tf.float32) + 0.5
    columns = tf.range(width, dtype=tf.float32) + 0.5
    # The peak is the cell that holds the centre, so that every object has a cell of value 1.
    centre_y = tf.floor((boxes[..., 0] + boxes[..., 2]) / 2) + 0.5
    centre_x = tf.floor((boxes[..., 1] + boxes[..., 3]) / 2) + 0.5
    sigma_y = tf.maximum((boxes[..., 2] - boxes[..., 0]) * SPREAD, 0.3)
    sigma_x = tf.maximum((boxes[..., 3] - boxes[..., 1]) * SPREAD, 0.3)
    fall_y = tf.exp(-(((rows - centre_y[..., None]) / sigma_y[..., None]) ** 2) / 2)
    fall_x = tf.exp(-(((columns - centre_x[..., None]) / sigma_x[..., None]) ** 2) / 2)
    present = tf.cast(labels >= 0, tf.float32)
    # [b, m, h, w]
    strength = (fall_y * present[..., None])[..., None] * fall_x[..., None, :]

    segment = tf.range(batch)[:, None] * classes + tf.maximum(labels, 0)
    heat = tf.math.unsorted_segment_max(
        tf.reshape(strength, [-1, height * width]), tf.reshape(segment, [-1]), batch * classes
    )
    # Segments without any member hold the type's lowest value.
    heat = tf.reshape(tf.maximum(heat, 0.0), [batch, classes, height, width])

    strongest = tf.argmax(strength, 1, tf.int32)
    weight = tf.reduce_max(strength, 1)
    cell_boxes = tf.gather(boxes, tf.reshape(strongest, [batch, -1]), batch_dims=1)
    inside_y = (rows > boxes[..., :1]) & (rows < boxes[..., 2:3])
    inside_x = (columns > boxes[..., 1:2]) & (columns < boxes[..., 3:4])
    ignored = (inside_y & (labels == -2)[..., None])[..., None] & inside_x[..., None, :]
    return Targets(
        tf.transpose(heat, [0, 2, 3, 1]),
        tf.reshape(cell_boxes, [batch, height, width, 4]),
        tf.where(weight >= CORE, weight, 0.0),
        1.0 - tf.cast(tf.reduce_any(ignored, 1), tf.float32),
    )
