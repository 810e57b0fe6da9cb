"""The detector's parts: crops keep boxes on their objects, targets and losses agree, folding changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from training.config import Augmentation, PlainNetwork, load
from training.data.augmentation.geometry import COVER, PARTS, layout, plan
from training.data.augmentation.pixels import cut
from training.data.batches import MAX_OBJECTS, training_batches
from training.detector import losses, network
from training.detector.letterbox import letterbox
from training.detector.targets import targets
from training.drawing import fonts_folder
from training.export import signature

STILL = Augmentation(
    min_object_height=40,
    max_object_height=40.001,
    rotation_degrees=0,
    shear=0,
    stretch=0,
    perspective=0,
    background_share=0,
    blur_share=0,
    compression_share=0,
)
SMALL = PlainNetwork(stages=(4, 8, 8, 8, 8), blocks=(1, 1, 1, 1), pyramid=8)


def crop(photo: Any, boxes: Any, seed: Any, side: int, options: Augmentation, mosaics: int = 0) -> tuple[Any, Any, Any]:
    """A photo alone in its batch, or as the four of a mosaic: the crop, boxes and states of all its copies."""
    copies = PARTS if mosaics else 1
    sizes = tf.constant([photo.shape[:2]] * copies, tf.float32)
    crops, cells = layout(1 - mosaics, mosaics, side, seed)
    counts = tf.constant([boxes.shape[0]] * copies)
    every = tf.tile(boxes[None], [copies, 1, 1])
    alone = tf.fill([copies], False)
    transforms, moved, state = plan(sizes, every, counts, cells, tf.ones([copies, 2]), alone, seed, options)
    encoded = np.array([tf.io.encode_png(photo).numpy()] * copies, object)
    nothing = np.full(copies, -1)
    pixels = cut(encoded, transforms.numpy(), crops.numpy(), cells.numpy(), nothing, seed.numpy(), side, options)
    return tf.constant(pixels[0]), tf.reshape(moved, [-1, 4]), tf.reshape(state, [-1])


def marked_photo() -> tuple[np.ndarray, np.ndarray]:
    """A black photo with a white object, and the object's box."""
    photo = np.zeros((100, 120, 3), np.uint8)
    photo[30:60, 50:70] = 255
    return photo, np.array([[30, 50, 60, 70]], np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_a_box_stays_on_its_object(seed: int) -> None:
    photo, boxes = marked_photo()
    options = Augmentation(min_object_height=20, max_object_height=60, background_share=0)
    image, moved, state = crop(tf.constant(photo), tf.constant(boxes), tf.constant([1, seed]), 128, options)
    rows, columns = np.nonzero(image.numpy()[..., 0] > 150)
    assert state.numpy().tolist() == [1]
    seen = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])
    # The hull of the outline lies within the corners of a turned rectangle, by a part of its size.
    reach = 0.18 * (seen[2] - seen[0]) + 1.5
    np.testing.assert_allclose(moved.numpy()[0], seen, atol=reach)


def test_boxes_of_turned_digits_are_as_large_as_what_is_seen_of_them() -> None:
    options = Augmentation(
        min_object_height=80,
        max_object_height=100,
        rotation_degrees=8,
        shear=0.12,
        perspective=0,
        background_share=0,
        blur_share=0,
        inversion=0,
    )
    ratios: list[np.ndarray] = []
    for face in ("DejaVuSans", "DejaVuSansMono-Bold", "DejaVuSerif", "STIXGeneral", "STIXGeneralItalic"):
        font = ImageFont.truetype(str(fonts_folder() / f"{face}.ttf"), 120)
        for digit in "0123456789":
            picture = Image.new("RGB", (200, 200))
            ImageDraw.Draw(picture).text((60, 40), digit, "white", font)
            photo = np.asarray(picture)
            box = hull(photo)
            for _ in range(8):
                seed = tf.constant([1, len(ratios)])
                image, moved, _ = crop(tf.constant(photo), tf.constant(box[None]), seed, 160, options)
                said, seen = moved.numpy()[0], hull(image.numpy())
                ratios.append((said[2:] - said[:2]) / (seen[2:] - seen[:2]))
    # Heights and widths on average: a network that learns larger boxes than there are will say them.
    np.testing.assert_allclose(np.mean(ratios, 0), 1, atol=0.02)


@pytest.mark.parametrize("shrinks", [1.0, 1.5, 2.0, 3.0, 4.5, 7.0])
def test_crops_show_photos_as_recognition_does(shrinks: float) -> None:
    side, seen = 672, round(672 / shrinks)
    # Fine stripes of all directions, which a warp alone would show jagged, on broad ones.
    y, x = np.mgrid[:side, :side]
    turned = [x * np.cos(turn) + y * np.sin(turn) for turn in np.linspace(0, np.pi, 7)]
    waves = 12 * np.sum(np.sin(np.multiply(turned, 2)), 0) + 40 * np.sin(x / 10) * np.sin(y / 10)
    photo = np.repeat((128 + waves)[..., None].clip(0, 255).astype(np.uint8), 3, 2)
    encoded = np.array([tf.io.encode_jpeg(photo, quality=98).numpy()], object)
    scale = side / seen
    transform = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]], np.float32)
    places = np.array([0]), np.array([[0, 0, seen, seen]]), np.array([-1])
    shown = cut(encoded, transform[None], *places, np.array([1, 2]), seen, STILL)[0]
    expected = letterbox(tf.io.decode_jpeg(encoded[0]).numpy(), seen, seen)
    apart = [np.abs(np.roll(shown, by, 1).astype(int) - expected).mean() for by in (-1, 0, 1)]
    assert apart[1] < 8
    # Not shifted either: moved by a pixel, it fits less.
    assert apart[1] == min(apart)


def hull(photo: np.ndarray) -> np.ndarray:
    """The box float32 [4] of what is bright in a photo."""
    rows, columns = np.nonzero(photo[..., 0] > 150)
    return np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1], np.float32)


def test_an_object_gets_the_height_that_was_drawn() -> None:
    photo, boxes = marked_photo()
    image, moved, _ = crop(tf.constant(photo), tf.constant(boxes), tf.constant([1, 2]), 128, STILL)
    box = moved.numpy()[0]
    assert box[2] - box[0] == pytest.approx(max(40, 30 * COVER * 128 / 120), abs=0.1)
    inside = image.numpy()[int(box[0]) + 2 : int(box[2]) - 2, int(box[1]) + 2 : int(box[3]) - 2]
    assert inside.min() > 200


def test_an_object_cut_by_the_edge_is_ignored_and_one_outside_is_gone() -> None:
    photo = np.zeros((100, 400, 3), np.uint8)
    boxes = np.array([[30, 50, 60, 70], [30, 380, 60, 400]], np.float32)
    states = set()
    for seed in range(40):
        _, moved, state = crop(tf.constant(photo), tf.constant(boxes), tf.constant([1, seed]), 128, STILL)
        states |= set(state.numpy().tolist())
        assert (moved.numpy() >= 0).all()
        assert (moved.numpy() <= 128).all()
    assert {1, -1} <= states


def test_the_photos_of_a_mosaic_stay_in_their_cells_with_their_boxes() -> None:
    photo, boxes = marked_photo()
    for seed in range(10):
        options = Augmentation(min_object_height=15, max_object_height=40, background_share=0, blur_share=0)
        draw = tf.constant([1, seed])
        image, moved, state = crop(tf.constant(photo), tf.constant(boxes), draw, 128, options, mosaics=1)
        _, cells = layout(0, 1, 128, draw)
        assert state.numpy().tolist() == [1] * PARTS
        covered = np.zeros((128, 128), int)
        for (ymin, xmin, ymax, xmax), box in zip(cells.numpy(), moved.numpy(), strict=True):
            covered[ymin:ymax, xmin:xmax] += 1
            assert (box[:2] >= (ymin, xmin)).all()
            assert (box[2:] <= (ymax, xmax)).all()
            middle = ((box[:2] + box[2:]) / 2).astype(int)
            assert image.numpy()[middle[0], middle[1], 0] > 150
        assert (covered == 1).all()


def test_a_part_of_a_mosaic_shows_objects_smaller_by_as_much_as_it_is_smaller() -> None:
    heights, parts = [], []
    boxes = tf.constant([[[10.0, 10.0, 11.0, 11.0]]] * PARTS)
    counts, alone = tf.ones([PARTS], tf.int32), tf.fill([PARTS], False)
    for seed in range(20):
        draw = tf.constant([2, seed])
        _, cells = layout(0, 1, 128, draw)
        # So large a photo is shrunk as far as its object allows.
        sizes = tf.fill([PARTS, 2], 4000.0)
        _, moved, _ = plan(sizes, boxes, counts, cells, tf.ones([PARTS, 2]), alone, draw, STILL)
        heights += (moved[:, 0, 2] - moved[:, 0, 0]).numpy().tolist()
        parts += ((cells[:, 2] - cells[:, 0]) / 128).numpy().tolist()
    assert min(heights) >= 0.99 * STILL.min_object_height * min(parts)
    assert min(heights) < 0.6 * STILL.min_object_height


def test_objects_have_every_height_from_eight_pixels_to_the_whole_crops() -> None:
    options = STILL.model_copy(update={"min_object_height": 8.0, "max_object_height": 128.0})
    # So large a photo is shrunk as far as its object allows.
    photo, box = tf.constant([[40000.0, 40000.0]]), tf.constant([[[9e3, 9e3, 9.1e3, 9.1e3]]])
    cells, alone = tf.constant([[0, 0, 128, 128]]), tf.constant([False])
    heights = []
    for seed in range(200):
        draw = tf.constant([1, seed])
        _, moved, _ = plan(photo, box, tf.constant([1]), cells, tf.ones([1, 2]), alone, draw, options)
        heights.append(float(moved[0, 0, 2] - moved[0, 0, 0]))
    assert min(heights) >= 8
    # As many in each of the four octaves.
    shares = np.histogram(heights, [8, 16, 32, 64, 128.1])[0] / len(heights)
    assert shares.sum() == 1
    assert (shares > 0.15).all()


def test_the_same_seed_gives_the_same_crop_and_another_does_not() -> None:
    photo, boxes = (tf.constant(value) for value in marked_photo())
    first, again, other = (crop(photo, boxes, tf.constant([1, s]), 64, Augmentation())[0].numpy() for s in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_batches_do_not_depend_on_where_they_were_started(records: Path, config_file: Path) -> None:
    config = load(config_file)
    whole = [batch[0].numpy() for batch in training_batches(records, config, 0).take(24)]
    for start in (0, 5, 17):
        tail = [batch[0].numpy() for batch in training_batches(records, config, start).take(3)]
        for expected, found in zip(whole[start:], tail, strict=False):
            assert (expected == found).all()
    assert any((whole[0] != other).any() for other in whole[1:])


def test_every_object_has_one_cell_of_value_one_and_its_box() -> None:
    boxes = np.zeros((1, MAX_OBJECTS, 4), np.float32)
    labels = np.full((1, MAX_OBJECTS), -1, np.int32)
    boxes[0, :3] = [[8, 8, 40, 24], [8, 28, 40, 44], [50, 50, 60, 60]]
    labels[0, :3] = [2, 2, -2]
    made = targets(tf.constant(boxes), tf.constant(labels), (16, 16), 4, 4)
    heat = made.heat.numpy()[0]
    assert np.argwhere(heat == 1).tolist() == [[6, 4, 2], [6, 9, 2]]
    assert heat[..., [0, 1, 3]].max() == 0
    np.testing.assert_allclose(made.boxes.numpy()[0, 6, 4], [2, 2, 10, 6])
    np.testing.assert_allclose(made.boxes.numpy()[0, 6, 9], [2, 7, 10, 11])
    known = made.known.numpy()[0]
    assert known[13, 13] == 0
    assert known[6, 4] == 1


def fitting(boxes: list[float]) -> Any:
    """What the network should say for 16 × 16 cells in one box, of which all cells say the distances."""
    rows, columns = np.mgrid[0:16, 0:16] + 0.5
    ymin, xmin, ymax, xmax = (side / 4 for side in boxes)
    reach = np.stack([rows - ymin, columns - xmin, ymax - rows, xmax - columns], -1)
    return tf.constant(np.log(np.clip(reach, 1e-3, None))[None].astype(np.float32))


def test_losses_vanish_for_the_right_answer_and_grow_with_the_error() -> None:
    boxes = np.zeros((1, 2, 4), np.float32)
    boxes[0, 0] = [8, 8, 40, 24]
    truth = targets(tf.constant(boxes), tf.constant([[1, -1]]), (16, 16), 4, 3)
    right = tf.where(truth.heat > 0.999, 12.0, -12.0)
    distances = fitting([8, 8, 40, 24])
    assert losses.class_loss(right, distances, truth) < 1e-3
    assert losses.class_loss(-right, distances, truth) > 5
    assert losses.box_loss(distances, truth) < 1e-4
    assert losses.box_loss(distances + 0.5, truth) > 0.2


def test_a_score_says_how_well_the_box_fits() -> None:
    truth = targets(tf.constant([[[8.0, 8.0, 40.0, 24.0]]]), tf.constant([[1]]), (16, 16), 4, 3)
    scores = np.linspace(0.3, 0.99, 70)
    best = []
    # Boxes that overlap the object by 1, 3/4 and a half.
    for low in (8, 16, 24):
        distances = fitting([low, 8, 40, 24])
        logits = [tf.where(truth.heat > 0.999, float(np.log(score / (1 - score))), -12.0) for score in scores]
        best.append(scores[np.argmin([losses.class_loss(said, distances, truth) for said in logits])])
    np.testing.assert_allclose(best, [0.99, 1 - losses.FIT / 4, 1 - losses.FIT / 2], atol=0.011)


def test_what_is_ignored_costs_nothing() -> None:
    boxes = tf.constant([[[8.0, 8.0, 40.0, 24.0]]])
    logits, distances = tf.fill([1, 16, 16, 3], 4.0), tf.zeros([1, 16, 16, 4])
    ignored = losses.class_loss(logits, distances, targets(boxes, tf.constant([[-2]]), (16, 16), 4, 3))
    background = losses.class_loss(logits, distances, targets(boxes, tf.constant([[-1]]), (16, 16), 4, 3))
    assert ignored < background


@pytest.mark.parametrize("box_tower", [False, True])
def test_folding_changes_nothing(box_tower: bool) -> None:
    keras.utils.set_random_seed(3)
    options = SMALL.model_copy(update={"box_tower": box_tower})
    trained, folded = network.build(options, 10), network.build(options, 10, folded=True)
    images = tf.random.stateless_uniform([4, 64, 64, 3], [1, 2], 0, 255)
    for _ in range(3):
        trained(images, training=True)
    network.fold(trained, folded)
    for before, after in zip(trained(images, training=False), folded(images, training=False), strict=True):
        np.testing.assert_allclose(before, after, atol=2e-5)
    assert not [layer for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_what_is_exported_enlarges_by_one_operation() -> None:
    made = signature(network.build(SMALL, 10, folded=True), 64, 96).detect.get_concrete_function()
    operations = {operation.type for operation in made.graph.get_operations()}
    assert "ResizeNearestNeighbor" in operations
    assert "Tile" not in operations, "of which keras.layers.UpSampling2D is made, is slow in wasm"


def test_an_untrained_network_says_little() -> None:
    logits, _ = network.build(SMALL, 10)(tf.zeros([1, 64, 64, 3]))
    assert tf.sigmoid(logits).numpy().max() < 0.05
