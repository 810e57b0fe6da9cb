"""What an export says beside its labels: which photos are copies of one, and which split it has put them into.

Roboflow names the copies that it makes of a photo, turned, darkened and so on, ``NAME_jpg.rf.HASH.jpg``: they are a
group, since a copy of what was learned judges nothing. Its folders ``train``, ``valid`` and ``test`` are a split.
"""

from __future__ import annotations

import re
from collections import Counter

from training.data.formats.checking import Checker
from training.data.labels import Photo

COPY = re.compile(r"(?:.*/)?(?P<original>[^/]+)_(?:jpe?g|png|bmp|webp|tiff?|gif|avif)\.rf\.[0-9A-Za-z_-]{8,}\.[a-z]+",
                  re.IGNORECASE)  # fmt: skip
SPLITS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
FIXED = "="
"""Begins a group that says its split: ``=validation/street 7``."""
HELD_OUT = "held-out"
"""Of such a group: it is in validation or calibration."""


def arrange(checker: Checker, as_exported: bool) -> None:
    """Group copies, and say which split an export has; with ``as_exported`` photos stay in it."""
    splits = {file: split for file in checker.photos if (split := split_in(file))}
    counts = Counter(splits.values())
    known = len(counts) > 1 and len(splits) == len(checker.photos)
    copies = 0
    for file, photo in checker.photos.items():
        if photo.group == file and (copy := COPY.fullmatch(file)):
            photo.group = copy["original"]
            copies += 1
    if copies:
        originals = len({photo.group for photo in checker.photos.values()})
        checker.notes.append(f"photos that Roboflow copied: {copies:,}, from {originals:,}; copies stay together")
    if not known:
        if as_exported:
            checker.notes.append("--split-as-exported: the photos don't lie in folders train, valid and test")
        return
    said = ", ".join(f"{name} {counts[name]:,}" for name in ("train", "valid", "test") if counts[name])
    if not as_exported:
        checker.notes.append(f"the export's own split ({said}) isn't used; --split-as-exported keeps it")
        return
    checker.notes.append(f"the export's own split is kept: {said}")
    for file, photo in checker.photos.items():
        photo.group = fixed(photo, splits[file], counts)


def split_in(file: str) -> str | None:
    """The split whose folder a photo lies in."""
    return next((SPLITS[part] for part in file.lower().split("/")[:-1] if part in SPLITS), None)


def fixed(photo: Photo, split: str, counts: Counter[str]) -> str:
    """A photo's group with the split that an export means.

    What was for stopping in time calibrates, what was for the end judges. Where there is but one of both, the groups
    themselves decide between them.
    """
    if split == "train":
        return f"{FIXED}train/{photo.group}"
    if counts["valid"] and counts["test"]:
        return f"{FIXED}{'calibration' if split == 'valid' else 'validation'}/{photo.group}"
    return f"{FIXED}{HELD_OUT}/{photo.group}"
