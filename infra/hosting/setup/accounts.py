"""Service accounts: what they may do, and which jobs may act as them."""

from __future__ import annotations

from collections.abc import Iterator

from infra.hosting.setup.place import Account, Place, Words
from infra.hosting.setup.policies import members, roles, whom
from infra.hosting.setup.programs import Reader
from infra.hosting.setup.resource import MISSING, Fault, Resource

ACT_AS = "roles/iam.workloadIdentityUser"
ACTING = (ACT_AS, "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser")
"""Roles on an account by which somebody may act as it."""


def resources(place: Place, account: Account) -> Iterator[Resource]:
    """An account, its roles in the project, and the jobs that may act as it."""
    email, project = place.email(account), ("--project", place.project)
    accounts = ("gcloud", "iam", "service-accounts")

    def is_there(reader: Reader) -> bool:
        return any(found["email"] == email for found in reader.ask(*accounts, "list", *project) or ())

    def look(reader: Reader) -> tuple[Fault, ...]:
        found = next((one for one in reader.ask(*accounts, "list", *project) or () if one["email"] == email), None)
        if not found:
            return MISSING
        faults = (
            [Fault("wrong", "disabled", ((*accounts, "enable", email, *project),))] if found.get("disabled") else []
        )
        for key in (
            reader.ask(*accounts, "keys", "list", "--iam-account", email, "--managed-by", "user", *project) or ()
        ):
            name = key["name"].rpartition("/")[2]
            delete = (*accounts, "keys", "delete", name, "--iam-account", email, *project, "--quiet")
            faults.append(Fault("too wide", f"it has a key, which can be stolen and lasts: {name}", (delete,)))
        for role in roles(reader.ask("gcloud", "projects", "get-iam-policy", place.project), place.member(account)):
            if role not in account.roles:
                faults.append(Fault("too wide", f"it needs no {role}", (_role("remove", role),)))
        for role, member in members(reader.ask(*accounts, "get-iam-policy", email, *project)):
            if role in ACTING and (role != ACT_AS or member not in subjects.values()):
                faults.append(Fault("too wide", f"{whom(member)} may act as it", (_acting("remove", member, role),)))
        return tuple(faults)

    def _role(verb: str, role: str) -> Words:
        words = ("gcloud", "projects", f"{verb}-iam-policy-binding", place.project)
        return (*words, "--member", place.member(account), "--role", role, "--condition", "None")

    def _acting(verb: str, member: str, role: str = ACT_AS) -> Words:
        return (*accounts, f"{verb}-iam-policy-binding", email, *project, "--role", role, "--member", member)

    subjects = {environment: place.subject(environment) for environment in account.environments}
    make = (*accounts, "create", account.name, *project, "--description", account.why)
    yield Resource(
        account.name, f"account {account.name}", look, (make,), ((*accounts, "delete", email, *project, "--quiet"),)
    )
    for role in account.roles:

        def has_role(reader: Reader, role: str = role) -> tuple[Fault, ...]:
            policy = reader.ask("gcloud", "projects", "get-iam-policy", place.project)
            return () if role in roles(policy, place.member(account)) else MISSING

        key = f"{account.name}:{role.rpartition('/')[2]}"
        yield Resource(key, f"{role} of {account.name}", has_role, (_role("add", role),), (_role("remove", role),))
    for environment, member in subjects.items():

        def may_act(reader: Reader, member: str = member) -> tuple[Fault, ...]:
            policy = reader.ask(*accounts, "get-iam-policy", email, *project) if is_there(reader) else None
            return () if (ACT_AS, member) in members(policy) else MISSING

        yield Resource(
            f"{account.name}:{environment}",
            f"jobs of {environment} as {account.name}",
            may_act,
            (_acting("add", member),),
            (_acting("remove", member),),
        )
