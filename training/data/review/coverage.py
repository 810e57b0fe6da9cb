"""What labels don't cover, and a training would silently do without."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from training.data.folder import walk
from training.data.labels import Photo
from training.data.selection import absent

FEW = 100
"""Photos of a split from which its figures say something: the 95 % interval of a half is 10 points to each side."""
MOST = 0.5
"""Share of all photos from which photos that look the same are one camera's rather than copies."""


def notes(
    photos: Sequence[Photo],
    splits: Sequence[str],
    classes: Collection[str],
    images: Path,
    faulty: Collection[str] = (),
) -> list[str]:
    """What is missing: labels of pictures, objects of classes, photos of splits.

    Args:
        photos: those with a label, in whatever order
        splits: the split of each
        classes: of the configuration
        images: folder of the photos
        faulty: names of photos whose labels are wrong, which is said elsewhere
    """
    found = []
    bare = sorted(set(walk(images).pictures()) - {photo.filename for photo in photos} - set(faulty))
    if bare:
        found.append(
            f"pictures without a label, which are left out: {len(bare)}, {bare[0]} first; a photo without objects "
            "needs an entry, too"
        )
    found += absent(photos, splits, classes)
    for split in ("validation", "calibration"):
        count = splits.count(split)
        if count < FEW:
            found.append(f"{split} has {count} photos: figures from so few say little")
    return found


def looks(photos: int, blank: Sequence[str], same: Sequence[Sequence[int]]) -> list[str]:
    """What is to be said of how photos look.

    Args:
        photos: how many there are
        blank: names of those of one colour
        same: sets of photos of different groups that look the same
    """
    found = []
    if blank:
        found.append(
            f"photos of one colour: {len(blank)}, {blank[0]} first; there is nothing to learn on them. Of 16 bits only "
            "the high byte is seen, as in browsers: stretch what doesn't reach that far"
        )
    largest = max(map(len, same), default=0)
    if largest > MOST * photos:
        found.append(
            f"{largest} of {photos} photos look the same, as from one fixed camera: put those of one hour or day into "
            "one group (--groups), so that what is judged isn't what was learned"
        )
    return found
