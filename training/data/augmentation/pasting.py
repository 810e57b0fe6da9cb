"""Photos pasted onto others without an object: surroundings that a detector has to stay silent on, not grey."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from training.config import Augmentation

NEAR = 0.5
"""Of the part of a ground that fills the cell when it is seen whole, this much is seen from nearest."""


def grounds(counts: Any, seed: Any, options: Augmentation) -> Any:
    """On which photo of a batch each is pasted: int32 [p], -1 where on none.

    Only photos with objects are pasted, and only onto photos without; a batch that has none of these pastes nothing.

    Args:
        counts: int32 [p] how many objects each photo of the batch shows
        seed: int32 [2]
        options: how often
    """
    coin, place = tf.unstack(tf.random.stateless_uniform([2, tf.shape(counts)[0]], seed))
    bare = tf.cast(tf.where(counts == 0)[:, 0], tf.int32)
    there = tf.shape(bare)[0]
    # One more, so that there is something to gather from.
    chosen = tf.gather(tf.pad(bare, [[0, 1]]), tf.cast(place * tf.cast(there, tf.float32), tf.int32))
    pasted = (coin < options.paste_share) & (counts > 0) & (there > 0)
    return tf.where(pasted, chosen, -1)


def ground(photo: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A part of ``photo``, uint8 [h, w, 3], that fills a cell: uint8 [height, width, 3]."""
    near, down, across = rng.random(3)
    scale = (NEAR + (1 - NEAR) * near) * min(photo.shape[0] / height, photo.shape[1] / width)
    rows, columns = max(1, int(height * scale)), max(1, int(width * scale))
    top, left = int(down * (photo.shape[0] - rows + 1)), int(across * (photo.shape[1] - columns + 1))
    part = photo[top : top + rows, left : left + columns]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA))
