"""Labelled photos to a configuration: the step that decides what nobody should have to write.

The same labels give the same plan, in whatever order their rows stand. What a person wrote in a configuration wins;
whatever it leaves out is planned.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from training import command
from training.config import Configuration, load, read_document, sections, validate
from training.data.labels import Photo
from training.data.selection import SPLITS, add_source_arguments, read_leniently, split_of
from training.errors import AnnotationError, ConfigurationError
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
) -> tuple[Draft, Configuration, Statistics]:
    """The plan for labelled photos, whose objects of other classes than the plan's are taken away.

    Args:
        photos: with all their objects
        name: of the detector, unless a person wrote one
        given: what a person wrote, as a configuration's nested sections
        wishes: what was asked for by flags
        wanted: classes that were asked for by a flag; it wins
        where: names the person's file in errors

    Raises:
        AnnotationError: there is nothing to learn
        ConfigurationError: what a person wrote can't be used
    """
    draft = Draft(flat(given, sections()))
    photos = sorted(photos, key=lambda photo: photo.filename)
    everything = Statistics(photos, naming.in_order({item.name for photo in photos for item in photo.objects}))
    if not everything.objects:
        raise AnnotationError(
            f"none of the {len(photos):,} photos has an object: there is nothing to learn. Label what is to be found "
            "in some of them"
        )
    if len(everything.groups) < FEWEST:
        what = "photos" if len(everything.groups) == len(photos) else f"groups ({len(photos):,} photos)"
        raise AnnotationError(
            f"{len(everything.groups)} {what} are too few: one is learned from, one calibrated by, one judged on, and "
            "photos of a group stay together"
        )
    draft.put("name", name, "of the run")
    classes = _classes(everything, draft, wanted, where)
    ignored = [name for name in everything.classes if name not in classes]
    for photo in photos:
        photo.objects = [item for item in photo.objects if item.name in classes]
    found = Statistics(photos, classes)
    if not found.objects:
        raise AnnotationError(f"no photo has an object of {naming.listed(classes)}: there is nothing to learn")
    if ignored:
        draft.put("ignored", ignored, "classes of the labels that aren't learned; their objects are passed over")
    rules.plan(found, wishes, draft)
    if "plan" in draft.given:
        draft.put("plan", True, "")
    config = validate(draft.document(), where)
    return draft, config, found


def _classes(found: Statistics, draft: Draft, wanted: list[str] | None, where: str) -> list[str]:
    known = list(found.classes)
    if wanted is not None:
        classes = list(naming.chosen(wanted, known))
        draft.values["classes"], draft.reasons["classes"] = classes, "asked for"
        return classes
    if "classes" in draft.given:
        written = draft.given["classes"]
        if not isinstance(written, list) or not written:
            raise ConfigurationError(f"{where}: classes: a list of names is wanted, such as [cat, dog]")
        classes = [str(name) for name in written]
        draft.put("classes", classes, "")
        left = [name for name in known if name not in classes]
        if left and not set(left) <= set(map(str, draft.given.get("ignored", []))):
            draft.warn(f"the labels have objects of {naming.listed(left)}, which the configuration's classes don't")
        return classes
    slips = naming.slips(found.counts)
    for why in slips.values():
        draft.warn(f"left out as a slip of the hand: {why}; correct the label, or name all classes with --classes")
    classes = [name for name in known if name not in slips]
    draft.put("classes", classes, "of the labels, sorted" + (", less slips of the hand" if slips else ""))
    return classes


def beginning(folder: Path, photos: list[Photo]) -> dict[str, Any]:
    """What a plan takes over from the training that it begins with: its split, if that leaves no split empty.

    What was learned from there must not be judged on here.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        return {}  # a start
    split = load(config).split
    members = {split_of(photo.group, split) for photo in photos}
    return {"split": split.model_dump(exclude_none=True)} if members == set(SPLITS) else {}


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
    parser.add_argument("--purpose", choices=sorted(rules.LONGEST), default="desk", help="what the model is for")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    given = read_document(options.config) if options.config else {}
    starts = tuple(name for name in options.starts.split(",") if name)
    if "starts" in given and isinstance(given["starts"], list):
        given["starts"] = [name for name in given["starts"] if name in starts]
    if options.minutes or options.steps:
        timed = {"minutes": options.minutes} if options.minutes else {"steps": options.steps}
        kept = {key: value for key, value in (given.get("training") or {}).items() if key not in ("minutes", "steps")}
        given["training"] = {**kept, **timed}
    wanted = next(csv.reader([options.classes])) if options.classes else None
    wishes = Wishes(starts, options.purpose)
    with whole_folder(options.out) as folder:
        # Faults don't end a plan: records and data.check name them.
        labels = read_leniently(options.images, options.annotations, options.groups)
        if options.start_from:
            given = {**beginning(options.start_from, labels.photos), **given}
        draft, config, found = plan(
            labels.photos, options.name, given, wishes, wanted, str(options.config or "the plan")
        )
        if labels.skipped:
            draft.warn(
                f"{len(labels.skipped):,} faults in labels or photos, left out here: ./inv data.check names them"
            )
        text = writing.as_yaml(draft, f"Planned from {len(labels.photos):,} labelled photos; what is written wins.")
        (folder / "config.yaml").write_text(text, "utf-8")
        (folder / "plan.txt").write_text(writing.as_text(draft, config, found, options.purpose), "utf-8")
        (folder / "plan.json").write_text(
            json.dumps(_document(draft, config, found, given, options.purpose), indent=1) + "\n", "utf-8"
        )


def _document(
    draft: Draft, config: Configuration, found: Statistics, given: dict[str, Any], purpose: str
) -> dict[str, Any]:
    milliseconds, megabytes = rules.cost(config.input.width, config.input.height, purpose, config.starts)
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
