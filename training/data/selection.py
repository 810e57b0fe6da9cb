"""Checks labels and picks a split of them: the step whose CSV every later step trusts.

Membership is a hash of the photo's group: adding photos or reordering rows never moves one to another split.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from training import command
from training.config import Split
from training.data import formats, reports
from training.data.causes import refusal
from training.data.folder import walk
from training.data.formats import exports
from training.data.labels import Annotations, Photo
from training.data.photos import check_files
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, counted, shown
from training.outputs import whole_folder

SPLITS = ("train", "calibration", "validation")
NAMED = 20
"""Classes that a message lists."""


def place(group: str, salt: int | None = None) -> float:
    """Where a group stands in 0–1: the first 8 bytes of its SHA-256, of ``salt`` and a line break before it."""
    salted = group if salt is None else f"{salt}\n{group}"
    return int.from_bytes(hashlib.sha256(salted.encode()).digest()[:8]) / 2**64


def split_of(group: str, shares: Split) -> str:
    """The split that a group of photos belongs to: by its hash, or as it says itself (``=validation/street 7``)."""
    if group.startswith(exports.FIXED):
        said, _, name = group.removeprefix(exports.FIXED).partition("/")
        if said in SPLITS:
            return said
        if said == exports.HELD_OUT:
            return "validation" if place(name, shares.salt) < 0.5 else "calibration"
    position = place(group, shares.salt)
    if position < shares.validation:
        return "validation"
    return "calibration" if position < shares.validation + shares.calibration else "train"


def missing_split(photos: Sequence[Photo], splits: Sequence[str]) -> Finding | None:
    """The finding that a split has no photo, where there is such a one; ``splits`` has that of each photo."""
    empty = [name for name in SPLITS if name not in splits]
    if not empty:
        learned = any(photo.objects for photo, split in zip(photos, splits, strict=True) if split == "train")
        fault = f"no photo of the split train has an object (of {len(photos):,} in all): there is nothing to learn"
        remedy = "label objects, or look at what --config or `only` leave of the classes"
        return None if learned else Finding(Kind.SPLIT, Where("photos"), "", fault, own_remedy=remedy)
    groups = len({photo.group for photo in photos})
    fault = f"no photo falls into the split {empty[0]}: "
    if groups == len(photos):
        return Finding(
            Kind.SPLIT,
            Where("photos"),
            "",
            f"{fault}{counted(groups, 'photo')} {'is' if groups == 1 else 'are'} too few",
        )
    number = "one group, which stays" if groups == 1 else f"{groups} groups, which stay"
    fault += f"all {len(photos):,} photos are in {number} together"
    return Finding(Kind.SPLIT, Where("groups"), "", fault, own_remedy="make smaller groups, one for each scene")


def absent(photos: Iterable[Photo], splits: Iterable[str], classes: Collection[str]) -> list[str]:
    """For each split the classes that none of its photos shows, as a line; ``splits`` has that of each photo."""
    shown = {split: Counter[str]() for split in SPLITS}
    for photo, split in zip(photos, splits, strict=True):
        shown[split].update(item.name for item in photo.objects)
    found = []
    for split, uses in (("train", "learned"), ("validation", "judged"), ("calibration", "calibrated")):
        names = [name for name in classes if not shown[split][name]]
        if names:
            said = ", ".join([*names[:NAMED], *(["…"] if len(names) > NAMED else [])])
            found.append(f"no object of {said} is in {split}: what isn't there isn't {uses}")
    return found


def read(
    images: Path,
    annotations: Path,
    groups: Path | None = None,
    classes: Iterable[str] | None = None,
    skip_bad: bool = False,
    ignored: Collection[str] = (),
    keep: bool = False,
    as_exported: bool = False,
) -> Annotations:
    """Labels that are right in themselves and fit their files, without objects of the classes ``ignored``.

    See `formats.read` for the other arguments.

    Raises:
        AnnotationError: naming each fault of rows and files; with ``skip_bad`` those are left out and listed, unless
            they show that the others are wrong, too
    """
    allowed = None if classes is None else (*classes, *ignored)
    labels = formats.read(annotations, images, allowed, groups, skip_bad=True, keep=keep, as_exported=as_exported)
    found = check_files(labels, images)
    if found.skipped and (found.causes or not skip_bad):
        way = (
            ": --skip-bad would keep what is just as wrong, and fits by chance"
            if found.causes
            else ", or leave their photos out with --skip-bad"
        )
        raise refusal(
            f"{annotations}: {counted(len(found.skipped), 'fault')}; correct the labels{way}",
            found.skipped,
            found.photos,
            found.causes,
        )
    return without(_noted(found, images), ignored)


def read_leniently(
    images: Path, annotations: Path, groups: Path | None = None, classes: Collection[str] | None = None
) -> Annotations:
    """The same with what is wrong left out and listed. Raises AnnotationError where nothing is usable."""
    return _noted(check_files(formats.read(annotations, images, classes, groups, skip_bad=True), images), images)


def _noted(found: Annotations, images: Path) -> Annotations:
    """``found`` with a note on the pictures that no label names."""
    known = {photo.filename for photo in found.photos} | {finding.photo for finding in found.skipped}
    bare = [name for name in walk(images).pictures() if name not in known]
    if bare:
        found.notes.append(
            f"pictures without a label, which are left out: {len(bare):,}, {shown(bare[0])} first; a photo without "
            "objects needs an entry, too"
        )
    return found


def without(found: Annotations, ignored: Collection[str]) -> Annotations:
    """``found`` without objects of the classes ``ignored``; their photos stay."""
    for photo in found.photos:
        photo.objects = [item for item in photo.objects if item.name not in ignored]
    return found


def total(photos: Sequence[Photo]) -> str:
    """How many there are, with how many objects."""
    return f"{counted(len(photos), 'photo')}, {counted(sum(len(photo.objects) for photo in photos), 'object')}"


def csv_text(photos: Iterable[Photo]) -> str:
    """The photos as CSV."""
    text = io.StringIO()
    formats.write_rows(photos, text)
    return text.getvalue()


def main() -> None:
    """Write the chosen split as DIR/annotations.csv."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser)
    add_skip_argument(parser)
    parser.add_argument("--classes", required=True, help="the only ones allowed, as a row of CSV")
    parser.add_argument("--validation", type=float, default=Split().validation, help="share of the groups")
    parser.add_argument("--calibration", type=float, default=Split().calibration, help="share of the groups")
    parser.add_argument("--salt", type=int, help="of the hash that splits")
    parser.add_argument("--ignored", default="", help="classes that may occur and are passed over, as a row of CSV")
    parser.add_argument("--split", choices=[*SPLITS, "all"], default="all")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    classes, ignored = (next(csv.reader([row]), []) for row in (options.classes, options.ignored))
    shares = Split(validation=options.validation, calibration=options.calibration, salt=options.salt)
    with reports.kept(options.out), whole_folder(options.out) as folder:
        found = read(options.images, options.annotations, options.groups, classes, options.skip_bad, ignored)
        splits = [split_of(photo.group, shares) for photo in found.photos]
        photos = [photo for photo, split in zip(found.photos, splits, strict=True) if options.split in ("all", split)]
        if not photos:
            fault = missing_split(found.photos, splits)
            raise AnnotationError(
                f"{options.annotations}: no photo falls into the split {options.split}", [fault] if fault else []
            )
        if not any(photo.objects for photo in photos):
            found.notes.append(f"none of the {counted(len(photos), 'photo')} has an object")
        (folder / "annotations.csv").write_text(csv_text(photos))
        reports.put(found.skipped, folder)
    reports.tell(found, options.out)
    print(total(photos))


def add_source_arguments(parser: argparse.ArgumentParser, may_be_packed: bool = False) -> None:
    """The arguments that name labelled photos; packed ones bring their labels."""
    photos = "folder of photos, or a ZIP of photos and labels" if may_be_packed else "folder of photos"
    parser.add_argument("--images", type=Path, required=True, help=photos)
    parser.add_argument(
        "--annotations",
        type=Path,
        required=not may_be_packed,
        help="their labels in any known format, a file or a folder, see docs/labels.md",
    )
    parser.add_argument("--groups", type=Path, help="CSV file filename,group: a group stays in one split")


def add_skip_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that forgives faults."""
    parser.add_argument("--skip-bad", action="store_true", help="leave bad labels out and list them")


if __name__ == "__main__":
    command.run(main)
