"""Looks at labelled photos before hours of training: faults, balance, sizes, overlaps, duplicates, odd labels.

Writes ``check.json``, the same as text, and a contact sheet of what should be looked at.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from training import command
from training import findings as told
from training.config import Configuration, load
from training.data import reports, sources
from training.data.causes import causes
from training.data.labels import Annotations, Photo
from training.data.photos import unreadable
from training.data.review import contact_sheet, coverage, duplicates, suspicion
from training.data.selection import SPLITS, add_source_arguments, missing_split, read_leniently, split_of, without
from training.detector.letterbox import scaled_size
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, counted
from training.outputs import whole_folder

TILES = 48
LISTED = 200
"""Entries of each kind that the JSON lists; all are counted."""
QUANTILES = (0, 5, 25, 50, 75, 95, 100)
TOUCHING = 0.05
"""Intersection over union from which two boxes are said to overlap."""
BAR = 30
UNREAD = "see docs/labels.md for what is read, and where it is looked for"
NO_CLASS = "(none)"
"""The class of labels that have none."""


def examine(
    found: Annotations, images: Path, config: Configuration, planned: bool = True
) -> tuple[dict[str, Any], list[contact_sheet.Tile]]:
    """All findings on photos whose files are there, and the tiles of the contact sheet.

    Photos that can't be decoded are added to what ``found`` lacks. Where nothing is ``planned``, nobody meant the
    splits of ``config``.
    """
    photos = found.photos
    splits = [split_of(photo.group, config.split) for photo in photos]
    seen = list(command.progress(duplicates.look_at_all(photos, images), len(photos), "photos looked at"))
    found.skipped.extend(
        unreadable(photo, one.fault) for photo, one in zip(photos, seen, strict=True) if one.fault is not None
    )
    blank = [photo.filename for photo, one in zip(photos, seen, strict=True) if one.one_colour]
    # Photos of one group are known to show the same.
    same = [members for members in duplicates.sets(seen) if len({photos[index].group for index in members}) > 1]
    across = [members for members in same if len({splits[index] for index in members}) > 1]
    whole = [(photo, split) for photo, split, one in zip(photos, splits, seen, strict=True) if one.fault is None]
    # Of a set that can't be planned the plan says why, unless it is too small for any split.
    enough = len({photo.group for photo, _ in whole}) >= len(SPLITS)
    if whole and (planned or not enough):
        missing = missing_split([photo for photo, _ in whole], [split for _, split in whole])
        found.skipped.extend([missing] if missing else [])
    suspicions = suspicion.find(photos, lambda photo: _scale(photo, config))
    report: dict[str, Any] = {
        "photos": len(photos),
        "photos_without_objects": sum(not photo.objects for photo in photos),
        "objects": sum(len(photo.objects) for photo in photos),
        "groups": len({photo.group for photo in photos}),
        "errors": list(map(str, found.skipped)),
        "notes": [
            *found.notes,
            *(coverage.notes(photos, splits, config.classes) if planned else coverage.alike(config.classes)),
            *coverage.looks(len(photos), blank, same),
        ],
        "splits": {
            name: {
                "photos": splits.count(name),
                "objects": sum(len(p.objects) for p, split in zip(photos, splits, strict=True) if split == name),
            }
            for name in SPLITS
        },
        "classes": _classes(photos, splits, config),
        "box_sizes": _sizes(photos, config),
        "overlapping_pairs": _overlapping(photos),
        "near_duplicates": {
            "sets": len(same),
            "photos": sum(map(len, same)),
            "across_splits": len(across),
            "listed": [_described(members, photos, splits) for members in across[:LISTED]],
        },
        "suspicious": {
            kind: {
                "labels": count,
                "listed": [str(one) for one in suspicions if one.kind == kind][:LISTED],
            }
            for kind, count in sorted(Counter(one.kind for one in suspicions).items())
        },
    }
    twins = [_twins(members, photos, splits) for members in across[:TILES]]
    kinds = [_tiles([one for one in suspicions if one.kind == kind]) for kind in report["suspicious"]]
    return report, _evenly([*kinds, twins], TILES)


def _described(members: Sequence[int], photos: Sequence[Photo], splits: Sequence[str]) -> dict[str, Any]:
    """A set of photos that look the same: how many, where, and of each split the first."""
    counts = Counter(splits[index] for index in members)
    firsts = [next(photos[index].filename for index in members if splits[index] == split) for split in counts]
    return {"count": len(members), "splits": dict(counts), "photos": firsts}


def _twins(members: Sequence[int], photos: Sequence[Photo], splits: Sequence[str]) -> contact_sheet.Tile:
    """Two photos of a set, of two splits."""
    one = members[0]
    other = next(index for index in members if splits[index] != splits[one])
    more = f" (and {len(members) - 2} more)" if len(members) > 2 else ""
    return contact_sheet.Tile((photos[one], photos[other]), f"look the same: {splits[one]}, {splits[other]}{more}")


def _tiles(suspicions: Sequence[suspicion.Suspicion]) -> list[contact_sheet.Tile]:
    """One tile per photo with all its suspects of a kind."""
    by_photo: dict[str, list[suspicion.Suspicion]] = defaultdict(list)
    for one in suspicions:
        by_photo[one.photo.filename].append(one)
    return [
        contact_sheet.Tile(
            (mine[0].photo,),
            f"{mine[0].kind}: {mine[0].words}" + (f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""),
            tuple({index for one in mine for index in one.objects}),
        )
        for mine in by_photo.values()
    ]


def _scale(photo: Photo, config: Configuration) -> float:
    """Input pixels per pixel of the photo."""
    return scaled_size(photo.width, photo.height, config.input.width, config.input.height)[1] / photo.height


def _classes(photos: Sequence[Photo], splits: Sequence[str], config: Configuration) -> dict[str, Any]:
    """Objects per class and split; classes of the configuration that never occur are there with none."""
    counts = Counter((item.name, split) for p, split in zip(photos, splits, strict=True) for item in p.objects)
    total = counts.total()
    table = {}
    for name in config.classes:
        per_split = {split: counts[name, split] for split in SPLITS}
        objects = sum(per_split.values())
        table[name] = {"objects": objects, "share": objects / total if total else 0.0, **per_split}
    return table


def _sizes(photos: Sequence[Photo], config: Configuration) -> dict[str, Any]:
    """Quantiles of the boxes' sides: in pixels of the photo, and in those of the network's input."""
    rows = [
        (item.xmax - item.xmin, item.ymax - item.ymin, _scale(photo, config))
        for photo in photos
        for item in photo.objects
    ]
    width, height, scale = np.array(rows, float).reshape(-1, 3).T
    measures = {
        "width": width,
        "height": height,
        "width_in_input": width * scale,
        "height_in_input": height * scale,
    }
    return {
        name: {f"{quantile}%": round(float(np.percentile(values, quantile)), 1) for quantile in QUANTILES}
        for name, values in measures.items()
        if len(values)
    }


def _overlapping(photos: Sequence[Photo]) -> int:
    return sum(share > TOUCHING for photo in photos for _, _, share in suspicion.overlapping(photo.objects))


def _evenly(lists: Sequence[Sequence[contact_sheet.Tile]], count: int) -> list[contact_sheet.Tile]:
    """The first of each list, then the second of each and so on, up to ``count``; put together by list."""
    longest = max(map(len, lists), default=0)
    order = [(turn, number) for turn in range(longest) for number, tiles in enumerate(lists) if turn < len(tiles)]
    return [lists[number][turn] for number, turn in sorted((number, turn) for turn, number in order[:count])]


def render(report: Any, findings: Sequence[Finding]) -> str:
    """The report for people."""
    errors = [counted(len(findings), "error"), *(f"  {line}" for line in told.lines(findings))]
    notes = [f"note: {note}" for note in report["notes"]]
    if not report["photos"]:
        return "\n".join(["there is no photo that could be looked at", *notes, *errors]) + "\n"
    photos = f"{counted(report['photos'], 'photo')} ({report['photos_without_objects']} without objects)"
    lines = [f"{photos} in {counted(report['groups'], 'group')}, {counted(report['objects'], 'object')}"]
    for name, split in report["splits"].items():
        lines.append(f"{name:<12} {counted(split['photos'], 'photo'):>14} {counted(split['objects'], 'object'):>16}")
    lines += ["", "class    objects   share  train / calibration / validation"]
    most = max((one["objects"] for one in report["classes"].values()), default=0) or 1
    for name, one in report["classes"].items():
        parts, bar = " / ".join(str(one[split]) for split in SPLITS), "█" * round(BAR * one["objects"] / most)
        lines.append(f"{name:<8} {one['objects']:>7} {one['share']:>7.1%}  {parts:<22} {bar}")
    lines += ["", f"{'box sizes':<18}" + "".join(f"{f'{quantile}%':>9}" for quantile in QUANTILES)]
    for name, quantiles in report["box_sizes"].items():
        lines.append(f"{name.replace('_', ' '):<18}" + "".join(f"{value:>9.1f}" for value in quantiles.values()))
    twins = report["near_duplicates"]
    lines += [
        "",
        f"{counted(report['overlapping_pairs'], 'pair')} of boxes that overlap",
        f"photos of different groups that look the same: {twins['photos']}, in {counted(twins['sets'], 'set')}",
        f"{counted(twins['across_splits'], 'set')} of them in more than one split",
        *(f"  {' = '.join(one['photos'])} ({_counts(one['splits'])})" for one in twins["listed"][:5]),
    ]
    for kind, found in report["suspicious"].items():
        lines += [
            f"{counted(found['labels'], 'label')} suspicious: {kind}",
            *(f"  {line}" for line in found["listed"][:5]),
        ]
    return "\n".join([*lines, *notes, *errors]) + "\n"


def _counts(splits: Any) -> str:
    return ", ".join(f"{count} in {name}" for name, count in splits.items())


def main() -> None:
    """Check labelled photos: DIR/check.json, check.txt and contact_sheet.jpg."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser)
    parser.add_argument("--config", type=Path, help="its classes, splits and input size (default: of the labels)")
    parser.add_argument("--findings", type=Path, help="what was found when the photos were merged from several sources")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config = load(options.config) if options.config else None
    with whole_folder(options.out) as folder:
        found = _labels(options, config)
        planned, config = config is not None, config or _configuration(found)
        report, tiles = examine(without(found, config.ignored), options.images, config, planned)
        report["causes"] = [*found.causes, *causes(found.skipped, found.photos)]
        (folder / "check.json").write_text(json.dumps(report, indent=1) + "\n")
        every = [f"all of them: {options.out / told.FILE}\n"] if found.skipped else []
        first = [f"{cause}\n\n" for cause in report["causes"]]
        (folder / "check.txt").write_text("".join([*first, render(report, found.skipped), *every]))
        reports.put(found.skipped, folder)
        contact_sheet.draw(tiles, options.images).save(folder / "contact_sheet.jpg", quality=88)


def _labels(options: argparse.Namespace, config: Configuration | None) -> Annotations:
    """The labels that can be used, and every fault of the others. Faults don't end a check: they are what it is for."""
    known = (*config.classes, *config.ignored) if config else None
    try:
        found = read_leniently(options.images, options.annotations, options.groups, known)
    except AnnotationError as error:
        said = error.message.removeprefix(str(options.annotations)).removeprefix(":").strip()
        whole = Finding(Kind.FORMAT, Where(options.annotations.name), "", said, own_remedy=UNREAD)
        found = Annotations([], error.findings or [whole], causes=error.message.splitlines() if error.findings else ())
    if options.findings:
        skipped, notes = sources.findings(options.findings)
        found = replace(found, skipped=[*skipped, *found.skipped], notes=[*notes, *found.notes])
    return found


def _configuration(found: Annotations) -> Configuration:
    """What is looked at where nothing could be planned."""
    return Configuration(name="check", classes=tuple(sorted(found.named)) or (NO_CLASS,))


if __name__ == "__main__":
    command.run(main)
