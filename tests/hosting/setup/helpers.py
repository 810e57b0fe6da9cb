"""A set-up of the place that the stand-ins know, and what is there then."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from infra.hosting.setup import conditions, installation, programs
from infra.hosting.setup.place import DEPLOY, Place
from tests.hosting.google import SITE
from tests.hosting.setup.cloud import PROJECT, REPOSITORY, Cloud

EMAIL = f"{DEPLOY.name}@{PROJECT}.iam.gserviceaccount.com"
BUCKET = f"gs://{PROJECT}-models"


def place(*, models: bool = False) -> Place:
    return Place(PROJECT, SITE, REPOSITORY.lower(), models)


def reader() -> programs.Reader:
    return programs.Reader(place().target, REPOSITORY)


def make(*, models: bool = False) -> list[str]:
    asked = reader()
    return installation.make(asked, conditions.known(asked, place(models=models)))


def faults(*, models: bool = False) -> dict[str, tuple[str, ...]]:
    """What `deploy.doctor` finds: by thing, kind and words, then the commands that mend it."""
    asked = reader()
    known = conditions.known(asked, place(models=models))
    return {
        f"{fault.kind}: {one.what}: {fault.says}": tuple(" ".join(words) for words in one.commands(fault))
        for one, found in installation.survey(asked, known)
        for fault in found
    }


def state(found: Cloud) -> dict[str, Any]:
    """All that is there, without what was said."""
    return {name: value for name, value in asdict(found).items() if name not in {"ran", "faults", "violations"}}


def remove() -> list[str]:
    """Take away what was made; returns what stays."""
    asked = reader()
    return installation.remove(asked, conditions.known(asked, place()), dry_run=False)
