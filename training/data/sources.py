"""Several folders of labelled photos, merged into one: the step before records where data comes from several places.

A data file (YAML, ``schemas/sources.schema.json``) lists the sources. A photo's file name begins with the name of its
source where there are several; its group stays as it is in the source alone, and with it its split.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from training import command
from training.data import reports, resemblance
from training.data.archive import is_archive, unpack
from training.data.formats import spelling, unlabelled
from training.data.labels import Annotations, Photo
from training.data.selection import NAMED, add_skip_argument, csv_text, read, total
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, counted, shown
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
    as_exported: bool = False
    """whether photos stay in the split that an export has put them into"""
    archive: Path | None = None
    """the ZIP that the photos are unpacked from"""
    drawn: bool = False
    """whether the photos are drawn or rendered, not taken"""

    def read(self, skip_bad: bool = True, keep: bool = False) -> Annotations:
        """Its photos with the labels that are kept, and what was left out; names are the source's own.

        See `selection.read` for the arguments.

        Raises:
            AnnotationError: where nothing is usable, or, without ``skip_bad``, for each fault
        """
        if self.annotations is None:
            return unlabelled.read(self.images, self.groups)
        try:
            found = read(
                self.images,
                self.annotations,
                self.groups,
                skip_bad=skip_bad,
                keep=keep,
                as_exported=self.as_exported,
            )
        except AnnotationError as error:
            if self.archive:
                # Where it was unpacked is nobody's business, and gone by now.
                error.message = error.message.replace(str(self.images), str(self.archive))
            raise
        if self.only is not None:
            self._keep(self.only, found)
        return found

    def _keep(self, only: frozenset[str], found: Annotations) -> None:
        """Leave other classes' objects out; their photos stay. Raises AnnotationError for a name that is none's."""
        names = {spelling.normal(name): name for photo in found.photos for name in [one.name for one in photo.objects]}
        kept = {names[key] for name in only if (key := spelling.normal(name)) in names}
        absent = [name for name in sorted(only) if spelling.normal(name) not in names]
        if absent:
            raise AnnotationError(
                f"{self.name}, only: no label of {self.annotations} is called {', '.join(map(shown, absent))}; "
                f"its classes are {', '.join(map(shown, sorted(names.values())[:NAMED]))}"
            )
        for photo in found.photos:
            photo.objects = [item for item in photo.objects if item.name in kept]


def load(path: Path) -> list[Source]:
    """The sources that a data file lists; its paths are relative to it.

    Raises:
        AnnotationError: naming the entry that can't be used
    """
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
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
        entry.get("split_as_exported", False),
        drawn=entry.get("drawn", False),
    )


def merge(sources: Iterable[Source], folder: Path, skip_bad: bool) -> Annotations:
    """Put the photos of all sources into ``folder`` and return their labels, named as there.

    Files are linked where the file system can, else copied.

    It is noted where drawn photos lack what real ones have, see `resemblance`.

    Raises:
        AnnotationError: naming each fault of all sources; with ``skip_bad`` those are left out and listed
    """
    chosen = list(sources)
    found = [(source, source.read()) for source in chosen]
    findings = [finding.of(source.name) for source, read_ in found for finding in read_.skipped]
    if findings and not skip_bad:
        raise AnnotationError(
            f"{counted(len(findings), 'fault')} in the sources; correct the labels, or leave their photos out with "
            "--skip-bad",
            findings,
        )
    merged: dict[str, list[Photo]] = {}
    for source, labels in found:
        merged[source.name] = []
        prefix = f"{source.name}/" if len(chosen) > 1 else ""
        for photo in command.progress(labels.photos, len(labels.photos), f"photos of {source.name}"):
            named = replace(photo, filename=f"{prefix}{photo.filename}")
            _place(source.images / photo.filename, folder / named.filename)
            merged[source.name].append(named)
    notes = [f"{source.name}: {note}" for source, read_ in found for note in read_.notes]
    notes += resemblance.compare(merged, [source.name for source in chosen if source.drawn], folder)
    return Annotations([photo for photos in merged.values() for photo in photos], findings, notes)


def _place(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), place)
    except OSError:  # another file system, one without links, or somebody else's file
        shutil.copy2(file, place)


def unpacked(source: Source, scratch: Path, notes: list[str]) -> Source:
    """The source with its photos in a folder, if they are in a ZIP; so may its labels be, then the same one."""
    if not is_archive(source.images):
        return source
    folder = scratch / source.name
    folder.mkdir()
    notes += unpack(source.images, folder)
    inside = source.annotations is not None and source.annotations == source.images
    return replace(source, images=folder, annotations=folder if inside else source.annotations, archive=source.images)


def findings(file: Path) -> tuple[list[Finding], list[str]]:
    """What was left out of sources and what else was noted, as a merge wrote it."""
    found = json.loads(file.read_text())
    return [_finding(*values) for values in found["skipped"]], found["notes"]


def _finding(kind: str, where: list[str], *texts: str) -> Finding:
    return Finding(Kind(kind), Where(*where), *texts)


def main() -> None:
    """Merge sources: DIR/images, DIR/annotations.csv, and what was left out in DIR/findings.json."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, help="YAML file that lists the sources")
    parser.add_argument("--images", type=Path, help="instead: a single one, a folder or a ZIP")
    parser.add_argument("--annotations", type=Path, help="its labels (default: what lies among the photos)")
    parser.add_argument("--groups", type=Path, help="CSV file filename,group: a group stays in one split")
    parser.add_argument("--split-as-exported", action="store_true", help="keep the split of folders train, valid, test")
    add_skip_argument(parser)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if (options.data is None) == (options.images is None):
        parser.error("name --data or --images")
    with (
        reports.kept(options.out),
        whole_folder(options.out) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        if options.data:
            sources = load(options.data)
        else:
            labels = options.annotations or options.images
            sources = [Source("photos", options.images, labels, options.groups, as_exported=options.split_as_exported)]
        notes: list[str] = []
        chosen = [unpacked(source, Path(scratch), notes) for source in sources]
        (folder / "images").mkdir()
        merged = merge(chosen, folder / "images", options.skip_bad)
        merged.notes.extend(notes)
        (folder / "annotations.csv").write_text(csv_text(merged.photos))
        found = {"skipped": [astuple(one) for one in merged.skipped], "notes": merged.notes}
        (folder / FINDINGS).write_text(json.dumps(found, indent=1) + "\n")
        reports.put(merged.skipped, folder)
    reports.tell(merged, options.out)
    print(total(merged.photos))


if __name__ == "__main__":
    command.run(main)
