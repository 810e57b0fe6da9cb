"""Photos that look the same, by difference hash: those in two splits make a figure better than it is.

dHash (N. Krawetz, "Kind of like that", 2013) of both directions: a photo is shrunk to 17 × 17 grey levels, and each
bit says whether a level is darker than its right or lower neighbour. Equal but for compression, scale, colour and
brightness are those that differ in few of the bits that either has set (Jaccard distance): a dark surrounding, the same
on all photos of a device, does not count.

Not every photo is compared with every other: MinHash (A. Broder, "On the resemblance and containment of documents",
1997) puts those into one bucket that probably share their bits. Two photos at the limit of what counts as the same
share one of 16 buckets in 99.4 of 100 cases. Time and memory grow with the number of photos, whatever they show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.data import pictures
from training.data.labels import Photo
from training.parallel import in_order

SIDE = 16
BITS = 2 * SIDE * SIDE
NEAR = 0.15
"""Share of the bits set in either that may differ."""
STEP = 2
"""Grey levels that count as a difference: noise of compression doesn't."""
FLAT = 4.0
"""Standard deviation in grey levels below which a photo has nothing to compare."""
ONE_COLOUR = 16
"""Levels of each colour within which a photo shows nothing, noise aside."""
BUCKETS, ROWS = 16, 8
"""Buckets that a photo is in, and hashes that have to agree for one."""
LEADERS = 16
"""Photos of a bucket that the others are compared with: as many different ones meet there by chance at most."""
FEW = 24
BLOCK = 4096
"""Photos hashed at a time."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Look:
    """How a photo looks from afar."""

    bits: Hashes | None
    """words of 64 bits; None for a flat photo, or one that can't be looked at"""
    fault: pictures.PictureError | None = None
    """why it can't"""
    one_colour: bool = False


def look(path: Path) -> Look:
    """Decode a photo to its end and hash it."""
    try:
        image = pictures.read(path, at_least=4 * SIDE).image
    except pictures.PictureError as error:
        return Look(None, error)
    if np.ptp(np.asarray(image), (0, 1)).max() <= ONE_COLOUR:
        return Look(None, one_colour=True)
    grey = np.asarray(image.convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX), np.int16)
    if grey.std() < FLAT:
        return Look(None)
    bits = np.stack([grey[:-1, 1:] - grey[:-1, :-1], grey[1:, :-1] - grey[:-1, :-1]]) >= STEP
    return Look(np.packbits(bits).view(np.uint64))


def look_at_all(photos: Sequence[Photo], images: Path) -> Iterator[Look]:
    """Each photo's look, in order; several are decoded at once."""
    return in_order(lambda photo: look(images / photo.filename), photos)


def sets(looks: Sequence[Look]) -> list[list[int]]:
    """Indices of photos that look the same, in sets of two and more; sets and indices rise.

    A set holds what looks like one of its others: with a camera that moves, its ends may differ.
    """
    known = [index for index, one in enumerate(looks) if one.bits is not None]
    if not known:
        return []
    hashes = np.array([looks[index].bits for index in known], np.uint64)
    counts = np.bitwise_count(hashes).sum(1, dtype=np.int32)
    parents = list(range(len(known)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for keys in _bucket_keys(hashes):
        for bucket in _shared(keys):
            for leader, others in _near(bucket, hashes, counts):
                for other in others:
                    one, two = sorted((root(leader), root(int(other))))
                    parents[two] = one
    found: dict[int, list[int]] = defaultdict(list)
    for place, index in enumerate(known):
        found[root(place)].append(index)
    return [members for members in found.values() if len(members) > 1]


def difference(one: Hashes, other: Hashes) -> float:
    """Share of the bits set in either in which two photos differ."""
    either = np.bitwise_count(one | other).sum()
    return float(np.bitwise_count(one ^ other).sum() / max(either, 1))


def _bucket_keys(hashes: Hashes) -> Iterator[npt.NDArray[np.uint64]]:
    """For each of `BUCKETS` the bucket [n] that a photo falls into: the same for sets of bits that are nearly equal."""
    rng = np.random.default_rng(1997)
    for _ in range(BUCKETS):
        orders = [rng.permutation(BITS) for _ in range(ROWS)]
        keys = np.zeros(len(hashes), np.uint64)
        for start in range(0, len(hashes), BLOCK):
            bits = np.unpackbits(hashes[start : start + BLOCK].view(np.uint8), axis=1)
            for order in orders:
                keys[start : start + BLOCK] *= np.uint64(BITS)
                keys[start : start + BLOCK] += _first_set(bits, order).astype(np.uint64)
        yield keys


def _first_set(bits: npt.NDArray[np.uint8], order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each row [n, `BITS`] the place in a random order of the first bit that is set.

    Two rows have it in common with the probability that a bit of either is one of both.
    """
    first = bits[:, order[:FEW]].argmax(1)
    # Nearly all have one among so few.
    later = np.flatnonzero(bits[np.arange(len(bits)), order[first]] == 0)
    first[later] = bits[later][:, order].argmax(1)
    return first


def _shared(keys: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.int64]]:
    """Places of equal keys, two and more at a time."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] + np.uint64(1)))
    sizes = np.diff(starts, append=len(order))
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        yield order[start : start + size]


def _near(
    bucket: npt.NDArray[np.int64], hashes: Hashes, counts: npt.NDArray[np.int32]
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Photos of a bucket, each with those that look like it and like none before it."""
    for _ in range(LEADERS):
        leader, bucket = bucket[0], bucket[1:]
        differing = np.bitwise_count(hashes[bucket] ^ hashes[leader]).sum(1, dtype=np.int32)
        # |a ∪ b| = (|a| + |b| + |a △ b|) / 2
        same = differing <= NEAR / 2 * (counts[bucket] + counts[leader] + differing)
        yield int(leader), bucket[same]
        bucket = bucket[~same]
        if len(bucket) < 2:
            return
