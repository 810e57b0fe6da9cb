"""What a model found in a piece of the photos, written down so that nothing is lost of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.data.formats import Photo
from training.detector.recognition import Detections
from training.errors import ShardError

FILE = "detections.npz"
COLUMNS = ("classes", "scores", "boxes", "class_scores")


def write(results: Iterable[tuple[Photo, Detections, float]], path: Path) -> int:
    """Write ``results`` (see `models.predict`); returns how many photos there were."""
    names: list[str] = []
    milliseconds: list[float] = []
    found: list[Detections] = []
    for photo, detections, spent in results:
        names.append(photo.filename)
        milliseconds.append(spent)
        found.append(detections)
    columns: dict[str, Any] = {
        "milliseconds": np.array(milliseconds),
        "counts": np.array([len(one.scores) for one in found]),
    }
    if found:
        for column in COLUMNS:
            columns[column] = np.concatenate([getattr(one, column) for one in found])
    # As bytes: names needn't be UTF-8.
    text = b"\0".join(name.encode("utf-8", "surrogateescape") for name in names)
    columns["names"] = np.frombuffer(text, np.uint8)
    np.savez(path, **columns)
    return len(names)


def read(parts: Sequence[Path], photos: Sequence[Photo]) -> Iterator[tuple[Photo, Detections, float]]:
    """What `write` wrote of ``photos``, in their order, from the pieces whose turn it is one after the other.

    Raises:
        ShardError: a piece is of other photos
    """
    streams = [_read(part / FILE) for part in parts]
    for place, photo in enumerate(photos):
        name, detections, spent = next(streams[place % len(streams)], ("", None, 0.0))
        if detections is None or name != photo.filename:
            raise ShardError(f"{parts[place % len(parts)]}: says nothing of {photo.filename}; make the pieces anew")
        yield photo, detections, spent


def _read(path: Path) -> Iterator[tuple[str, Detections, float]]:
    with np.load(path) as columns:
        if not len(columns["counts"]):
            return
        names = columns["names"].tobytes().split(b"\0")
        ends = np.cumsum(columns["counts"])
        several = [columns[column] for column in COLUMNS]
        for name, end, count, spent in zip(names, ends, columns["counts"], columns["milliseconds"], strict=True):
            found = Detections(*(column[end - count : end] for column in several))
            yield name.decode("utf-8", "surrogateescape"), found, float(spent)
