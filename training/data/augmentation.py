"""A photo and its boxes to a training crop: scale, shift, rotation, shear, stretch and perspective in one warp.

`plan` draws the warps of a batch, `cut` moves its pixels, `recolour` changes its colours. All
random numbers come from the batch's own seed, so that a resumed training sees what an uninterrupted one would have.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from training.config import Augmentation
from training.detector.letterbox import FILL
from training.errors import RecordsError

MIN_HEIGHT = 5.0
"""Objects lower than this many pixels in the crop are neither learned nor held against the network."""
WHOLE, GONE = 0.6, 0.1
"""Visible shares of an object from which it counts, and up to which it is gone; between them it is ignored."""
COVER = 0.6
"""The longer side of a photo covers at least this part of the crop."""
NOISE_BANK = 256
"""Side of the square of normal noise that crops take their noise from: cheaper than fresh noise."""

# Training has the other cores.
cv2.setNumThreads(1)

# The outline of an object, as part of its half width and half height: a digit fills its box without the corners.
OUTLINE = tf.constant([[x * u, y * v] for u, v in ((1.0, 0.5), (0.5, 1.0)) for x in (-1.0, 1.0) for y in (-1.0, 1.0)])


def plan(sizes: Any, boxes: Any, counts: Any, seed: Any, side: int, options: Augmentation) -> tuple[Any, Any, Any]:
    """Draw how each photo of a batch is warped, and move its boxes along.

    Planned for a whole batch at once: dozens of operations on a few numbers cost as much as a photo's pixels.

    Args:
        sizes: float32 [b, 2] height and width of the photos, pixels
        boxes: float32 [b, n, 4] ymin, xmin, ymax, xmax in pixels of the photos
        counts: int32 [b] how many of the boxes are there; they come first
        seed: int32 [2]
        side: of the crops, pixels
        options: ranges to draw from

    Returns:
        float32 transforms [b, 3, 3] for `cut`, float32 boxes [b, n, 4] in pixels of the crops, int32 state [b, n] of
        each object: 1 present, 0 to be ignored, -1 gone
    """
    forward = _homographies(sizes, boxes, counts, seed, side, options)
    shift = tf.constant([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    # Boxes have pixel i at [i, i + 1), the warp has its centre at i.
    inverse = tf.linalg.inv(tf.linalg.inv(shift) @ forward @ shift)
    warped = _warp_boxes(boxes, forward)
    visible = tf.clip_by_value(warped, 0.0, float(side))
    share = _area(visible) / tf.maximum(_area(warped), 1e-6)
    present = (share >= WHOLE) & (visible[..., 2] - visible[..., 0] >= MIN_HEIGHT)
    there = tf.sequence_mask(counts, tf.shape(boxes)[1])
    state = tf.where(present, 1, tf.where(share > GONE, 0, -1))
    return inverse, visible, tf.where(there, state, -1)


def cut(encoded: np.ndarray, transforms: np.ndarray, side: int) -> np.ndarray:
    """Decode the photos of a batch and warp them.

    In OpenCV, since TensorFlow's own operation takes several times as long and training shares the processor.

    Args:
        encoded: [b] bytes of a picture file each
        transforms: float32 [b, 3, 3] from `plan`
        side: of the crops, pixels

    Returns:
        uint8 [b, side, side, 3], RGB
    """
    crops = np.empty((len(encoded), side, side, 3), np.uint8)
    for crop, data, transform in zip(crops, encoded, transforms, strict=True):
        photo = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if photo is None:
            raise RecordsError("a record's picture can't be decoded; make the records again")
        cv2.warpPerspective(
            photo,
            transform,
            (side, side),
            dst=crop,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(FILL, FILL, FILL),
        )
    return crops


def _homographies(sizes: Any, boxes: Any, counts: Any, seed: Any, side: int, options: Augmentation) -> Any:
    """The matrices [b, 3, 3] from pixels of the photos (x, y, 1) to pixels of the crops."""
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
    low, high = options.min_object_height, options.max_object_height
    scale = low * (high / low) ** draw[4] / tf.maximum(ymax - ymin, 1.0)
    # A small photo isn't shrunk to a stamp: most of the crop would be grey.
    scale = tf.maximum(scale, COVER * side / tf.maximum(height, width))
    # The object's centre may lie anywhere in the crop where the object is whole.
    to_x = side / 2 + (draw[5] * 2 - 1) * tf.maximum(side - (xmax - xmin) * scale, 0.0) / 2
    to_y = side / 2 + (draw[6] * 2 - 1) * tf.maximum(side - (ymax - ymin) * scale, 0.0) / 2
    angle = (draw[7] * 2 - 1) * options.rotation_degrees * math.pi / 180
    shear = (draw[8] * 2 - 1) * options.shear
    stretch = tf.exp((draw[9] * 2 - 1) * options.stretch)
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # Perspective is relative to the object, so that its own scale stays what was drawn.
    tilt_x, tilt_y = ((value * 2 - 1) * options.perspective * 2 / side * scale for value in draw[10:])
    one, zero = tf.ones([batch]), tf.zeros([batch])
    to_object = _matrices(one, zero, -(xmin + xmax) / 2, zero, one, -(ymin + ymax) / 2, zero, zero, one)
    around = _matrices(
        *(cos * stretch, cos * shear - sin, zero),
        *(sin * stretch, sin * shear + cos, zero),
        *(tilt_x, tilt_y, one),
    )
    to_crop = _matrices(one, zero, to_x, zero, one, to_y, zero, zero, one)
    return to_crop @ around @ to_object


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


def recolour(crops: Any, seed: Any, options: Augmentation) -> Any:
    """Change brightness, contrast and tint of a batch, invert some, add noise.

    Args:
        crops: uint8 [b, side, side, 3]
        seed: int32 [2]
        options: ranges to draw from

    Returns:
        float32 [b, side, side, 3], about 0–255
    """
    batch, side = tf.shape(crops)[0], tf.shape(crops)[1]
    draw = tf.random.stateless_uniform([batch, 1, 1, 6], seed, -1.0, 1.0)
    coin = tf.random.stateless_uniform([batch, 1, 1, 2], seed + 1)
    sign = tf.where(coin[..., :1] < options.inversion, -1.0, 1.0)
    gain = sign * tf.exp(draw[..., :1] * options.contrast) * tf.exp(draw[..., 1:4] * options.tint)
    # Around mid-grey: v * gain + (128 + brightness - 128 * gain), one multiplication and one addition a pixel.
    bias = 128.0 * (1 + draw[..., 4:5] * options.brightness - gain)
    bank = tf.random.stateless_normal([NOISE_BANK, NOISE_BANK, 1], [17, 17]) * options.noise
    corner = tf.random.stateless_uniform([2], seed + 2, 0, NOISE_BANK - side + 1, tf.int32)
    noise = bank[corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    # Most crops get little noise.
    bias += noise * coin[..., 1:] ** 3
    return tf.cast(crops, tf.float32) * gain + bias
