"""Versions of models: kept, fetched, listed."""

from __future__ import annotations

from invoke import Context, task

from infra.tasks import words

VERSION = "name of the version: letters, digits, dots, dashes and underscores"


@task(help={"version": VERSION, "run": words.RUN})
def push(_: Context, version: str, run: str | None = None) -> None:
    """Keep a run's checkpoint, SavedModel, web model, evaluation and report as an immutable version."""
    from infra.models import registry, stores
    from infra.runs import catalogue
    from infra.settings import settings

    location = settings().registry.location
    made = registry.push(stores.find(location), version, catalogue.find(run or catalogue.SYNTHETIC))
    print(f"{made.name}: {len(made.files)} files, {made.bytes / 1e6:.1f} MB in {location}")


@task(help={"version": VERSION, "run": "folder below runs/ to make (default: called like the version)"})
def pull(_: Context, version: str, run: str | None = None) -> None:
    """Fetch a version into a run of its own; every file is compared with its hash."""
    from infra.models import registry, stores
    from infra.runs import catalogue
    from infra.settings import settings

    folder = catalogue.find(run or version).folder
    registry.pull(stores.find(settings().registry.location), version, folder)
    print(folder)


@task(name="list", help={"json": "print nothing but the versions, as JSON"})
def list_(_: Context, json: bool = False) -> None:
    """Show the versions there are, the newest first."""
    from dataclasses import asdict
    from json import dumps

    from infra.models import registry, stores
    from infra.progress import say
    from infra.settings import settings

    found = registry.versions(stores.find(settings().registry.location))
    if json:
        print(dumps([asdict(version) for version in found], indent=2))
        return
    if not found:
        say("no version is kept there yet: ./inv model.push")
    for version in found:
        print(f"{version.name:<24}{version.made}  run {version.run}  {version.bytes / 1e6:.1f} MB")
