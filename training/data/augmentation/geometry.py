"""Where photos and their boxes lie in training crops: scale, shift, rotation, shear, stretch, perspective in one warp.

A crop shows one photo, or four of them as a mosaic. `layout` says where, `plan` draws the warps; `data.symmetry`
decides what may be mirrored, `data.pixels` moves the pixels. All random numbers come from the batch's own seed, so that
a resumed training sees what an uninterrupted one would have.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from training.config import Augmentation

MIN_HEIGHT = 5.0
"""Objects lower than this many pixels in the crop are neither learned nor held against the network."""
WHOLE, GONE = 0.6, 0.1
"""Visible shares of an object from which it counts, and up to which it is gone; between them it is ignored."""
COVER = 0.9
"""The longer side of a photo covers at least this part of its cell."""
STAMP = 0.25
"""The same of a photo that is pasted onto another."""
FILLS = 0.95
"""An object that a cell is built around is at most this part of it high."""
PARTS = 4
"""Photos of a mosaic."""
SEAM = (0.35, 0.65)
"""Where the seams of a mosaic may lie, as part of the crop's side."""

EDGE = 0.25
"""How much of each side of its box an object touches: turned digits grow as if it were this part (see its test)."""
# The outline of an object, as part of its half width and half height: a digit fills its box without the corners.
OUTLINE = np.array(
    [[x * u, y * v] for u, v in ((1.0, EDGE), (EDGE, 1.0)) for x in (-1.0, 1.0) for y in (-1.0, 1.0)], np.float32
)


def layout(singles: int, mosaics: int, side: int, seed: Any) -> tuple[Any, Any]:
    """Where each photo of a batch goes: first those alone in their crop, then four by four those of mosaics.

    Returns:
        int32 crops [p] and int32 cells [p, 4] (ymin, xmin, ymax, xmax in pixels of the crop), for `data.pixels.cut`
    """
    seams = tf.random.stateless_uniform([mosaics, 2], seed, *(round(part * side) for part in SEAM), tf.int32)
    y, x = seams[:, 0], seams[:, 1]
    low, high = tf.zeros_like(y), tf.fill([mosaics], side)
    parts = ((low, low, y, x), (low, x, y, high), (y, low, high, x), (y, x, high, high))
    quarters = tf.stack([tf.stack(part, 1) for part in parts], 1)
    whole = tf.tile([[0, 0, side, side]], [singles, 1])
    crops = tf.concat([tf.range(singles), singles + tf.repeat(tf.range(mosaics), PARTS)], 0)
    return crops, tf.concat([whole, tf.reshape(quarters, [-1, 4])], 0)


def plan(
    sizes: Any, boxes: Any, counts: Any, cells: Any, flips: Any, pasted: Any, seed: Any, options: Augmentation
) -> tuple[Any, Any, Any]:
    """Draw how each photo of a batch is warped into its cell, and move its boxes along.

    Planned for a whole batch at once: dozens of operations on a few numbers cost as much as a photo's pixels.

    Args:
        sizes: float32 [p, 2] height and width of the photos, pixels
        boxes: float32 [p, n, 4] ymin, xmin, ymax, xmax in pixels of the photos
        counts: int32 [p] how many of the boxes are there; they come first
        cells: int32 [p, 4] from `layout`
        flips: float32 [p, 2] -1 where a photo is turned over along x or y, else 1, from `data.symmetry`
        pasted: bool [p] whether a photo has another one behind it, from `data.pasting`
        seed: int32 [2]
        options: ranges to draw from

    Returns:
        float32 transforms [p, 3, 3] for `data.pixels.cut`, float32 boxes [p, n, 4] in pixels of the crops, int32 state
        [p, n] of each object: 1 present, 0 to be ignored, -1 gone
    """
    corner = tf.cast(cells[:, None, :2], tf.float32)
    room = tf.cast(cells[:, 2:] - cells[:, :2], tf.float32)
    side = tf.cast(tf.reduce_max(cells), tf.float32)
    least = tf.where(pasted, STAMP, COVER)
    forward = _homographies(sizes, boxes, counts, room, side, flips, least, seed, options)
    shift = tf.constant([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    # Boxes have pixel i at [i, i + 1), the warp has its centre at i.
    inverse = tf.linalg.inv(tf.linalg.inv(shift) @ forward @ shift)
    warped = _warp_boxes(boxes, forward)
    visible = tf.clip_by_value(warped, 0.0, tf.tile(room, [1, 2])[:, None])
    share = _area(visible) / tf.maximum(_area(warped), 1e-6)
    present = (share >= WHOLE) & (visible[..., 2] - visible[..., 0] >= MIN_HEIGHT)
    there = tf.sequence_mask(counts, tf.shape(boxes)[1])
    state = tf.where(present, 1, tf.where(share > GONE, 0, -1))
    return inverse, visible + tf.tile(corner, [1, 1, 2]), tf.where(there, state, -1)


def _homographies(
    sizes: Any,
    boxes: Any,
    counts: Any,
    room: Any,
    side: Any,
    flips: Any,
    least: Any,
    seed: Any,
    options: Augmentation,
) -> Any:
    """The matrices [p, 3, 3] from pixels of the photos (x, y, 1) to pixels of their cells, ``room`` [p, 2] large.

    Crops are ``side`` pixels high and wide. The longer side of a photo covers at least the part ``least`` [p] of its
    cell.
    """
    batch = tf.shape(sizes)[0]
    draw = tf.unstack(tf.random.stateless_uniform([12, batch], seed), 12)
    height, width = sizes[:, 0], sizes[:, 1]
    # An object to build the crop around, or any place where there is none.
    chosen = tf.minimum(tf.cast(draw[1] * tf.cast(counts, tf.float32), tf.int32), tf.maximum(counts, 1) - 1)
    # One more box, so that a batch without any object has something to gather.
    objects = tf.gather(tf.pad(boxes, [[0, 0], [0, 1], [0, 0]]), chosen, batch_dims=1)
    half = tf.maximum(height, width) / 12
    middle_y, middle_x = draw[2] * height, draw[3] * width
    anywhere = tf.stack([middle_y - half, middle_x - half, middle_y + half, middle_x + half], 1)
    empty = (counts == 0) | (draw[0] < options.background_share)
    ymin, xmin, ymax, xmax = tf.unstack(tf.where(empty[:, None], anywhere, objects), 4, axis=1)
    # The parts of a mosaic show everything smaller: a crop of one photo is where objects are seen from close.
    low = options.min_object_height * room[:, 0] / side
    high = tf.maximum(tf.minimum(options.max_object_height, FILLS * room[:, 0]), low)
    scale = low * (high / low) ** draw[4] / tf.maximum(ymax - ymin, 1.0)
    # A small photo isn't shrunk to a stamp on grey.
    scale = tf.maximum(scale, least * tf.reduce_max(room, 1) / tf.maximum(height, width))
    # The object's centre may lie anywhere in the cell where the object is whole.
    to_x = room[:, 1] / 2 + (draw[5] * 2 - 1) * tf.maximum(room[:, 1] - (xmax - xmin) * scale, 0.0) / 2
    to_y = room[:, 0] / 2 + (draw[6] * 2 - 1) * tf.maximum(room[:, 0] - (ymax - ymin) * scale, 0.0) / 2
    angle = (draw[7] * 2 - 1) * options.rotation_degrees * math.pi / 180
    shear = (draw[8] * 2 - 1) * options.shear
    stretch = tf.exp((draw[9] * 2 - 1) * options.stretch)
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # Perspective is relative to the object, so that its own scale stays what was drawn.
    tilt_x, tilt_y = ((value * 2 - 1) * options.perspective * 2 / tf.reduce_max(room, 1) * scale for value in draw[10:])
    one, zero = tf.ones([batch]), tf.zeros([batch])
    to_object = _matrices(one, zero, -(xmin + xmax) / 2, zero, one, -(ymin + ymax) / 2, zero, zero, one)
    around = _matrices(
        *(cos * stretch, cos * shear - sin, zero),
        *(sin * stretch, sin * shear + cos, zero),
        *(tilt_x, tilt_y, one),
    )
    over = _matrices(flips[:, 0], zero, zero, zero, flips[:, 1], zero, zero, zero, one)
    to_cell = _matrices(one, zero, to_x, zero, one, to_y, zero, zero, one)
    return to_cell @ around @ over @ to_object


def _matrices(*entries: Any) -> Any:
    """Nine vectors [b], row by row, to matrices [b, 3, 3]."""
    return tf.reshape(tf.stack(entries, 1), [-1, 3, 3])


def _warp_boxes(boxes: Any, forward: Any) -> Any:
    """Hulls [b, n, 4] of the warped outlines of ``boxes`` [b, n, 4]; what lies behind the horizon is gone."""
    centre = tf.stack([boxes[..., 1] + boxes[..., 3], boxes[..., 0] + boxes[..., 2]], -1) / 2
    half = tf.stack([boxes[..., 3] - boxes[..., 1], boxes[..., 2] - boxes[..., 0]], -1) / 2
    points = centre[..., None, :] + half[..., None, :] * OUTLINE
    points = tf.concat([points, tf.ones_like(points[..., :1])], -1)
    warped = tf.einsum("bnpk,bjk->bnpj", points, forward)
    depth = warped[..., 2:]
    flat = warped[..., :2] / tf.maximum(depth, 0.05)
    low, high = tf.reduce_min(flat, 2), tf.reduce_max(flat, 2)
    hull = tf.stack([low[..., 1], low[..., 0], high[..., 1], high[..., 0]], -1)
    return tf.where(tf.reduce_all(depth[..., 0] > 0.05, -1)[..., None], hull, -1e4)


def _area(boxes: Any) -> Any:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
