"""A photo and its boxes to a training crop: scale, shift, rotation, shear, stretch and perspective in one warp.

Only the warp happens here, one photo at a time; what changes colours is done on whole batches (`recolour`). Every
random number comes from the sample's own seed, so that a resumed training sees what an uninterrupted one would have.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from training.config import Augmentation
from training.detector.letterbox import FILL

MIN_HEIGHT = 5.0
"""Objects lower than this many pixels in the crop are neither learned nor held against the network."""
WHOLE, GONE = 0.6, 0.1
"""Visible shares of an object from which it counts, and up to which it is gone; between them it is ignored."""
COVER = 0.6
"""The longer side of a photo covers at least this part of the crop."""
NOISE_BANK = 256
"""Side of the square of normal noise that crops take their noise from: cheaper than fresh noise."""

# The outline of an object, as part of its half width and half height: a digit fills its box without the corners.
OUTLINE = tf.constant([[x * u, y * v] for u, v in ((1.0, 0.5), (0.5, 1.0)) for x in (-1.0, 1.0) for y in (-1.0, 1.0)])


def crop(photo: Any, boxes: Any, seed: Any, side: int, options: Augmentation) -> tuple[Any, Any, Any]:
    """Warp a photo into a training crop.

    Args:
        photo: uint8 [h, w, 3]
        boxes: float32 [n, 4] ymin, xmin, ymax, xmax in pixels of the photo
        seed: int32 [2]
        side: of the crop, pixels
        options: ranges to draw from

    Returns:
        uint8 crop [side, side, 3], float32 boxes [n, 4] in pixels of the crop, int32 state [n] of each object:
        1 present, 0 to be ignored, -1 gone
    """
    draw = tf.random.stateless_uniform([12], seed)
    forward = _homography(tf.shape(photo), boxes, draw, side, options)
    shift = tf.constant([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    # Boxes have pixel i at [i, i + 1), the warp has its centre at i.
    inverse = tf.linalg.inv(tf.linalg.inv(shift) @ forward @ shift)
    inverse /= inverse[2, 2]
    crop = tf.raw_ops.ImageProjectiveTransformV3(
        images=photo[None],
        transforms=tf.reshape(inverse, [1, 9])[:, :8],
        output_shape=[side, side],
        fill_value=float(FILL),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )[0]
    crop.set_shape([side, side, 3])
    warped = _warp_boxes(boxes, forward)
    visible = tf.clip_by_value(warped, 0.0, float(side))
    area, visible_area = _area(warped), _area(visible)
    share = visible_area / tf.maximum(area, 1e-6)
    present = (share >= WHOLE) & (visible[:, 2] - visible[:, 0] >= MIN_HEIGHT)
    state = tf.where(present, 1, tf.where(share > GONE, 0, -1))
    return crop, visible, state


def _homography(shape: Any, boxes: Any, draw: Any, side: int, options: Augmentation) -> Any:
    """The matrix [3, 3] from pixels of the photo (x, y, 1) to pixels of the crop."""
    height, width = tf.cast(shape[0], tf.float32), tf.cast(shape[1], tf.float32)
    count = tf.shape(boxes)[0]
    # An object to build the crop around, or any place where there is none.
    anywhere = (count == 0) | (draw[0] < options.background_share)
    chosen = tf.minimum(tf.cast(draw[1] * tf.cast(count, tf.float32), tf.int32), tf.maximum(count, 1) - 1)
    place = tf.stack([draw[2] * height, draw[3] * width] * 2)
    size = tf.maximum(height, width) / 6
    place += tf.stack([-size, -size, size, size]) / 2
    box = tf.cond(anywhere, lambda: place, lambda: tf.gather(boxes, chosen))
    low, high = options.min_object_height, options.max_object_height
    scale = low * (high / low) ** draw[4] / tf.maximum(box[2] - box[0], 1.0)
    # A small photo isn't shrunk to a stamp: most of the crop would be grey.
    scale = tf.maximum(scale, COVER * side / tf.maximum(height, width))
    box_width, box_height = (box[3] - box[1]) * scale, (box[2] - box[0]) * scale
    # The object's centre may lie anywhere in the crop where the object is whole.
    room_x = tf.maximum(side - box_width, 0.0) / 2
    room_y = tf.maximum(side - box_height, 0.0) / 2
    to_x = side / 2 + (draw[5] * 2 - 1) * room_x
    to_y = side / 2 + (draw[6] * 2 - 1) * room_y
    angle = (draw[7] * 2 - 1) * options.rotation_degrees * 3.14159265 / 180
    shear = (draw[8] * 2 - 1) * options.shear
    stretch = tf.exp((draw[9] * 2 - 1) * options.stretch)
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    linear = [cos * stretch, cos * shear - sin, sin * stretch, sin * shear + cos]
    # Perspective is relative to the object, so that its own scale stays what was drawn.
    tilt = (draw[10:12] * 2 - 1) * options.perspective * 2 / side
    centre_x, centre_y = (box[1] + box[3]) / 2, (box[0] + box[2]) / 2
    zero, one = tf.zeros([]), tf.ones([])
    to_object = tf.reshape(tf.stack([one, zero, -centre_x, zero, one, -centre_y, zero, zero, one]), [3, 3])
    around = tf.reshape(
        tf.stack([linear[0], linear[1], zero, linear[2], linear[3], zero, tilt[0] * scale, tilt[1] * scale, one]),
        [3, 3],
    )
    to_crop = tf.reshape(tf.stack([one, zero, to_x, zero, one, to_y, zero, zero, one]), [3, 3])
    return to_crop @ around @ to_object


def _warp_boxes(boxes: Any, forward: Any) -> Any:
    """Hulls [n, 4] of the warped outlines of ``boxes`` [n, 4]; what lies behind the horizon is gone."""
    centre = tf.stack([boxes[:, 1] + boxes[:, 3], boxes[:, 0] + boxes[:, 2]], 1) / 2
    half = tf.stack([boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]], 1) / 2
    points = centre[:, None] + half[:, None] * OUTLINE
    points = tf.concat([points, tf.ones_like(points[..., :1])], -1)
    warped = tf.einsum("npk,jk->npj", points, forward)
    depth = warped[..., 2:]
    flat = warped[..., :2] / tf.maximum(depth, 0.05)
    low, high = tf.reduce_min(flat, 1), tf.reduce_max(flat, 1)
    hull = tf.stack([low[:, 1], low[:, 0], high[:, 1], high[:, 0]], 1)
    return tf.where(tf.reduce_all(depth[..., 0] > 0.05, 1)[:, None], hull, -1e4)


def _area(boxes: Any) -> Any:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


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
