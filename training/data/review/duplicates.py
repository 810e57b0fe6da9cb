"""Photos that look the same, by difference hash: those in two splits make a figure better than it is.

dHash (N. Krawetz, "Kind of like that", 2013) of both directions: a photo is shrunk to 17 × 17 grey levels, and each
bit says whether a level is darker than its right or lower neighbour. Equal but for compression, scale, colour and
brightness are those that differ in few of the bits that either has set (Jaccard distance): a dark surrounding, the same
on all photos of a device, does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.data.labels import Photo
from training.data.photos import DECODING_ERRORS, upright

SIDE = 16
WORDS = 2 * SIDE * SIDE // 64
NEAR = 0.15
"""Share of the bits set in either that may differ."""
STEP = 2
"""Grey levels that count as a difference: noise of compression doesn't."""
FLAT = 4.0
"""Standard deviation in grey levels below which a photo has nothing to compare."""
ROWS = 1024
"""Photos compared with all others at a time."""


@dataclass(frozen=True)
class Look:
    """How a photo looks from afar: words of 64 bits, None for a flat one; or why it can't be looked at."""

    bits: npt.NDArray[np.uint64] | None
    fault: str | None = None


def look(path: Path) -> Look:
    """Decode a photo to its end and hash it."""
    try:
        with Image.open(path) as image:
            # A JPEG decoder shrinks by eighths for less than the full decoding costs, and still reads every byte.
            image.draft("L", (4 * SIDE, 4 * SIDE))
            image.load()
            small = upright(image).convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX)
    except DECODING_ERRORS as error:
        return Look(None, f"not a readable picture: {error}")
    grey = np.asarray(small, np.int16)
    if grey.std() < FLAT:
        return Look(None)
    bits = np.stack([grey[:-1, 1:] - grey[:-1, :-1], grey[1:, :-1] - grey[:-1, :-1]]) >= STEP
    return Look(np.packbits(bits).view(np.uint64))


def look_at_all(photos: Sequence[Photo], images: Path) -> Iterator[Look]:
    """Each photo's look, in order; several are decoded at once."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(lambda photo: look(images / photo.filename), photos)


def pairs(looks: Sequence[Look]) -> Iterator[tuple[int, int, float]]:
    """Indices of any two that look the same, the smaller first, and the share of bits in which they differ."""
    known = np.array([index for index, one in enumerate(looks) if one.bits is not None], np.int64)
    hashes = np.array([one.bits for one in looks if one.bits is not None], np.uint64).reshape(-1, WORDS)
    counts = np.bitwise_count(hashes).sum(1, dtype=np.uint16)
    for start in range(0, len(hashes), ROWS):
        rows = hashes[start : start + ROWS]
        differing = np.zeros((len(rows), len(hashes) - start), np.uint16)
        for word in range(WORDS):
            differing += np.bitwise_count(rows[:, None, word] ^ hashes[None, start:, word])
        # |a ∪ b| = (|a| + |b| + |a △ b|) / 2
        either = (counts[start : start + ROWS, None] + counts[None, start:] + differing) / np.float32(2)
        for row, column in np.argwhere(differing <= NEAR * either):
            if row < column:
                share = float(differing[row, column] / max(either[row, column], 1))
                yield int(known[start + row]), int(known[start + column]), share
