"""What happens to a crop's pixels: warped out of their photos, softened, compressed, recoloured."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from training.config import Augmentation
from training.data.augmentation.pasting import ground
from training.detector.letterbox import FILL
from training.errors import RecordsError

AS_IT_IS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
"""A record's picture is upright: turned by metadata that others can't read, it would leave its boxes."""
DECODED = {
    1: AS_IT_IS,
    # Their names say grey: those of colour ask for BGR.
    2: AS_IT_IS | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: AS_IT_IS | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: AS_IT_IS | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""How a photo is decoded at a half, a quarter, an eighth of its size: libjpeg averages, and is faster so."""
ENOUGH = 0.9
"""A photo is decoded smaller where its crop shows it at most so many times as large: nearest to `letterbox`."""
NOISE_BANK = 256
"""Side of the square of normal noise that crops take their noise from: cheaper than fresh noise."""

# Training has the other cores.
cv2.setNumThreads(1)


def cut(
    encoded: np.ndarray,
    transforms: np.ndarray,
    crops: np.ndarray,
    cells: np.ndarray,
    behind: np.ndarray,
    seed: np.ndarray,
    side: int,
    options: Augmentation,
) -> np.ndarray:
    """Decode the photos of a batch, warp each into its cell, then soften and compress some of the crops.

    In OpenCV, since TensorFlow's own operation takes several times as long and training shares the processor.

    Args:
        encoded: [p] bytes of a picture file each
        transforms: float32 [p, 3, 3] from `augmentation.plan`
        crops: int32 [p] the crop that a photo goes to, from 0 without a gap
        cells: int32 [p, 4] ymin, xmin, ymax, xmax of its place there, pixels
        behind: int32 [p] from `pasting.grounds`
        seed: int32 [2]
        side: of the crops, pixels
        options: how often and how much

    Returns:
        uint8 [b, side, side, 3], RGB
    """
    batch = np.full((int(crops[-1]) + 1, side, side, 3), FILL, np.uint8)
    places = np.random.default_rng([*seed.tolist(), 1])
    for data, transform, crop, (ymin, xmin, ymax, xmax), other in zip(
        encoded, transforms, crops, cells, behind, strict=True
    ):
        cell = batch[crop, ymin:ymax, xmin:xmax]
        if other >= 0:
            cell[:] = ground(decoded(encoded[other]), cell.shape[0], cell.shape[1], places)
        size = int(xmax - xmin), int(ymax - ymin)
        photo, from_cell = _as_seen(data, transform, size)
        cv2.warpPerspective(
            photo,
            from_cell,
            size,
            dst=cell,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    rng = np.random.default_rng(seed.tolist())
    for index, (soft, packed, sigma, quality) in enumerate(rng.random((len(batch), 4))):
        if soft < options.blur_share:
            cv2.GaussianBlur(batch[index], (0, 0), 0.4 + sigma * options.blur, dst=batch[index])
        if packed < options.compression_share:
            level = round(100 - quality * options.compression)
            _, file = cv2.imencode(".jpg", batch[index], (cv2.IMWRITE_JPEG_QUALITY, level))
            # Channels stay as they are: the order doesn't matter to a colour transform and back.
            unpacked = cv2.imdecode(file, cv2.IMREAD_COLOR)
            assert unpacked is not None
            batch[index] = unpacked
    return batch


def _as_seen(data: bytes, transform: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A photo about as large as it is seen in a cell of ``size``, and the transform [3, 3] to its pixels.

    A warp takes four pixels of the photo for each of its own: what it shrinks would be jagged, unlike in use.
    """
    places = np.array(size) / 2 + [[0, 0], [1, 0], [0, 1]]
    points = transform @ np.column_stack([places, np.ones(3)]).T
    centre, right, below = (points[:2] / points[2]).T
    shrinks = math.sqrt(abs(np.linalg.det([right - centre, below - centre])))
    times = max(reduction for reduction in DECODED if reduction == 1 or reduction * ENOUGH <= shrinks)
    # Pixel i of the smaller photo is the mean of `times` from i * times on.
    middle_of_first = (1 / times - 1) / 2
    smaller = np.array([[1 / times, 0, middle_of_first], [0, 1 / times, middle_of_first], [0, 0, 1]])
    return decoded(data, times), smaller @ transform


def decoded(data: bytes, times: int = 1) -> np.ndarray:
    """A record's picture, uint8 [h, w, 3], RGB, smaller by ``times``. Raises RecordsError."""
    try:
        photo = cv2.imdecode(np.frombuffer(data, np.uint8), DECODED[times])
    except cv2.error:
        photo = None
    if photo is None:
        raise RecordsError("a record's picture can't be decoded; make the records again")
    return np.asarray(photo)


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
