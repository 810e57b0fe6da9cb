"""What may be mirrored and turned by half: only what the tables allow, and it shows what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training.config import Augmentation, load
from training.data.augmentation.geometry import layout, plan
from training.data.augmentation.symmetry import turn_over

DIGITS = load(Path("training/configs/digits.yaml"))
ALWAYS_MIRROR = DIGITS.augmentation.model_copy(update={"mirror_share": 1.0, "half_turn_share": 0.0})
ALWAYS_TURN = DIGITS.augmentation.model_copy(update={"mirror_share": 0.0, "half_turn_share": 1.0})


def seen(numbers: str, options: Augmentation) -> tuple[list[float], str]:
    """Flips of a photo with these digits, and what it shows afterwards."""
    labels = tf.constant([[int(digit) for digit in numbers]], tf.int32)
    counts = tf.constant([len(numbers)])
    flips, after = turn_over(labels, counts, DIGITS.classes, tf.constant([1, 2]), options)
    return flips.numpy()[0].tolist(), "".join(str(label) for label in after.numpy()[0])


@pytest.mark.parametrize("digit", DIGITS.classes)
def test_only_symmetric_digits_are_mirrored(digit: str) -> None:
    assert seen(digit, ALWAYS_MIRROR) == ([-1.0 if digit in "08" else 1.0, 1.0], digit)


@pytest.mark.parametrize("digit", DIGITS.classes)
def test_half_a_turn_makes_nine_of_six(digit: str) -> None:
    flips, after = seen(digit, ALWAYS_TURN)
    turned = digit in "0689"
    assert flips == ([-1.0, -1.0] if turned else [1.0, 1.0])
    assert after == ({"6": "9", "9": "6"}.get(digit, digit) if turned else digit)


def test_one_digit_that_may_not_keeps_the_whole_photo_as_it_is() -> None:
    assert seen("682", ALWAYS_TURN) == ([1.0, 1.0], "682")
    assert seen("680", ALWAYS_TURN) == ([-1.0, -1.0], "980")
    assert seen("082", ALWAYS_MIRROR) == ([1.0, 1.0], "082")


def test_a_photo_without_objects_may_always_be_mirrored() -> None:
    assert seen("", ALWAYS_MIRROR)[0] == [-1.0, 1.0]


def test_shares_are_kept() -> None:
    labels, counts = tf.zeros([4000, 1], tf.int32), tf.ones([4000], tf.int32)
    options = DIGITS.augmentation.model_copy(update={"mirror_share": 0.3, "half_turn_share": 0.1})
    flips, _ = turn_over(labels, counts, DIGITS.classes, tf.constant([5, 6]), options)
    mirrored = (flips.numpy() == [-1.0, 1.0]).all(axis=1).mean()
    turned = (flips.numpy() == [-1.0, -1.0]).all(axis=1).mean()
    assert mirrored == pytest.approx(0.3, abs=0.03)
    assert turned == pytest.approx(0.1, abs=0.02)


def test_a_flip_turns_the_photo_over() -> None:
    options = Augmentation(rotation_degrees=0, shear=0, stretch=0, perspective=0, background_share=0)
    _, cells = layout(1, 0, 128, tf.constant([1, 1]))
    sizes, boxes = tf.constant([[100.0, 100.0]]), tf.constant([[[20.0, 20, 60, 40]]])
    for flip in (1.0, -1.0):
        flips, alone = tf.constant([[flip, 1.0]]), tf.constant([False])
        drawn = plan(sizes, boxes, tf.ones([1], tf.int32), cells, flips, alone, tf.constant([3, 1]), options)
        assert np.sign(np.linalg.det(drawn[0].numpy()[0])) == flip
        assert drawn[2].numpy().tolist() == [[1]]
