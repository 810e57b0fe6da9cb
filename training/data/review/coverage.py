"""What labels don't cover, and a training would silently do without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from training.data.labels import Photo
from training.data.photos import pictures

FEW = 100
"""Photos of a split from which its figures say something: the 95 % interval of a half is 10 points to each side."""


def notes(photos: Sequence[Photo], splits: Sequence[str], classes: Collection[str], images: Path) -> list[str]:
    """What is missing: labels of pictures, objects of classes, photos of splits.

    Args:
        photos: those with a label, in whatever order
        splits: the split of each
        classes: of the configuration
        images: folder of the photos
    """
    found = []
    bare = sorted(set(pictures(images)) - {photo.filename for photo in photos})
    if bare:
        found.append(
            f"pictures without a label, which are left out: {len(bare)}, {bare[0]} first; a photo without objects "
            "needs an entry, too"
        )
    per_split = {split: Counter[str]() for split in ("train", "validation", "calibration")}
    for photo, split in zip(photos, splits, strict=True):
        per_split[split].update(item.name for item in photo.objects)
    for split, uses in (("train", "learned"), ("validation", "judged"), ("calibration", "calibrated")):
        absent = [name for name in classes if not per_split[split][name]]
        if absent:
            found.append(f"no object of {', '.join(absent)} is in {split}: what isn't there isn't {uses}")
    for split in ("validation", "calibration"):
        count = splits.count(split)
        if count < FEW:
            found.append(f"{split} has {count} photos: figures from so few say little")
    return found
