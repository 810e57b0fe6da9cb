"""Photos pasted onto photos without objects: what lies around is real, what is labelled stays where its label says."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.training.test_detector import STILL
from training.data.augmentation.geometry import STAMP, layout, plan
from training.data.augmentation.pasting import ground, grounds
from training.data.augmentation.pixels import cut
from training.detector.letterbox import FILL

ALWAYS = STILL.model_copy(update={"min_object_height": 8.0, "max_object_height": 8.001, "paste_share": 1.0})


@pytest.mark.parametrize("seed", range(10))
def test_a_pasted_photo_has_another_behind_it_and_its_box_on_its_object(seed: int) -> None:
    small = np.zeros((60, 60, 3), np.uint8)
    small[20:40, 20:40] = (255, 0, 255)
    scene = np.full((90, 140, 3), (10, 200, 10), np.uint8)
    draw = tf.constant([1, seed])
    counts = tf.constant([1, 0])
    behind = grounds(counts, draw, ALWAYS)
    assert behind.numpy().tolist() == [1, -1]
    crops, cells = layout(2, 0, 96, draw)
    sizes = tf.constant([small.shape[:2], scene.shape[:2]], tf.float32)
    boxes = tf.constant([[[20, 20, 40, 40]], [[0, 0, 0, 0]]], tf.float32)
    transforms, moved, _ = plan(sizes, boxes, counts, cells, tf.ones([2, 2]), behind >= 0, draw, ALWAYS)
    encoded = np.array([tf.io.encode_png(photo).numpy() for photo in (small, scene)], object)
    warps, into, where, under, seed_ = (value.numpy() for value in (transforms, crops, cells, behind, draw))
    pixels = cut(encoded, warps, into, where, under, seed_, 96, ALWAYS)[0].astype(int)
    pink = np.argwhere(pixels[..., 0] > 200)
    assert moved.numpy()[0, 0] == pytest.approx([*pink.min(0), *(pink.max(0) + 1)], abs=1.01)
    assert moved.numpy()[0, 0, 2] - moved.numpy()[0, 0, 0] == pytest.approx(max(8, STAMP * 96 / 60 * 20), abs=0.1)
    green = (np.abs(pixels - (10, 200, 10)).max(-1) < 3).mean()
    assert green > 0.5, "the scene is what surrounds it"
    assert not (np.abs(pixels - FILL).max(-1) < 3).any(), "nothing is left grey"


def test_nothing_is_pasted_without_a_photo_to_paste_on_nor_without_an_object() -> None:
    draw = tf.constant([1, 2])
    assert grounds(tf.constant([1, 2, 3]), draw, ALWAYS).numpy().tolist() == [-1, -1, -1]
    assert grounds(tf.constant([0, 0]), draw, ALWAYS).numpy().tolist() == [-1, -1]
    rarely = ALWAYS.model_copy(update={"paste_share": 0.25})
    shares = grounds(tf.constant([1, 0] * 2000), draw, rarely).numpy()[::2] >= 0
    assert shares.mean() == pytest.approx(0.25, abs=0.04)


def test_each_photo_without_an_object_serves() -> None:
    counts = tf.constant([1] * 200 + [0, 0, 0])
    assert set(grounds(counts, tf.constant([1, 2]), ALWAYS).numpy()[:200]) == {200, 201, 202}


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (40, 40)])
def test_a_ground_of_any_size_fills_the_cell(size: tuple[int, int]) -> None:
    made = ground(np.full((*size, 3), 77, np.uint8), 50, 30, np.random.default_rng(1))
    assert made.shape == (50, 30, 3)
    assert (made == 77).all()
