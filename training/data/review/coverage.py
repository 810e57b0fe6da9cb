"""What labels don't cover, and a training would silently do without."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from training.data.formats import spelling
from training.data.labels import Photo
from training.data.selection import absent
from training.findings import counted, shown

FEW = 100
"""Photos of a split from which its figures say something: the 95 % interval of a half is 10 points to each side."""
MOST = 0.5
"""Share of all photos from which photos that look the same are one camera's rather than copies."""


def notes(photos: Sequence[Photo], splits: Sequence[str], classes: Collection[str]) -> list[str]:
    """What is missing: objects of classes, photos of splits; and what may be one class under two names.

    Args:
        photos: those with a label, in whatever order
        splits: the split of each
        classes: of the configuration
    """
    found = [*alike(classes), *absent(photos, splits, classes)]
    for split in ("validation", "calibration"):
        count = splits.count(split)
        if count < FEW:
            found.append(f"{split} has {counted(count, 'photo')}: figures from so few say little")
    return found


def alike(classes: Collection[str]) -> list[str]:
    """Classes that may be one."""
    return [
        f"classes that differ in nothing but case, blanks or dashes: {' and '.join(map(shown, names))}; write one name "
        "where one thing is meant"
        for names in spelling.alike(classes)
    ]


def doubles(photos: Sequence[Photo], splits: Sequence[str], same: Sequence[Sequence[int]]) -> list[str]:
    """Photos that look the same and are both learned from and judged on; ``same`` as `looks` has it, by index."""
    across = [members for members in same if len({splits[index] for index in members}) > 1]
    if not across:
        return []
    number = f"{sum(map(len, across)):,} in {counted(len(across), 'set')}"
    first = " and ".join(shown(photos[index].filename) for index in across[0][:2])
    said = f"photos that look the same are in different splits: {number}, {first} first"
    return [f"{said}; put them into one group (--groups), or what is judged was learned"]


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
            f"photos of one colour: {len(blank):,}, {shown(blank[0])} first; there is nothing to learn on them. Of 16 "
            "bits only the high byte is seen, as in browsers: stretch what doesn't reach that far"
        )
    largest = max(map(len, same), default=0)
    if largest > MOST * photos:
        found.append(
            f"{largest} of {photos} photos look the same, as from one fixed camera: put those of one hour or day into "
            "one group (--groups), so that what is judged isn't what was learned"
        )
    return found
