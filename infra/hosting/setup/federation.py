"""Who may be somebody at Google without a key: a pool, and a provider that takes the tokens of one repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.hosting.setup.place import ISSUER, MAPPING, POOL, PROVIDER, Place
from infra.hosting.setup.programs import Reader
from infra.hosting.setup.resource import MISSING, Fault, Resource

DELETED = "deleted less than 30 days ago: its name is taken, and it can come back"
OTHER = re.compile(r"repository_id\s*==\s*['\"](\d+)['\"]|repository\s*==\s*['\"]([^'\"]+)['\"]")


def pool(place: Place) -> Resource:
    """The pool, which holds providers."""
    pools = ("gcloud", "iam", "workload-identity-pools")
    where = ("--project", place.project, "--location", "global")

    def look(reader: Reader) -> tuple[Fault, ...]:
        found = _named(reader.ask(*pools, "list", *where, "--show-deleted"), POOL)
        if not found:
            return MISSING
        if found.get("state") == "DELETED":
            return (Fault("missing", DELETED, ((*pools, "undelete", POOL, *where),)),)
        faults = []
        if found.get("disabled"):
            faults.append(Fault("wrong", "disabled", ((*pools, "update", POOL, "--no-disabled", *where),)))
        for other in _providers(reader, place):
            name = other["name"].rpartition("/")[2]
            if name != PROVIDER and other.get("state") != "DELETED" and not other.get("disabled"):
                says = f"another provider, {name}, can say that its tokens are this repository's jobs"
                delete = (*pools, "providers", "delete", name, *where, "--workload-identity-pool", POOL, "--quiet")
                faults.append(Fault("too wide", says, (delete,)))
        return tuple(faults)

    return Resource(
        "pool",
        f"workload identity pool {POOL}",
        look,
        ((*pools, "create", POOL, *where),),
        ((*pools, "delete", POOL, *where, "--quiet"),),
    )


def provider(place: Place) -> Resource:
    """The provider: whose tokens are taken, and who they make somebody."""
    providers = ("gcloud", "iam", "workload-identity-pools", "providers")
    where = ("--project", place.project, "--location", "global", "--workload-identity-pool", POOL)
    rules = ("--issuer-uri", ISSUER, "--attribute-mapping", MAPPING, "--attribute-condition", place.condition)
    update = (*providers, "update-oidc", PROVIDER, *where, *rules, "--no-disabled")

    def look(reader: Reader) -> tuple[Fault, ...]:
        found = _named(_providers(reader, place), PROVIDER)
        if not found:
            return MISSING
        if found.get("state") == "DELETED":
            return (Fault("missing", DELETED, ((*providers, "undelete", PROVIDER, *where), update)),)
        if other := _somebody(found.get("attributeCondition", ""), place):
            remedy = f"a project serves one repository: another project, or `./inv deploy.setup --remove` for {other}"
            return (Fault("taken", f"it accepts the tokens of another repository, {other}", remedy=remedy),)
        return tuple(Fault("wrong", says, (update,)) for says in _wrongs(found, place))

    return Resource(
        "provider",
        f"provider {PROVIDER}",
        look,
        ((*providers, "create-oidc", PROVIDER, *where, *rules),),
        ((*providers, "delete", PROVIDER, *where, "--quiet"),),
    )


def _wrongs(provider: dict[str, Any], place: Place) -> Iterator[str]:
    """What isn't as it should be with a provider."""
    if provider.get("disabled"):
        yield "disabled"
    if provider.get("oidc", {}).get("issuerUri", "").rstrip("/") != ISSUER:
        yield f"its issuer isn't GitHub: {provider.get('oidc', {}).get('issuerUri')}"
    subject = provider.get("attributeMapping", {}).get("google.subject", "")
    if subject != MAPPING.partition("=")[2]:
        by_name = ": GitHub's own subject has names in it, another form since July 2026, and may be too long"
        yield f"its subject is {subject or 'not mapped'}{by_name if subject == 'assertion.sub' else ''}"
    condition = provider.get("attributeCondition", "")
    if not condition:
        yield "no condition: it accepts the tokens of every repository at GitHub"
    elif place.condition not in (part.strip() for part in condition.split("&&")) or "||" in condition:
        yield f"its condition isn't this repository's number: {condition}"


def _somebody(condition: str, place: Place) -> str:
    """The other repository that a condition names, empty for none."""
    found = OTHER.search(condition)
    if not found:
        return ""
    number, name = found.groups()
    ours = number == place.repository_id if number else name.lower() == place.repository.lower()
    return "" if ours else (f"number {number}" if number else name)


def _providers(reader: Reader, place: Place) -> list[dict[str, Any]]:
    where = ("--project", place.project, "--location", "global")
    pools = reader.ask("gcloud", "iam", "workload-identity-pools", "list", *where, "--show-deleted")
    if not _named(pools, POOL):
        return []
    words = ("gcloud", "iam", "workload-identity-pools", "providers", "list", *where)
    found: list[dict[str, Any]] | None = reader.ask(*words, "--workload-identity-pool", POOL, "--show-deleted")
    return found or []


def _named(found: list[dict[str, Any]] | None, name: str) -> dict[str, Any] | None:
    return next((one for one in found or () if one["name"].rpartition("/")[2] == name), None)
