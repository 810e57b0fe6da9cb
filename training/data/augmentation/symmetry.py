"""Which photos may be mirrored or turned by half, and what their objects show then.

A mirrored 2 is no digit, a 6 on its head is a 9, a mirrored cat is a cat: the configuration's tables say so for each
class, and a photo is turned over only where they have all its objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from training.config import Augmentation


def turn_over(labels: Any, counts: Any, classes: Sequence[str], seed: Any, options: Augmentation) -> tuple[Any, Any]:
    """Draw which photos are mirrored and which are turned by half; none is both.

    Args:
        labels: int32 [p, n] class of each object
        counts: int32 [p] how many of them are there; they come first
        classes: names by index
        seed: int32 [2]
        options: how often, and the tables

    Returns:
        float32 flips [p, 2] for `augmentation.plan` (x, y), int32 labels [p, n] of what is seen afterwards
    """
    there = tf.sequence_mask(counts, tf.shape(labels)[1])
    coin = tf.random.stateless_uniform([tf.shape(counts)[0]], seed)
    mirrored, may_mirror = _shown(labels, there, classes, options.mirrored)
    turned, may_turn = _shown(labels, there, classes, options.turned)
    mirror = may_mirror & (coin < options.mirror_share)
    turn = may_turn & (coin >= 1 - options.half_turn_share) & ~mirror
    flips = tf.stack([tf.where(mirror | turn, -1.0, 1.0), tf.where(turn, -1.0, 1.0)], 1)
    return flips, tf.where(mirror[:, None], mirrored, tf.where(turn[:, None], turned, labels))


def _shown(labels: Any, there: Any, classes: Sequence[str], table: Mapping[str, str]) -> tuple[Any, Any]:
    """Labels [p, n] as the table changes them, and whether it has all of a photo's, bool [p]."""
    becomes = tf.constant([classes.index(table[name]) if name in table else -1 for name in classes])
    shown = tf.gather(becomes, tf.maximum(labels, 0))
    return shown, tf.reduce_all((shown >= 0) | ~there, 1)
