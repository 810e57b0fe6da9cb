"""What has to hold before anything is made, said before it bites."""

from __future__ import annotations

import dataclasses
from typing import Any

from infra.errors import RefusedError, ServiceError, UsageError
from infra.hosting.setup import github
from infra.hosting.setup.place import Place
from infra.hosting.setup.programs import Reader

FREE = {"free", ""}
"""Plans of GitHub on which a private repository has no environments with rules; of Enterprise nothing is said."""


def known(reader: Reader, place: Place) -> Place:
    """``place`` with its numbers and with names as they are written, once a set-up can succeed there.

    Raises:
        UsageError: project or repository can't be used.
        RefusedError: something has to be done first, by a person.
    """
    project = _project(reader, place)
    repository = _repository(reader, place)
    found = dataclasses.replace(
        place,
        number=str(project["projectNumber"]),
        repository=repository["full_name"],
        repository_id=str(repository["id"]),
    )
    has_models = "MODEL_ACCOUNT" in github.variables(reader, found.repository)
    found = dataclasses.replace(found, models=place.models or has_models)
    if found.models:
        _billing(reader, found)
    return found


def _project(reader: Reader, place: Place) -> dict[str, Any]:
    try:
        found = reader.ask("gcloud", "projects", "describe", place.project)
    except ServiceError as error:
        # Google doesn't say which: names are nobody's business.
        if "PERMISSION_DENIED" not in str(error) and "does not have permission" not in str(error):
            raise
        found = None
    if not found:
        raise UsageError(
            f"--project: there is no project {place.project}, or your account (`gcloud auth list`) may not see it: "
            f"`gcloud projects create {place.project}` makes one"
        )
    if found.get("lifecycleState", "ACTIVE") != "ACTIVE":
        raise UsageError(f"--project: {place.project} is being deleted: `gcloud projects undelete {place.project}`")
    return dict(found)


def _repository(reader: Reader, place: Place) -> dict[str, Any]:
    found = reader.ask("gh", "api", f"repos/{place.repository}")
    if not found:
        raise UsageError(
            f"--repository: there is no repository {place.repository}, or your account (`gh auth status`) may not "
            "see it"
        )
    name = found["full_name"]
    if found.get("archived"):
        raise UsageError(f"--repository: {name} is archived: nothing of it can be changed")
    if not found.get("permissions", {}).get("admin"):
        raise RefusedError(f"environments and variables of {name} are made by its administrators; you aren't one")
    if found.get("private") and _plan(reader, found["owner"]) in FREE:
        raise RefusedError(
            f"{name} is private, and a free plan has no environments with rules for it: every branch could go live.\n"
            f"  Make it public (`gh repo edit {name} --visibility public --accept-visibility-change-consequences`), or "
            "take Pro or Team"
        )
    return dict(found)


def _plan(reader: Reader, owner: dict[str, Any]) -> str | None:
    """The plan of the owner of a repository, None where GitHub doesn't say: then its environments will show it."""
    if owner["type"] == "Organization":
        found = reader.ask("gh", "api", f"orgs/{owner['login']}")
    else:
        found = reader.ask("gh", "api", "user")
        found = found if found and found.get("login") == owner["login"] else None
    plan = (found or {}).get("plan")
    return str(plan["name"]) if plan else None


def _billing(reader: Reader, place: Place) -> None:
    try:
        found = reader.ask("gcloud", "billing", "projects", "describe", place.project)
    except ServiceError:
        # Who may make a bucket needn't be allowed to know who pays; the bucket will show it.
        return
    if found and not found.get("billingEnabled"):
        raise RefusedError(
            f"{place.project} has no billing account, which a bucket needs: `gcloud billing accounts list`, then\n"
            f"  `gcloud billing projects link {place.project} --billing-account ID`; or leave --models out: Hosting "
            "needs none"
        )
