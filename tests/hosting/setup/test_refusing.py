"""What would bite is said before it bites, and refusals have their remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import DigitlensError, MissingPartError, RefusedError, ServiceError, UsageError
from infra.hosting.setup import installation, remedies
from infra.hosting.setup.place import RECORD, Place
from tests.hosting.google import SITE, Google
from tests.hosting.setup.cloud import PROJECT, REPOSITORY, REPOSITORY_ID, Cloud
from tests.hosting.setup.helpers import EMAIL, faults, make, reader


def repository(**values: Any) -> Callable[[Cloud], None]:
    return lambda found: found.repository.update(values)


def refuses(sign: str, text: str) -> Callable[[Cloud], None]:
    return lambda found: found.faults.append((sign, text, 99))


def private(plan: str | None, kind: str = "User") -> Callable[[Cloud], None]:
    def spoil(found: Cloud) -> None:
        found.repository |= {"private": True, "owner": {"login": "Owner", "type": kind}}
        found.plan = plan

    return spoil


def taken(found: Cloud) -> None:
    make()
    found.providers["digitlens"]["attributeCondition"] = "assertion.repository_id == '4711'"
    found.ran.clear()


BEFORE: dict[str, tuple[Callable[[Cloud], None], type[DigitlensError], str]] = {
    "no billing": (lambda found: setattr(found, "is_billed", False), RefusedError, "gcloud billing projects link"),
    "no such project": (
        refuses(
            "projects describe", "ERROR: (gcloud.projects.describe) [me] does not have permission (or it may not exist)"
        ),
        UsageError,
        "gcloud projects create test-project",
    ),
    "logged out of Google": (
        refuses("gcloud", "ERROR: You do not currently have an active account selected."),
        MissingPartError,
        "gcloud auth login --update-adc",
    ),
    "logged out of GitHub": (
        refuses("gh ", "To get started with GitHub CLI, please run:  gh auth login"),
        MissingPartError,
        "gh auth login",
    ),
    "a bad token": (refuses("gh api", "gh: Bad credentials (HTTP 401)"), MissingPartError, "gh auth login"),
    "no role": (
        refuses("get-iam-policy", "ERROR: PERMISSION_DENIED: The caller does not have permission"),
        ServiceError,
        "an owner runs this",
    ),
    "no quota project": (
        refuses("services list", "ERROR: PERMISSION_DENIED: this API requires a quota project"),
        ServiceError,
        "set-quota-project test-project",
    ),
    "no such repository": (refuses("gh api repos", "gh: Not Found (HTTP 404)"), UsageError, "there is no repository"),
    "not an administrator": (repository(permissions={"admin": False}), RefusedError, "administrators"),
    "archived": (repository(archived=True), UsageError, "archived"),
    "private and free": (private("free"), RefusedError, "--visibility public"),
    "private in a free organisation": (private("free", "Organization"), RefusedError, "every branch could go live"),
    "somebody else's provider": (taken, RefusedError, "another repository, number 4711"),
    "a certificate": (refuses("gcloud", "SSL: CERTIFICATE_VERIFY_FAILED"), ServiceError, "NODE_EXTRA_CA_CERTS"),
}


@pytest.mark.parametrize("case", BEFORE)
def test_what_would_bite_is_said_before_anything_is_made(there: Cloud, case: str) -> None:
    spoil, kind, says = BEFORE[case]
    spoil(there)
    with pytest.raises(kind, match=says):
        make(models=True)
    assert there.ran == []


@pytest.mark.parametrize("plan", ["pro", "team", None])
def test_a_private_repository_on_a_plan_with_rules_is_set_up(there: Cloud, plan: str | None) -> None:
    private(plan)(there)
    assert make() == []


REFUSED = {
    "service-accounts create": ("ERROR: constraints/iam.disableServiceAccountCreation", "policy of your organisation"),
    "workload-identity-pools create": (
        "ERROR: PERMISSION_DENIED: Permission 'x' denied",
        "roles/iam.workloadIdentityPoolAdmin",
    ),
    "buckets create": (
        "ERROR: HTTPError 409: The requested bucket name is not available.",
        "somebody else has this one",
    ),
    "environments/production": ("gh: Please ensure the billing plan supports it (HTTP 422)", "take Pro or Team"),
    "variable set DEPLOY_ACCOUNT": ("HTTP 403: Resource not accessible by personal access token", "gh auth refresh"),
}


@pytest.mark.parametrize("sign", REFUSED)
def test_a_refusal_has_its_remedy_and_the_command(there: Cloud, sign: str) -> None:
    text, remedy = REFUSED[sign]
    there.faults.append((sign, text, 99))
    with pytest.raises(ServiceError, match=f"(?s){remedy}.*command: g"):
        make(models=True)
    assert "FIREBASE_PROJECT" not in there.variables


def test_a_plan_of_which_nothing_is_said_shows_in_the_environments(there: Cloud) -> None:
    """An enterprise's: the rule that is refused, or silently left out, leaves the variables unset."""
    there.repository |= {"private": True, "owner": {"login": "Somebody", "type": "User"}}
    there.plan = "free"
    there.faults.append(("gh api user", "gh: Forbidden (HTTP 403)", 0))
    place_ = Place(PROJECT, SITE, REPOSITORY, number="123", repository_id=REPOSITORY_ID)
    with pytest.raises(ServiceError, match="take Pro or Team"):
        installation.make(reader(), place_)
    assert set(there.variables) == {RECORD}


def test_what_was_made_a_moment_ago_may_take_a_while_to_be_known(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.hosting.patience.FIRST_PAUSE", 0.01)
    there.faults += [
        ("service-accounts add-iam-policy-binding", f"ERROR: Service account {EMAIL} does not exist.", 2),
        ("workload-identity-pools create", "ERROR: SERVICE_DISABLED: iam API has not been used in project 123", 2),
        ("gh variable set", "HTTP 502: Bad Gateway", 1),
        ("projects get-iam-policy", "ERROR: UNAVAILABLE: try again", 1),
    ]
    assert make() == []
    assert faults() == {}


@pytest.mark.parametrize("message", ["The caller does not have permission", "Firebase Tos Not Accepted"])
def test_what_firebase_refuses_is_explained_to_whoever_sets_up(there: Cloud, standin: Google, message: str) -> None:
    standin.fail("GET /v1beta1/projects/test-project$", 403, message=message, times=99)
    remedy = "an owner runs this" if "permission" in message else "console.firebase.google.com"
    with pytest.raises(ServiceError, match=f"403 from Google: {message}\n.*{remedy}"):
        make()
    assert there.ran == []


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        ("Invalid name: `x` is already reserved by another project", "another `site`"),
        ("the Firebase client failed: 403, The caller does not have permission", "an owner runs this"),
        (
            "ERROR: FAILED_PRECONDITION: One or more users named in the policy do not belong (constraints/iam.x)",
            "policy",
        ),
        (
            "ERROR: (gcloud.storage.buckets.create) HTTPError 403: The billing account is disabled",
            "billing projects link",
        ),
        ("HTTP 403: Must have admin rights to Repository.", "by somebody who administers o/n"),
        ("words of nobody", "see docs/deploying.md"),
    ],
)
def test_a_refusal_is_known_by_its_words(said: str, helps: str) -> None:
    assert helps in remedies.remedy(said, "p", "o/n")
    assert remedies.is_known(said) == (said != "words of nobody")
