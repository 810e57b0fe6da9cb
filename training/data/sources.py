"""Several folders of labelled photos, merged into one: the step before records where data comes from several places.

A data file (YAML, ``schemas/sources.schema.json``) lists the sources. A photo's file name begins with the name of its
source where there are several; its group stays as it is in the source alone, and with it its split.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from training import command
from training.data import reports
from training.data.formats import read_groups
from training.data.labels import Annotations, Photo
from training.data.photos import unlabelled
from training.data.selection import add_skip_argument, csv_text, read
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where
from training.outputs import whole_folder

SCHEMA = Path(__file__).parents[2] / "schemas" / "sources.schema.json"
NOTHING = "none"
"""As annotations: photos on which there is nothing to find."""
FINDINGS = "findings.json"


@dataclass(frozen=True)
class Source:
    """One folder of photos; ``annotations`` is None where there is nothing on them."""

    name: str
    images: Path
    annotations: Path | None = None
    groups: Path | None = None
    only: frozenset[str] | None = None

    def read(self) -> Annotations:
        """Its photos with the labels that are kept, and what was left out; names are the source's own.

        Raises:
            AnnotationError: where nothing is usable
        """
        if self.annotations is None:
            return unlabelled(self.images, read_groups(self.groups) if self.groups else {})
        found = read(self.images, self.annotations, self.groups, skip_bad=True)
        for photo in found.photos:
            photo.objects = [item for item in photo.objects if self.only is None or item.name in self.only]
        return found


def load(path: Path) -> list[Source]:
    """The sources that a data file lists; its paths are relative to it.

    Raises:
        AnnotationError: naming the entry that can't be used
    """
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AnnotationError(f"{path}: can't be read as YAML: {error}") from error
    checker: Any = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    fault = jsonschema.exceptions.best_match(checker.iter_errors(document))
    if fault:
        raise AnnotationError(f"{path}, {fault.json_path}: {fault.message}")
    sources = [_source(entry, path.parent) for entry in document["sources"]]
    names = [source.name for source in sources]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise AnnotationError(f"{path}, $.sources: two are called {twice[0]}")
    return sources


def _source(entry: Any, folder: Path) -> Source:
    return Source(
        entry["name"],
        folder / entry["images"],
        None if entry["annotations"] == NOTHING else folder / entry["annotations"],
        folder / entry["groups"] if "groups" in entry else None,
        frozenset(entry["only"]) if "only" in entry else None,
    )


def merge(sources: Iterable[Source], folder: Path, skip_bad: bool) -> Annotations:
    """Put the photos of all sources into ``folder`` and return their labels, named as there.

    Files are linked where the file system can, else copied.

    Raises:
        AnnotationError: naming each fault of all sources; with ``skip_bad`` those are left out and listed
    """
    chosen = list(sources)
    found = [(source, source.read()) for source in chosen]
    findings = [finding.of(source.name) for source, read_ in found for finding in read_.skipped]
    if findings and not skip_bad:
        raise AnnotationError(
            f"{len(findings)} faults in the sources; correct them, or leave them out with --skip-bad", findings
        )
    merged: list[Photo] = []
    for source, labels in found:
        prefix = f"{source.name}/" if len(chosen) > 1 else ""
        for photo in command.progress(labels.photos, len(labels.photos), f"photos of {source.name}"):
            named = replace(photo, filename=f"{prefix}{photo.filename}")
            _place(source.images / photo.filename, folder / named.filename)
            merged.append(named)
    return Annotations(merged, findings, [f"{source.name}: {note}" for source, read_ in found for note in read_.notes])


def _place(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), place)
    except OSError:  # another file system, one without links, or somebody else's file
        shutil.copy2(file, place)


def findings(file: Path) -> tuple[list[Finding], list[str]]:
    """What was left out of sources and what else was noted, as a merge wrote it."""
    found = json.loads(file.read_text())
    return [_finding(*values) for values in found["skipped"]], found["notes"]


def _finding(kind: str, where: list[str], *texts: str) -> Finding:
    return Finding(Kind(kind), Where(*where), *texts)


def main() -> None:
    """Merge sources: DIR/images, DIR/annotations.csv, and what was left out in DIR/findings.json."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="YAML file that lists the sources")
    add_skip_argument(parser)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    sources = load(options.data)
    with reports.kept(options.out), whole_folder(options.out) as folder:
        (folder / "images").mkdir()
        merged = merge(sources, folder / "images", options.skip_bad)
        (folder / "annotations.csv").write_text(csv_text(merged.photos))
        found = {"skipped": [astuple(one) for one in merged.skipped], "notes": merged.notes}
        (folder / FINDINGS).write_text(json.dumps(found, indent=1) + "\n")
        reports.put(merged.skipped, folder)
    reports.tell(merged, options.out)
    print(f"{len(merged.photos)} photos, {sum(len(photo.objects) for photo in merged.photos)} objects")


if __name__ == "__main__":
    command.run(main)
