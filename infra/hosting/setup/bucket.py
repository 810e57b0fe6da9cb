"""Where model versions are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.hosting.setup.place import BUCKET_ROLES, MODELS, Place, Words
from infra.hosting.setup.policies import members, whom
from infra.hosting.setup.programs import Reader
from infra.hosting.setup.resource import MISSING, Fault, Resource


def resources(place: Place) -> Iterator[Resource]:
    """The bucket, and what the account for models may do in it."""
    buckets = ("gcloud", "storage", "buckets")
    name = place.bucket.removeprefix("gs://")

    def policy(reader: Reader) -> Any:
        return reader.ask(*buckets, "get-iam-policy", place.bucket) if found(reader) else None

    def found(reader: Reader) -> dict[str, Any] | None:
        there: list[dict[str, Any]] = reader.ask(*buckets, "list", "--project", place.project) or []
        return next((bucket for bucket in there if bucket["name"] == name), None)

    def look(reader: Reader) -> tuple[Fault, ...]:
        bucket = found(reader)
        if not bucket:
            return MISSING
        faults = []
        if not bucket.get("uniform_bucket_level_access"):
            update = (*buckets, "update", place.bucket, "--uniform-bucket-level-access")
            faults.append(Fault("wrong", "each object has rules of its own", (update,)))
        for role, member in members(policy(reader)):
            if member in {"allUsers", "allAuthenticatedUsers"} or (
                member == place.member(MODELS) and role not in BUCKET_ROLES
            ):
                faults.append(Fault("too wide", f"{whom(member)} has {role}", (_role("remove", role, member),)))
        return tuple(faults)

    def _role(verb: str, role: str, member: str) -> Words:
        return (*buckets, f"{verb}-iam-policy-binding", place.bucket, "--member", member, "--role", role)

    safe = ("--uniform-bucket-level-access", "--public-access-prevention")
    yield Resource(
        "bucket",
        f"bucket {place.bucket}",
        look,
        ((*buckets, "create", place.bucket, "--project", place.project, *safe),),
        ((*buckets, "delete", place.bucket, "--quiet"),),
    )
    for role in BUCKET_ROLES:

        def has_role(reader: Reader, role: str = role) -> tuple[Fault, ...]:
            return () if (role, place.member(MODELS)) in members(policy(reader)) else MISSING

        yield Resource(
            f"bucket:{role.rpartition('/')[2]}",
            f"{role} of {MODELS.name}",
            has_role,
            (_role("add", role, place.member(MODELS)),),
            (_role("remove", role, place.member(MODELS)),),
        )
