"""Labelled photos to sharded TFRecords, streamed: a photo is read, checked, written and forgotten.

The feature keys are those of TensorFlow's Object Detection API (``image/encoded``, ``image/object/bbox/xmin``, …;
boxes 0–1 of the photo, labels from 1).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from training import command, shards
from training.config import Configuration, load
from training.data import formats, pictures, reports
from training.data.augmentation.pixels import decoded
from training.data.labels import Annotations, Photo
from training.data.photos import unreadable
from training.data.selection import (
    SPLITS,
    absent,
    add_skip_argument,
    add_source_arguments,
    csv_text,
    missing_split,
    place,
    read,
    split_of,
    without,
)
from training.errors import AnnotationError, RecordsError
from training.findings import Finding, counted
from training.outputs import sha256, whole_folder
from training.parallel import in_order

FORMAT = 1
QUALITY = 95
ROUNDING = 8
"""Grey levels by which two decoders of one JPEG may differ."""


def encode(path: Path, max_side: int) -> tuple[bytes, int, int]:
    """A photo's bytes as training reads them, and their size in pixels.

    A plain RGB JPEG that is small enough keeps its bytes where TensorFlow and OpenCV see in them what is seen here.
    Anything else (turned by EXIF, PNG, grey, CMYK, damaged, larger than ``max_side``) is decoded, turned upright,
    scaled down and compressed again.

    Raises:
        PictureError: for a file that can't be read
    """
    picture = pictures.read(path)
    photo = picture.image
    if picture.untouched and max(photo.size) <= max_side:
        data = path.read_bytes()
        if _seen_alike(data, np.asarray(photo)):
            return data, photo.width, photo.height
    photo.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    compressed = io.BytesIO()
    photo.save(compressed, "JPEG", quality=QUALITY, subsampling=0)
    return compressed.getvalue(), photo.width, photo.height


def _refuse_empty(photos: Sequence[Photo], config: Configuration, findings: Sequence[Finding] = ()) -> None:
    if missing := missing_split(photos, [split_of(photo.group, config.split) for photo in photos]):
        raise AnnotationError(f"{missing.fault}; {missing.remedy}", findings)


def _packed(photo: Photo, images: Path, max_side: int) -> tuple[bytes, int, int] | Finding:
    """What `encode` makes of a photo, or its fault."""
    try:
        return encode(images / photo.filename, max_side)
    except pictures.PictureError as error:
        return unreadable(photo, error)


def _seen_alike(data: bytes, pixels: np.ndarray) -> bool:
    """Whether those that read records decode a JPEG to ``pixels`` [h, w, 3]: they refuse what Pillow forgives."""
    try:
        others = tf.io.decode_jpeg(data, channels=3).numpy(), decoded(data)
    except (tf.errors.InvalidArgumentError, RecordsError):
        return False
    return all(other.shape == pixels.shape and cv2.norm(other, pixels, cv2.NORM_INF) <= ROUNDING for other in others)


def example(photo: Photo, encoded: bytes, width: int, height: int, classes: list[str]) -> bytes:
    """One serialised tf.train.Example; ``width`` and ``height`` are those of ``encoded``."""

    def floats(values: list[float]) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    def ints(values: list[int]) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def texts(values: list[bytes]) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    objects = photo.objects
    feature = {
        "image/encoded": texts([encoded]),
        "image/format": texts([b"jpeg"]),
        "image/filename": texts([photo.filename.encode()]),
        "image/source_id": texts([photo.filename.encode()]),
        "image/width": ints([width]),
        "image/height": ints([height]),
        "image/object/bbox/xmin": floats([item.xmin / photo.width for item in objects]),
        "image/object/bbox/xmax": floats([item.xmax / photo.width for item in objects]),
        "image/object/bbox/ymin": floats([item.ymin / photo.height for item in objects]),
        "image/object/bbox/ymax": floats([item.ymax / photo.height for item in objects]),
        "image/object/class/text": texts([item.name.encode() for item in objects]),
        "image/object/class/label": ints([classes.index(item.name) + 1 for item in objects]),
    }
    serialised: bytes = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString(
        deterministic=True
    )
    return serialised


Packer = Callable[[str, Sequence[Photo]], Iterator[bytes | Finding]]
"""Of the photos of a split, one after the other, the record or what is wrong."""


def packer(images: Path, config: Configuration) -> Packer:
    """Packs photos from their files."""
    classes = list(config.classes)

    def pack(_: str, photos: Sequence[Photo]) -> Iterator[bytes | Finding]:
        packed = in_order(partial(_packed, images=images, max_side=config.records.max_side), photos)
        for photo, picture in zip(photos, packed, strict=True):
            yield picture if isinstance(picture, Finding) else example(photo, *picture, classes)

    return pack


def write(found: Annotations, images: Path, config: Configuration, folder: Path, skip_bad: bool, pack: Packer) -> Any:
    """Write all splits into ``folder`` and return the manifest; ``pack`` makes the records.

    Photos are written in the order of their hash, so that neighbours in a shard are strangers. Those that can't be
    decoded are added to what ``found`` lacks.

    Raises:
        AnnotationError: for a photo that can't be decoded (left out and listed with ``skip_bad``), or an empty split
    """
    classes = list(config.classes)
    undecoded: list[Finding] = []
    split_photos = _in_splits(found.photos, config)
    _refuse_empty(found.photos, config)
    digest = hashlib.sha256(json.dumps([FORMAT, classes]).encode())
    manifest: dict[str, Any] = {"format_version": FORMAT, "classes": classes, "splits": {}}
    for split, photos in split_photos.items():
        count = min(config.records.shards, len(photos))
        paths = [folder / f"{split}-{i:05d}-of-{count:05d}.tfrecord" for i in range(count)]
        writers = [tf.io.TFRecordWriter(str(path)) for path in paths]
        kept: list[Photo] = []
        packed = zip(photos, pack(split, photos), strict=True)
        for photo, record in command.progress(packed, len(photos), f"{split} photos"):
            if isinstance(record, Finding):
                undecoded.append(record)
                continue
            writers[len(kept) % count].write(record)
            digest.update(split.encode() + hashlib.sha256(record).digest())
            kept.append(photo)
        for writer in writers:
            writer.close()
        (folder / f"{split}.csv").write_text(csv_text(kept))
        counts = Counter(item.name for photo in kept for item in photo.objects)
        manifest["splits"][split] = {
            "photos": len(kept),
            "objects": counts.total(),
            "per_class": {name: counts[name] for name in classes},
            "files": [{"path": p.name, "bytes": p.stat().st_size, "sha256": sha256(p)} for p in paths],
        }
    if undecoded and not skip_bad:
        raise AnnotationError(
            f"{images}: {counted(len(undecoded), 'photo')} that can't be decoded; replace what is broken, or leave it "
            "out with --skip-bad",
            undecoded,
        )
    gone = {finding.photo for finding in undecoded}
    _refuse_empty([photo for photo in found.photos if photo.filename not in gone], config, undecoded)
    for total in ("photos", "objects"):
        manifest[total] = sum(split[total] for split in manifest["splits"].values())
    found.skipped.extend(undecoded)
    manifest |= {"fingerprint": digest.hexdigest(), "skipped": [str(one) for one in found.skipped]}
    return manifest


def _in_splits(photos: Sequence[Photo], config: Configuration) -> dict[str, list[Photo]]:
    """The photos of each split in the order of their hash."""
    splits: dict[str, list[Photo]] = {name: [] for name in SPLITS}
    for photo in sorted(photos, key=lambda photo: place(photo.filename)):
        splits[split_of(photo.group, config.split)].append(photo)
    return splits


def write_piece(found: Annotations, images: Path, config: Configuration, shard: shards.Shard, folder: Path) -> None:
    """Write the records of one piece of the photos: SPLIT.tfrecord, and in SPLIT.json whose they are.

    What can't be decoded is left out: who puts the pieces together finds that out, and says it.
    """
    pack = packer(images, config)
    mine = shard.of(sorted(found.photos, key=lambda photo: place(photo.filename)))
    for split, photos in _in_splits(mine, config).items():
        names: list[str] = []
        with tf.io.TFRecordWriter(str(folder / f"{split}.tfrecord")) as writer:
            packed = zip(photos, pack(split, photos), strict=True)
            for photo, record in command.progress(packed, len(photos), f"{split} photos"):
                if not isinstance(record, Finding):
                    writer.write(record)
                    names.append(photo.filename)
        (folder / f"{split}.json").write_text(json.dumps(names))


def joiner(parts: Sequence[Path], images: Path, config: Configuration) -> Packer:
    """Takes records from pieces; packs itself what none of them has."""
    itself = packer(images, config)

    def pack(split: str, photos: Sequence[Photo]) -> Iterator[bytes | Finding]:
        home: dict[str, int] = {}
        streams: list[Iterator[tuple[str, bytes]]] = []
        for number, part in enumerate(parts):
            names = json.loads((part / f"{split}.json").read_text())
            home |= dict.fromkeys(names, number)
            records = tf.data.TFRecordDataset(str(part / f"{split}.tfrecord")).as_numpy_iterator()
            streams.append(zip(names, records, strict=True))
        for photo in photos:
            if photo.filename in home:
                # Both are in the order of their hash; what is passed over was refused since.
                yield next(record for name, record in streams[home[photo.filename]] if name == photo.filename)
            else:
                yield from itself(split, [photo])

    return pack


def _labels(options: argparse.Namespace, config: Configuration) -> Annotations:
    """The labels of a piece, unchecked: whoever puts the pieces together looks at the files, too, and says all."""
    nothing = Annotations(photos=[], skipped=[])
    try:
        classes = (*config.classes, *config.ignored)
        found = formats.read(options.annotations, options.images, classes, options.groups, skip_bad=True)
    except AnnotationError:
        return nothing
    return nothing if found.skipped and not options.skip_bad else without(found, config.ignored)


def read_manifest(folder: Path) -> Any:
    """The manifest of a records folder whose shards are all there and whole.

    Raises:
        RecordsError: naming the shard that is missing or of another size
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise RecordsError(
            f"{folder}: no records with a readable manifest.json; make them with ./inv data.records"
        ) from error
    for split in manifest["splits"].values():
        for file in split["files"]:
            path = folder / file["path"]
            if not path.is_file() or path.stat().st_size != file["bytes"]:
                raise RecordsError(f"{path}: missing or truncated; delete {folder} and make the records again")
    return manifest


def main() -> None:
    """Pack labelled photos as TFRecords."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser)
    add_skip_argument(parser)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--planned", action="store_true", help="the plan has said already what is to be noted")
    shards.add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config = load(options.config)
    if options.shard:
        with whole_folder(options.out) as folder:
            write_piece(_labels(options, config), options.images, config, shards.read(options.shard), folder)
        return
    with reports.kept(options.out), whole_folder(options.out) as folder:
        found = read(
            options.images, options.annotations, options.groups, config.classes, options.skip_bad, config.ignored
        )
        pack = (
            joiner(shards.whole(options.parts), options.images, config)
            if options.parts
            else packer(options.images, config)
        )
        manifest = write(found, options.images, config, folder, options.skip_bad, pack)
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        splits = [split_of(photo.group, config.split) for photo in found.photos]
        found.notes.extend(absent(found.photos, splits, config.classes))
        reports.put(found.skipped, folder)
    if options.planned:
        reports.tell_skipped(found.skipped, options.out)
    else:
        reports.tell(found, options.out)
    for name, split in manifest["splits"].items():
        print(f"{name}: {counted(split['photos'], 'photo')}, {counted(split['objects'], 'object')}")


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
