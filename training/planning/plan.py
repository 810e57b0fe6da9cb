"""Labelled photos to a configuration: the step that decides what nobody should have to write.

The same labels give the same plan, in whatever order their rows stand. What a person wrote in a configuration wins;
whatever it leaves out is planned.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import command
from training.config import Configuration, load, read_document, sections, validate
from training.data import reports
from training.data.causes import causes
from training.data.labels import Annotations, Photo
from training.data.photos import unreadable
from training.data.review import coverage, duplicates
from training.data.selection import SPLITS, add_source_arguments, read_leniently, split_of
from training.errors import AnnotationError, ConfigurationError
from training.findings import FILE, Finding, counted, grouped
from training.outputs import whole_folder
from training.planning import classes as naming
from training.planning import rules, writing
from training.planning.draft import Draft, flat
from training.planning.rules import Wishes
from training.planning.statistics import Statistics

FORMAT = 1
FEWEST = 3
"""Groups of photos: one for each split."""


def plan(
    photos: list[Photo],
    name: str,
    given: dict[str, Any],
    wishes: Wishes,
    wanted: list[str] | None = None,
    where: str = "the plan",
    named: Collection[str] = (),
) -> tuple[Draft, Configuration, Statistics]:
    """The plan for labelled photos, whose objects of other classes than the plan's are taken away.

    Args:
        photos: with all their objects
        name: of the detector, unless a person wrote one
        given: what a person wrote, as a configuration's nested sections
        wishes: what was asked for by flags
        wanted: classes that were asked for by a flag; it wins
        where: names the person's file in errors
        named: all classes that labels name, those of photos that are left out, too

    Raises:
        AnnotationError: there is nothing to learn
        ConfigurationError: what a person wrote can't be used
    """
    draft = Draft(flat(given, sections()))
    photos = sorted(photos, key=lambda photo: photo.filename)
    everything = Statistics(photos, naming.in_order({item.name for photo in photos for item in photo.objects}))
    if not everything.objects:
        raise AnnotationError(
            f"none of the {counted(len(photos), 'photo')} has an object: there is nothing to learn. Label what is to "
            "be found in some of them"
        )
    if len(everything.groups) < FEWEST:
        alone = len(everything.groups) == len(photos)
        number = counted(len(everything.groups), "photo" if alone else "group")
        number += "" if alone else f" ({counted(len(photos), 'photo')})"
        raise AnnotationError(
            f"{number} {'is' if len(everything.groups) == 1 else 'are'} too few: one is learned from, one calibrated "
            "by, one judged on, and photos of a group stay together"
        )
    draft.put("name", name, "of the run")
    faulty = naming.in_order(set(named) - set(everything.classes))
    classes = _classes(everything, draft, wanted, where, faulty)
    ignored = {*everything.classes, *faulty} - set(classes) | _ignored(draft) - set(wanted or ())
    for photo in photos:
        photo.objects = [item for item in photo.objects if item.name in classes]
    found = Statistics(photos, classes)
    if not found.objects:
        raise AnnotationError(
            f"no photo has an object of {naming.listed(classes) or 'a class'}: there is nothing to learn"
        )
    if ignored and isinstance(draft.given.get("ignored", []), list):
        draft.values["ignored"] = naming.in_order(ignored)
        draft.reasons["ignored"] = "classes that aren't learned; their objects are passed over"
    rules.plan(found, wishes, draft)
    if "plan" in draft.given:
        draft.put("plan", True, "")
    config = validate(draft.document(), where)
    return draft, config, found


def _classes(found: Statistics, draft: Draft, wanted: list[str] | None, where: str, faulty: Sequence[str]) -> list[str]:
    """The classes to learn; ``faulty`` are those that none but faulty labels name."""
    if wanted is not None:
        if bad := [name for name in wanted if name in faulty]:
            raise ConfigurationError(
                f"classes: every photo with a label of {naming.listed(bad)} has a fault; correct them, or leave it out"
            )
        classes = list(naming.chosen(wanted, found.classes))
        draft.values["classes"], draft.reasons["classes"] = classes, "asked for"
        return classes
    known = [name for name in found.classes if name not in _ignored(draft)]
    if "classes" in draft.given:
        written = draft.given["classes"]
        if not isinstance(written, list) or not written:
            raise ConfigurationError(f"{where}: classes: a list of names is wanted, such as [cat, dog]")
        classes = [str(name) for name in written]
        draft.put("classes", classes, "")
        left = [name for name in known if name not in classes]
        if left:
            draft.warn(f"the labels have objects of {naming.listed(left)}, which the configuration's classes don't")
        return classes
    if left := [name for name in faulty if name not in _ignored(draft)]:
        draft.warn(
            f"not learned, since every photo with a label of it has a fault: {naming.listed(left)}; correct the labels"
        )
    slips = naming.slips({name: found.counts[name] for name in known})
    for why in slips.values():
        draft.warn(f"left out as a slip of the hand: {why}; correct the label, or name all classes with --classes")
    classes = [name for name in known if name not in slips]
    for line in coverage.alike(classes):
        draft.warn(line)
    draft.put("classes", classes, "of the labels, sorted" + (", less slips of the hand" if slips else ""))
    return classes


def _ignored(draft: Draft) -> set[str]:
    """Classes that a person wrote as ignored; what isn't a list is named when the plan is validated."""
    written = draft.given.get("ignored")
    return set(map(str, written)) if isinstance(written, list) else set()


def chosen_starts(written: list[Any], offered: Sequence[str], known: Sequence[str], where: str) -> list[str]:
    """Of the starts that a person wrote those that are offered; all of these where a flag asked for others.

    Raises:
        ConfigurationError: one isn't among those that are there
    """
    there = sorted({*offered, *known})
    for name in written:
        if name not in there:
            raise ConfigurationError(
                f"{where}: starts: there is no start {name}; there are {', '.join(there) or 'none'}"
            )
    return [name for name in written if name in offered] or (list(offered) if written else [])


def beginning(folder: Path, photos: list[Photo]) -> dict[str, Any]:
    """What a plan takes over from the training that it begins with: its split, if that leaves no split empty.

    What was learned from there must not be judged on here.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        return {}  # a start
    split = load(config).split
    members = {split_of(photo.group, split) for photo in photos}
    # With a salt that is None: another one would judge on what was learned from.
    return {"split": split.model_dump()} if members == set(SPLITS) else {}


def main() -> None:
    """Plan a training: DIR/config.yaml, plan.json and plan.txt."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser)
    parser.add_argument("--config", type=Path, help="what a person wrote; it wins")
    parser.add_argument("--from", dest="start_from", type=Path, help="start or finished training to begin with")
    parser.add_argument("--name", required=True, help="of the detector")
    parser.add_argument("--classes", help="which of the labels' to learn, as a row of CSV")
    parser.add_argument("--minutes", type=float, help="of training")
    parser.add_argument("--steps", type=int, help="of training, instead")
    parser.add_argument("--starts", default="", help="candidates to begin with, with commas between")
    parser.add_argument("--known", default="", help="all that are there, which a configuration may name")
    parser.add_argument("--purpose", choices=sorted(rules.LONGEST), default="desk", help="what the model is for")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    given = read_document(options.config) if options.config else {}
    starts, known = (tuple(filter(None, names.split(","))) for names in (options.starts, options.known))
    if "starts" in given and isinstance(given["starts"], list):
        given["starts"] = chosen_starts(given["starts"], starts, known, str(options.config))
    if options.minutes or options.steps:
        timed = {"minutes": options.minutes} if options.minutes else {"steps": options.steps}
        kept = {key: value for key, value in (given.get("training") or {}).items() if key not in ("minutes", "steps")}
        given["training"] = {**kept, **timed}
    wanted = next(csv.reader([options.classes])) if options.classes else None
    wishes = Wishes(starts, options.purpose)
    with reports.kept(options.out), whole_folder(options.out) as folder:
        # Faults don't end a plan, as long as enough is left.
        labels = read_leniently(options.images, options.annotations, options.groups)
        labels, looks = _decoded(labels, options.images)
        if options.start_from:
            given = {**beginning(options.start_from, labels.photos), **given}
        try:
            where = str(options.config or "the plan")
            draft, config, found = plan(labels.photos, options.name, given, wishes, wanted, where, labels.named)
        except (AnnotationError, ConfigurationError) as error:
            raise AnnotationError("\n".join([*_causes(labels), str(error)]), labels.skipped) from error
        draft.warnings[:0] = [*_causes(labels), *_faults(labels.skipped, options.out), *labels.notes]
        draft.warnings += _seen(labels, looks, config)
        reports.put(labels.skipped, folder)
        text = writing.as_yaml(draft, f"Planned from {len(labels.photos):,} labelled photos; what is written wins.")
        (folder / "config.yaml").write_text(text, "utf-8")
        (folder / "plan.txt").write_text(writing.as_text(draft, config, found), "utf-8")
        (folder / "plan.json").write_text(json.dumps(_document(draft, config, found, given), indent=1) + "\n", "utf-8")


def _decoded(labels: Annotations, images: Path) -> tuple[Annotations, list[duplicates.Look]]:
    """The labels of photos that can be decoded to their end, and how these look."""
    seen = command.progress(duplicates.look_at_all(labels.photos, images), len(labels.photos), "photos looked at")
    pairs = list(zip(labels.photos, seen, strict=True))
    broken = [unreadable(photo, look.fault) for photo, look in pairs if look.fault]
    whole = [(photo, look) for photo, look in pairs if not look.fault]
    left = replace(labels, photos=[photo for photo, _ in whole], skipped=[*labels.skipped, *broken])
    return left, [look for _, look in whole]


def _causes(labels: Annotations) -> list[str]:
    return [*labels.causes, *causes(labels.skipped, labels.photos)]


def _faults(skipped: Sequence[Finding], output: Path) -> list[str]:
    """A line on what is left out, by kind."""
    if not skipped:
        return []
    kinds = ", ".join(f"{kind} {len(found):,}" for kind, found in grouped(skipped).items())
    said = f"{counted(len(skipped), 'fault')} in labels or photos ({kinds}): their photos are left out here"
    return [f"{said}; {skipped[0]} first, all of them in {output / FILE}"]


def _seen(labels: Annotations, looks: list[duplicates.Look], config: Configuration) -> list[str]:
    """What is to be said of how the photos look."""
    blank = [photo.filename for photo, look in zip(labels.photos, looks, strict=True) if look.one_colour]
    # Photos of one group are known to show the same.
    sets = [found for found in duplicates.sets(looks) if len({labels.photos[index].group for index in found}) > 1]
    splits = [split_of(photo.group, config.split) for photo in labels.photos]
    return [*coverage.looks(len(looks), blank, sets), *coverage.doubles(labels.photos, splits, sets)]


def _document(draft: Draft, config: Configuration, found: Statistics, given: dict[str, Any]) -> dict[str, Any]:
    milliseconds, megabytes = rules.cost(config)
    members = [split_of(photo.group, config.split) for photo in found.photos]
    return {
        "format_version": FORMAT,
        "name": config.name,
        "photos": len(found.photos),
        "photos_without_objects": found.empty,
        "objects": found.counts,
        "splits": {name: members.count(name) for name in SPLITS},
        "cost": {"milliseconds": round(milliseconds, 1), "megabytes": megabytes},
        "given": given,
        "values": [{"key": key, "value": draft.values[key], "reason": draft.reasons[key]} for key in draft.values],
        "warnings": draft.warnings,
    }


if __name__ == "__main__":
    command.run(main)
