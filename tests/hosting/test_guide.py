"""Who may act as which account, by the commands of docs/deploying.md: evaluated with GitHub's claims."""

from __future__ import annotations

import re

import pytest

from tests.hosting.conftest import ROOT
from tests.hosting.jobs import environment_of, read

GUIDE = (ROOT / "docs" / "deploying.md").read_text("utf-8")
ID = "812345678"
CLAIM = re.compile(r"assertion\.(\w+)")


def claims(sub: str, environment: str = "", repository_id: str = ID) -> dict[str, str]:
    """What GitHub's token says; a job without an environment lacks that claim."""
    found = {"sub": sub, "repository_id": repository_id, "repository": "Owner/Name", "ref": "refs/heads/main"}
    return {**found, "environment": environment} if environment else found


def subject(token: dict[str, str]) -> str | None:
    """What the provider of the guide makes of ``token``; None where it refuses it."""
    mapping = re.search(r"--attribute-mapping 'google\.subject=(.+)' ", GUIDE)
    condition = re.search(r'--attribute-condition "assertion\.repository_id == \'\$REPOSITORY_ID\'"', GUIDE)
    assert mapping
    assert condition
    if token["repository_id"] != ID:
        return None
    words = []
    for part in mapping[1].split(" + "):
        claim = CLAIM.fullmatch(part)
        if claim and claim[1] not in token:
            return None  # an expression over a claim that isn't there is an error, and the token refused
        words.append(token[claim[1]] if claim else part.strip('"'))
    found = "".join(words)
    return found if len(found.encode()) <= 127 else None


def bound(environments: tuple[str, ...]) -> set[str]:
    """The subjects that the guide lets act as an account."""
    members = re.findall(r'--member "principal://\S+/workloadIdentityPools/github/subject/([^"]+)"', GUIDE)
    found = {member.replace("$REPOSITORY_ID", ID) for member in members}
    assert found == {f"{ID}:{environment}" for environment in environments}
    return found


LONG = "o" * 39 + "/" + "n" * 100


@pytest.mark.parametrize("environment", ["preview", "production", "training"])
@pytest.mark.parametrize(
    "form",
    [
        "repo:owner/name:environment:{}",
        "repo:Owner/Name:environment:{}",
        "repo:owner@4712/name@812345678:environment:{}",
        f"repo:{LONG}:environment:{{}}",
        "repository_owner_id:4712:environment:{}",
    ],
)
def test_every_form_of_githubs_subject_is_taken(form: str, environment: str) -> None:
    assert subject(claims(form.format(environment), environment)) in bound(("preview", "production", "training"))


@pytest.mark.parametrize(
    "token",
    [
        claims("repo:owner/name:environment:preview", "preview", repository_id="4713"),
        claims("repo:owner/name:ref:refs/heads/main"),
        claims("repo:owner/name:pull_request"),
        claims("repo:owner/name:environment:staging", "staging"),
        claims("repo:owner/name:environment:x", f"x:{ID}:production"),
    ],
)
def test_nobody_else_is(token: dict[str, str]) -> None:
    assert subject(token) not in bound(("preview", "production", "training"))


def test_environments_of_the_workflows_are_those_that_are_bound() -> None:
    files = (ROOT / ".github" / "workflows").glob("*.yml")
    named = {environment_of(job) for file in files for job in read(file)["jobs"].values()} - {""}
    assert {f"{ID}:{name}" for name in named} == bound(("preview", "production", "training"))
