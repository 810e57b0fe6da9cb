"""Checks labels and picks a split of them: the step whose CSV every later step trusts.

Membership is a hash of the photo's group: adding photos or reordering rows never moves one to another split.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from training import command
from training.config import Split
from training.data import formats, reports
from training.data.labels import Annotations, Photo
from training.data.photos import check_files
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where
from training.outputs import whole_folder

SPLITS = ("train", "calibration", "validation")


def place(group: str, salt: int | None = None) -> float:
    """Where a group stands in 0–1: the first 8 bytes of its SHA-256, of ``salt`` and a line break before it."""
    salted = group if salt is None else f"{salt}\n{group}"
    return int.from_bytes(hashlib.sha256(salted.encode()).digest()[:8]) / 2**64


def split_of(group: str, shares: Split) -> str:
    """The split that a group of photos belongs to."""
    position = place(group, shares.salt)
    if position < shares.validation:
        return "validation"
    return "calibration" if position < shares.validation + shares.calibration else "train"


def missing_split(photos: Sequence[Photo], splits: Sequence[str]) -> Finding | None:
    """The finding that a split has no photo, where there is such a one; ``splits`` has that of each photo."""
    empty = [name for name in SPLITS if name not in splits]
    if not empty:
        return None
    groups = len({photo.group for photo in photos})
    fault = f"no photo falls into the split {empty[0]}: "
    if groups == len(photos):
        return Finding(Kind.SPLIT, Where("photos"), "", f"{fault}{groups} photos are too few")
    number = "one group, which stays" if groups == 1 else f"{groups} groups, which stay"
    fault += f"all {len(photos)} photos are in {number} together"
    return Finding(Kind.SPLIT, Where("groups"), "", fault, own_remedy="make smaller groups, one for each scene")


def read(
    images: Path,
    annotations: Path,
    groups: Path | None = None,
    classes: Iterable[str] | None = None,
    skip_bad: bool = False,
    ignored: Collection[str] = (),
) -> Annotations:
    """Labels that are right in themselves and fit their files, without objects of the classes ``ignored``.

    Raises:
        AnnotationError: naming each fault of rows and files; with ``skip_bad`` those are left out and listed
    """
    allowed = None if classes is None else (*classes, *ignored)
    found = check_files(formats.read(annotations, images, allowed, groups, skip_bad=True), images)
    if found.skipped and not skip_bad:
        raise AnnotationError(
            f"{annotations}: {len(found.skipped)} faults; correct them, or leave them out with --skip-bad",
            found.skipped,
        )
    return without(found, ignored)


def without(found: Annotations, ignored: Collection[str]) -> Annotations:
    """``found`` without objects of the classes ``ignored``; their photos stay."""
    for photo in found.photos:
        photo.objects = [item for item in photo.objects if item.name not in ignored]
    return found


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
        photos = [photo for photo in found.photos if options.split in ("all", split_of(photo.group, shares))]
        if not photos:
            raise AnnotationError(f"{options.annotations}: no photo falls into the split {options.split}")
        (folder / "annotations.csv").write_text(csv_text(photos))
        reports.put(found.skipped, folder)
    reports.tell(found, options.out)
    print(f"{len(photos)} photos, {sum(len(photo.objects) for photo in photos)} objects")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that name labelled photos."""
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument(
        "--annotations",
        type=Path,
        required=True,
        help="their labels: CSV, COCO JSON, digitStruct.mat, or a folder of Pascal VOC",
    )
    parser.add_argument("--groups", type=Path, help="CSV file filename,group: a group stays in one split")


def add_skip_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that forgives faults."""
    parser.add_argument("--skip-bad", action="store_true", help="leave bad labels out and list them")


if __name__ == "__main__":
    command.run(main)
