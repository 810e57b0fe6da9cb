"""What is missing, wrong or too wide is said, with the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.hosting.setup import conditions, installation
from infra.hosting.setup.place import MODELS
from tests.hosting.setup.cloud import PROJECT, REPOSITORY, REPOSITORY_ID, Cloud
from tests.hosting.setup.helpers import BUCKET, EMAIL, faults, make, place, reader


def test_each_thing_that_is_gone_is_missed_and_its_command_brings_it_back(there: Cloud) -> None:
    make(models=True)
    asked = reader()
    known = conditions.known(asked, place(models=True))
    for one in installation.resources(known):
        if not one.remove or one.key == "site":
            continue
        # What hangs on it goes first, as it does when all of it is removed.
        hanging = [other for other in installation.resources(known) if other.key.startswith(f"{one.key}:")]
        inner = (
            [*hanging, one]
            if one.key != "pool"
            else [*(r for r in installation.resources(known) if r.key == "provider"), one]
        )
        for words in (words for other in inner for words in other.remove):
            asked.perform(words)
        found = {other.key: gone for other, gone in installation.survey(asked, known) if gone}
        assert {other.key for other in inner} <= set(found), one.key
        assert found[one.key][0].kind == "missing"
        for other in installation.resources(known):
            for words in (words for fault in other.look(asked) for words in other.commands(fault)):
                asked.perform(words)
        assert faults(models=True) == {}, one.key


def bind(role: str, member: str) -> Callable[[Cloud], None]:
    return lambda found: found.policies[EMAIL].append([role, member])


def rule(name: str, **values: Any) -> Callable[[Cloud], None]:
    return lambda found: found.environments[name].update(values)


def provider(**values: Any) -> Callable[[Cloud], None]:
    return lambda found: found.providers["digitlens"].update(values)


ACT_AS = "roles/iam.workloadIdentityUser"


POOL = "iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/github"


WRONGS: dict[str, tuple[Callable[[Cloud], None], str, str]] = {
    "no condition": (provider(attributeCondition=""), "every repository at GitHub", "update-oidc"),
    "by name": (
        provider(attributeCondition="assertion.repository == 'owner/NAME'"),
        "isn't this repository's",
        "update",
    ),
    "or anybody": (
        provider(attributeCondition=f"assertion.repository_id == '{REPOSITORY_ID}' || true"),
        "isn't this repository's",
        "update-oidc",
    ),
    "GitHub's subject": (provider(attributeMapping={"google.subject": "assertion.sub"}), "July 2026", "update-oidc"),
    "unmapped": (provider(attributeMapping={}), "not mapped", "update-oidc"),
    "another issuer": (provider(oidc={"issuerUri": "https://evil.example"}), "issuer isn't GitHub", "update-oidc"),
    "provider off": (provider(disabled=True), "disabled", "--no-disabled"),
    "pool off": (lambda found: found.pools["github"].update(disabled=True), "disabled", "--no-disabled"),
    "account off": (lambda found: found.accounts[EMAIL].update(disabled=True), "disabled", "enable"),
    "no rule": (rule("production", policy="", branches=[]), "any branch may use it", "PUT"),
    "protected": (rule("production", policy="protected", branches=[]), "protected branches may use it", "PUT"),
    "not main": (rule("training", branches=[]), "jobs of main may not", "POST"),
    "another project": (lambda found: found.variables.update(FIREBASE_PROJECT="other"), "it is other", "variable set"),
    "workflow off": (
        lambda found: found.workflows[0].update(state="disabled_inactivity"),
        "is off (disabled_inactivity)",
        "gh workflow enable",
    ),
    "Actions off": (lambda found: found.actions.update(enabled=False), "Actions are off", "enabled=true"),
    "an API off": (lambda found: found.apis.remove("sts.googleapis.com"), "off: sts", "services enable"),
    "objects' own rules": (
        lambda found: found.buckets[BUCKET].update(uniform_bucket_level_access=False),
        "rules of its own",
        "--uniform-bucket-level-access",
    ),
}


WIDE: dict[str, tuple[Callable[[Cloud], None], str, str]] = {
    "an editor": (
        lambda found: found.policy.append(["roles/editor", f"serviceAccount:{EMAIL}"]),
        "it needs no roles/editor",
        "projects remove-iam-policy-binding",
    ),
    "whole pool": (bind(ACT_AS, f"principalSet://{POOL}/*"), "every job whose token", "remove-iam-policy-binding"),
    "repository": (
        bind(ACT_AS, f"principalSet://{POOL}/attribute.repository/Owner/name"),
        "whatever its environment",
        "remove-iam-policy-binding",
    ),
    "by name": (
        bind(ACT_AS, f"principal://{POOL}/subject/repo:Owner/name:environment:preview"),
        "by its names, which change",
        "remove-iam-policy-binding",
    ),
    "by name with ids": (
        bind(ACT_AS, f"principal://{POOL}/subject/repo:Owner@47/name@{REPOSITORY_ID}:environment:preview"),
        "by its names, which change",
        "remove-iam-policy-binding",
    ),
    "another environment": (
        bind(ACT_AS, f"principal://{POOL}/subject/{REPOSITORY_ID}:staging"),
        f"{REPOSITORY_ID}:staging may act as it",
        "remove-iam-policy-binding",
    ),
    "tokens": (bind("roles/iam.serviceAccountTokenCreator", "user:me@x.example"), "user:me@x.example", "remove-iam"),
    "a key": (lambda found: found.accounts[EMAIL]["keys"].append("ab12"), "can be stolen", "keys delete ab12"),
    "another provider": (
        lambda found: found.providers.update(other={"name": "x/other", "state": "ACTIVE"}),
        "another provider, other",
        "providers delete other",
    ),
    "more branches": (rule("production", branches=["main", "release/*"]), "release/* may use it, too", "DELETE"),
    "everybody reads": (
        lambda found: found.policies[BUCKET].append(["roles/storage.objectViewer", "allUsers"]),
        "everybody has roles/storage.objectViewer",
        "buckets remove-iam-policy-binding",
    ),
    "models deleted": (
        lambda found: found.policies[BUCKET].append(
            ["roles/storage.admin", f"serviceAccount:{MODELS.name}@{PROJECT}.iam.gserviceaccount.com"]
        ),
        "has roles/storage.admin",
        "buckets remove-iam-policy-binding",
    ),
}


@pytest.mark.parametrize("case", WRONGS)
def test_what_is_wrong_is_said_and_mended(there: Cloud, case: str) -> None:
    make(models=True)
    spoil, says, command = WRONGS[case]
    spoil(there)
    [(said, commands)] = faults(models=True).items()
    assert said.startswith(("wrong: ", "missing: "))
    assert says in said
    assert command in commands[0]
    make(models=True)
    assert faults(models=True) == {}


@pytest.mark.parametrize("case", WIDE)
def test_what_is_too_wide_is_said_with_its_command_and_left_alone(there: Cloud, case: str) -> None:
    make(models=True)
    spoil, says, command = WIDE[case]
    spoil(there)
    there.ran.clear()
    [left] = make(models=True)
    assert says in left
    assert there.ran == []
    [(said, commands)] = faults(models=True).items()
    assert said.startswith("too wide: ")
    assert command in commands[0]
    asked = reader()
    for _, found in installation.survey(asked, conditions.known(asked, place(models=True))):
        for words in (words for fault in found for words in fault.mend):
            asked.perform(words)
    assert faults(models=True) == {}


def test_a_stricter_condition_is_left_as_it_is(there: Cloud) -> None:
    make()
    condition = f"assertion.repository_id == '{REPOSITORY_ID}' && assertion.ref == 'refs/heads/main'"
    there.providers["digitlens"]["attributeCondition"] = condition
    assert faults() == {}


def test_reviewers_and_waiting_of_an_environment_stay_when_its_branches_are_held(there: Cloud) -> None:
    kept = {"wait_timer": 30, "reviewers[][type]": "User", "reviewers[][id]": 7}
    there.environments["production"] = {"branches": [], "rules": kept}
    make()
    assert there.environments["production"] == {"branches": ["main"], "policy": "custom", "rules": kept}


def test_workflows_of_a_fork_are_for_a_person_to_enable(there: Cloud) -> None:
    there.repository["fork"] = True
    there.workflows = [{"id": 1, "name": "deploy", "state": "disabled_fork"}]
    [left] = make()
    assert f"open https://github.com/{REPOSITORY}/actions and enable them" in left
    [said] = faults()
    assert said.startswith("yours: Actions")
