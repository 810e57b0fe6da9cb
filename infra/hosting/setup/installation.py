"""Setting up, examining and taking away: one list of things, looked at, made in its order, removed in the other."""

from __future__ import annotations

from collections.abc import Iterable

from infra.errors import RefusedError, ServiceError
from infra.hosting.refusals import GUIDE
from infra.hosting.setup import accounts, bucket, federation, github, project
from infra.hosting.setup.place import DEPLOY, MODELS, RECORD, Place, Words
from infra.hosting.setup.programs import Reader, command
from infra.hosting.setup.resource import Fault, Resource
from infra.progress import say

Survey = list[tuple[Resource, tuple[Fault, ...]]]
MENDED = ("missing", "wrong")


def resources(place: Place) -> list[Resource]:
    """All that a set-up makes, in the order in which one needs the other; the APIs come first."""
    return [
        project.apis(place),
        project.firebase(place),
        project.site(place),
        federation.pool(place),
        federation.provider(place),
        *accounts.resources(place, DEPLOY),
        *((*accounts.resources(place, MODELS), *bucket.resources(place)) if place.models else ()),
        *github.resources(place),
    ]


def survey(reader: Reader, place: Place) -> Survey:
    """What is wrong with each, if anything."""
    return [(one, one.look(reader)) for one in resources(place)]


def plan(reader: Reader, place: Place) -> list[str]:
    """The commands that `make` would run, and before them, where nobody could be asked, those of their variables.

    Raises:
        RefusedError: something is somebody else's.
    """
    found = _free(survey(reader, place))
    todo = [[*_commands(resource, faults)] for resource, faults in found]
    numbers = [
        f"NUMBER=$(gcloud projects describe {place.project} --format 'value(projectNumber)')",
        f"REPOSITORY_ID=$(gh api repos/{place.repository} --jq .id)",
    ]
    # The APIs come first, and without a look nobody knows what was there before.
    todo.insert(1, [] if reader.is_blind else _record(reader, place, found))
    lines = [command(words, place.target) for commands in todo for words in commands]
    return [*(numbers if reader.is_blind and lines else ()), *lines]


def make(reader: Reader, place: Place) -> list[str]:
    """Make what is missing and mend what is wrong; returns what is left for a person, or was left alone.

    Raises:
        RefusedError: something is somebody else's, or wasn't made as it was asked for.
        ServiceError: a command was refused.
    """
    found = _free(survey(reader, place))
    apis, faults = found[0]
    if faults:
        # Where they are off nobody can say what is there.
        _settle(reader, apis)
        reader.has_apis = True
        found = _free(survey(reader, place))
    # Before anything is made: what it says is what may be taken away again, whatever interrupts this.
    for words in _record(reader, place, found):
        _perform(reader, words)
    for resource, faults in found:
        if _wanted(faults):
            _settle(reader, resource)
    return [
        f"{resource.what}: {fault.says}{f'; {fault.remedy}' if fault.remedy else ''}"
        for resource, faults in found
        for fault in faults
        if fault.kind not in MENDED
    ]


def remove(reader: Reader, place: Place, *, dry_run: bool) -> list[str]:
    """Take away exactly what a set-up made; returns what stays and why, in a dry run the commands.

    What is refused is said in the end, and stays in the record.

    Raises:
        RefusedError: no set-up made anything here, or not all of it could be taken away.
    """
    made = _made(reader, place)
    if made is None:
        raise RefusedError(
            f"no ./inv deploy.setup made anything for {place.repository}: its variable {RECORD} would say what;\n"
            f"  {GUIDE} says how to take away what was made by hand"
        )
    there = [one for one, faults in survey(reader, place) if not any(fault.kind == "missing" for fault in faults)]
    mine = [one for one in reversed(there) if one.key in made]
    forget: Words = ("gh", "variable", "delete", RECORD, "--repo", place.repository)
    if dry_run:
        return [command(words, place.target) for words in (*(words for one in mine for words in one.remove), forget)]
    refused: dict[str, str] = {}
    for resource in mine:
        try:
            for words in resource.remove:
                _perform(reader, words)
        except ServiceError as error:
            refused[resource.key] = f"{resource.what}: {error}"
    kept: Words = ("gh", "variable", "set", RECORD, "--repo", place.repository, "--body", " ".join(refused))
    _perform(reader, kept if refused else forget)
    if refused:
        raise RefusedError("not all of it could be taken away:\n" + "\n".join(refused.values()))
    return [f"{one.what}: {one.stays}" for one in there if one.stays and (one in mine or not one.key)]


def _settle(reader: Reader, resource: Resource) -> None:
    """Make or mend one thing, looked at as it is now: what was made meanwhile may have changed it."""
    faults = resource.look(reader)
    for words in _commands(resource, faults):
        _perform(reader, words)
    if resource.is_checked and _wanted(faults) and (left := _wanted(resource.look(reader))):
        raise RefusedError(
            f"{resource.what} isn't as it was asked for: {left[0].says}\n  Nothing deploys yet: the variables come "
            f"last. A private repository has such rules from Pro and Team on; see {GUIDE}"
        )


def _commands(resource: Resource, faults: Iterable[Fault]) -> list[Words]:
    """What makes or mends a thing: each command once, though several faults may need it."""
    return list(dict.fromkeys(words for fault in _wanted(faults) for words in resource.commands(fault)))


def _wanted(faults: Iterable[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.kind in MENDED]


def _free(found: Survey) -> Survey:
    taken = [(one, fault) for one, faults in found for fault in faults if fault.kind == "taken"]
    if taken:
        raise RefusedError("\n".join(f"{one.what}: {fault.says}\n  {fault.remedy}" for one, fault in taken))
    return found


def _record(reader: Reader, place: Place, found: Survey) -> list[Words]:
    """The command that writes down what will have been made by a set-up, if that isn't written there."""
    before = _made(reader, place) or []
    new = [one.key for one, faults in found if one.key and any(fault.kind == "missing" for fault in faults)]
    made = list(dict.fromkeys([*before, *new]))
    if made == before:
        return []
    return [("gh", "variable", "set", RECORD, "--repo", place.repository, "--body", " ".join(made))]


def _made(reader: Reader, place: Place) -> list[str] | None:
    found = github.variables(reader, place.repository).get(RECORD)
    return None if found is None else found.split()


def _perform(reader: Reader, words: Words) -> None:
    say(command(words, reader.target))
    reader.perform(words)
