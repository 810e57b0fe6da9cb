"""Records to batches of augmented crops: shuffled, seeded, and startable at any step."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from training.config import Configuration
from training.data.augmentation.geometry import PARTS, layout, plan
from training.data.augmentation.pasting import grounds
from training.data.augmentation.pixels import cut
from training.data.augmentation.symmetry import turn_over
from training.data.records import read_manifest
from training.errors import RecordsError

MAX_OBJECTS = 96
"""Objects of a crop that are learned; those beyond it count as background, which a crop this full hardly has."""
SHUFFLE = 4096
SIDES = ("ymin", "xmin", "ymax", "xmax")
FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/height": tf.io.FixedLenFeature([], tf.int64),
    "image/width": tf.io.FixedLenFeature([], tf.int64),
    **{f"image/object/bbox/{side}": tf.io.RaggedFeature(tf.float32) for side in SIDES},
    "image/object/class/label": tf.io.RaggedFeature(tf.int64),
}


def open_records(folder: Path, split: str, classes: tuple[str, ...]) -> tuple[Any, int]:
    """Serialised examples of a split, always in the same order, and how many there are.

    Raises:
        RecordsError: where shards are missing or truncated, or were made for other classes
    """
    manifest = read_manifest(folder)
    if manifest["classes"] != list(classes):
        raise RecordsError(
            f"{folder}: made for the classes {', '.join(manifest['classes'])}, "
            f"the configuration has {', '.join(classes)}"
        )
    files = [str(folder / file["path"]) for file in manifest["splits"][split]["files"]]
    return tf.data.TFRecordDataset(files), manifest["splits"][split]["photos"]


def portion(batch: int, index: int, size: int) -> int:
    """Crops of a batch that worker ``index`` of ``size`` prepares: as good as equal for all."""
    return batch // size + (index < batch % size)


def training_batches(folder: Path, config: Configuration, first_step: int, index: int = 0, size: int = 1) -> Any:
    """Endless batches from step ``first_step`` on: the same whether earlier ones were drawn here or not.

    Of ``size`` workers that train together, ``index`` gets its portion of each.

    Yields:
        crops uint8 [b, side, side, 3], boxes float32 [b, MAX_OBJECTS, 4] in pixels, labels int32 [b, MAX_OBJECTS]
        (class index; -1 none, -2 ignore what is there)
    """
    examples, count = open_records(folder, "train", config.classes)
    settings = config.training
    portions = [portion(settings.batch, worker, size) for worker in range(size)]
    mosaics = [round(config.augmentation.mosaic_share * crops) for crops in portions]
    photos = [crops + some * (PARTS - 1) for crops, some in zip(portions, mosaics, strict=True)]
    own = slice(sum(photos[:index]), sum(photos[: index + 1]))
    start = first_step * sum(photos)

    def epoch(number: Any) -> Any:
        seed = tf.stack([tf.cast(settings.seed, tf.int64), number])
        shuffled = examples.shuffle(min(SHUFFLE, count), seed=seed[0] * 1_000_003 + number)
        begin = tf.where(number == start // count, tf.cast(start % count, tf.int64), tf.constant(0, tf.int64))
        return shuffled.enumerate(number * count).skip(begin)

    def prepare(indices: Any, serialised: Any) -> Any:
        """Serialised examples to a batch, or to this worker's portion of it."""
        indices = indices[own]
        parsed = tf.io.parse_example(serialised[own], FEATURES)
        sizes = tf.cast(tf.stack([parsed["image/height"], parsed["image/width"]], 1), tf.float32)
        ragged = tf.stack([parsed[f"image/object/bbox/{side}"] for side in SIDES], 2)
        labels = tf.cast(parsed["image/object/class/label"].to_tensor(), tf.int32) - 1
        # Of a batch without any object nothing but the shape of the labels says how many there are: none.
        boxes = (
            tf.reshape(ragged.to_tensor(), [photos[index], tf.shape(labels)[1], 4]) * tf.tile(sizes, [1, 2])[:, None]
        )
        # From here on there is a place for one in any case: sizes of 0 have no shape that could be told.
        place = tf.cast(tf.shape(labels)[1] == 0, tf.int32)
        labels = tf.pad(labels, [[0, 0], [0, place]], constant_values=-1)
        boxes = tf.pad(boxes, [[0, 0], [0, place], [0, 0]])
        counts = tf.cast(ragged.row_lengths(), tf.int32)
        seed = tf.cast(tf.stack([tf.cast(settings.seed, tf.int64), indices[0]]), tf.int32)
        crops, cells = layout(portions[index] - mosaics[index], mosaics[index], settings.crop, seed + 3)
        flips, labels = turn_over(labels, counts, config.classes, seed + 4, config.augmentation)
        behind = grounds(counts, seed + 5, config.augmentation)
        transforms, boxes, state = plan(sizes, boxes, counts, cells, flips, behind >= 0, seed, config.augmentation)
        labels = tf.where(state == 1, labels, tf.where(state == 0, -2, -1))
        boxes, labels = _by_crop(boxes, labels, mosaics[index])
        cutter = partial(cut, side=settings.crop, options=config.augmentation)
        pixels = tf.numpy_function(
            cutter, [parsed["image/encoded"], transforms, crops, cells, behind, seed], tf.uint8, stateful=False
        )
        return (
            tf.ensure_shape(pixels, [portions[index], settings.crop, settings.crop, 3]),
            tf.ensure_shape(boxes, [portions[index], MAX_OBJECTS, 4]),
            tf.ensure_shape(labels, [portions[index], MAX_OBJECTS]),
        )

    epochs = tf.data.Dataset.range(start // count, 2**40)
    batches = (
        epochs.flat_map(epoch)
        .batch(sum(photos), drop_remainder=True)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .prefetch(4)
    )
    options = tf.data.Options()
    options.threading.max_intra_op_parallelism = 1
    return batches.with_options(options)


def _by_crop(boxes: Any, labels: Any, mosaics: int) -> tuple[Any, Any]:
    """Boxes [p, n, 4] and labels [p, n] by photo to [b, MAX_OBJECTS, 4] and [b, MAX_OBJECTS] by crop."""
    singles = boxes.shape[0] - mosaics * PARTS
    parts = tf.shape(labels)[1] * PARTS
    missing = [[0, 0], [0, MAX_OBJECTS + parts - tf.shape(labels)[1]]]
    alone = tf.pad(labels[:singles], missing, constant_values=-1)
    joined = tf.pad(tf.reshape(labels[singles:], [-1, parts]), [[0, 0], [0, MAX_OBJECTS]], constant_values=-1)
    labels = tf.concat([alone, joined], 0)
    boxes = tf.concat(
        [
            tf.pad(boxes[:singles], [*missing, [0, 0]]),
            tf.pad(tf.reshape(boxes[singles:], [-1, parts, 4]), [[0, 0], [0, MAX_OBJECTS], [0, 0]]),
        ],
        0,
    )
    # Present objects first, then those to be ignored: what exceeds MAX_OBJECTS is the least important.
    rank = tf.where(labels >= 0, 0, tf.where(labels == -2, 1, 2))
    order = tf.argsort(rank, stable=True)[:, :MAX_OBJECTS]
    return tf.gather(boxes, order, batch_dims=1), tf.gather(labels, order, batch_dims=1)


def decode(serialised: Any) -> tuple[Any, Any, Any]:
    """Photo uint8 [h, w, 3], boxes float32 [n, 4] in its pixels and labels int32 [n] of one example."""
    parsed = tf.io.parse_single_example(serialised, FEATURES)
    photo = tf.io.decode_jpeg(parsed["image/encoded"], channels=3)
    size = tf.cast(tf.shape(photo)[:2], tf.float32)
    sides = [parsed[f"image/object/bbox/{side}"] for side in SIDES]
    boxes = tf.stack(sides, 1) * tf.concat([size, size], 0)
    return photo, boxes, tf.cast(parsed["image/object/class/label"], tf.int32) - 1
