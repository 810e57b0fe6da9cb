"""Photos on which there is nothing to find: no labels at all, but a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

from training.data import pictures
from training.data.folder import walk
from training.data.formats.checking import Checker
from training.data.formats.csv_file import read_groups
from training.data.formats.entries import Entry
from training.data.labels import Annotations
from training.data.naming import Names
from training.errors import AnnotationError
from training.findings import Where, shown


def read(images: Path, groups: Path | None = None) -> Annotations:
    """All pictures below a folder as photos without objects; those that can't be read are left out and listed.

    Raises:
        AnnotationError: where there is no readable picture
    """
    found = walk(images)
    notes, chosen = found.notes(), found.pictures()
    others = Counter(PurePosixPath(name).suffix.lower() for name in set(found.files) - set(chosen))
    if others:
        said = ", ".join(f"{count:,} {shown(end) if end else 'without an ending'}" for end, count in others.items())
        notes.append(f"passed over in {shown(images.name)}: files that aren't called like pictures: {said}")
    if not chosen:
        raise AnnotationError("\n".join([f"{images}: there is no picture in this folder", *notes]))
    checker = Checker(
        groups=read_groups(groups) if groups else (),
        size_of=lambda filename: pictures.size(images / filename),
        names=Names(found),
        notes=notes,
    )
    for name in chosen:
        checker.add(Entry(Where(name), name, None))
    return checker.result(images, skip_bad=True)
