"""What gcloud and gh say when they are refused, and what helps."""

from __future__ import annotations

import re

from infra.hosting import refusals

ROLES = (
    "roles/serviceusage.serviceUsageAdmin, roles/firebase.admin, roles/iam.serviceAccountAdmin, "
    "roles/iam.workloadIdentityPoolAdmin, roles/resourcemanager.projectIamAdmin and, for --models, roles/storage.admin"
)
REMEDIES = {
    r"constraints/|[Oo]rganization [Pp]olicy": (
        "a policy of your organisation forbids it: whoever looks after it (roles/orgpolicy.policyAdmin) can except "
        "this project from the constraint that is named"
    ),
    r"[Bb]illing account|BILLING_DISABLED|requires billing|billing to be enabled": (
        "a bucket needs a billing account: `gcloud billing accounts list`, then `gcloud billing projects link "
        "{project} --billing-account ID`; or leave --models out: Hosting needs none"
    ),
    r"billing plan|Upgrade to GitHub|protected? rule": (
        "the plan of {repository} has no environments with rules: make it public, or take Pro or Team. Without rules "
        "every branch could go live, so the variables weren't set"
    ),
    r"not empty|BucketNotEmpty": (
        "model versions are in it: `gcloud storage rm --recursive gs://{project}-models` deletes them for good"
    ),
    r"reserved by another project|Invalid name": (
        "names of sites are the whole world's, and this one is taken: another `site` in digitlens.toml, [hosting]"
    ),
    r"HTTPError 409": "names of buckets are the whole world's, and somebody else has this one: another project",
    r"scope|Resource not accessible|admin rights": (
        "your login at GitHub lacks a right: `gh auth refresh --scopes repo,workflow`, by somebody who administers "
        "{repository}"
    ),
    r"HTTP 40[34]": "GitHub doesn't let you: are you (`gh auth status`) an administrator of {repository}?",
    r"PERMISSION_DENIED|does not have permission|[Pp]ermission \S+ denied|HTTPError 403|forbidden": (
        "your account (`gcloud auth list`) lacks a role in {project}: an owner runs this, or gives you " + ROLES
    ),
}
"""By what is said; the first that fits."""


def remedy(text: str, project: str, repository: str) -> str:
    """What helps against the refusal ``text``."""
    return (_fitting(text) or f"see {refusals.GUIDE}").format(project=project, repository=repository)


def is_known(text: str) -> bool:
    """Whether something helps against the refusal ``text``."""
    return bool(_fitting(text))


def _fitting(text: str) -> str:
    known = [*((sign.pattern, sign.flags, words) for sign, words in refusals.FORBIDDEN)]
    known += [(sign, 0, words) for sign, words in REMEDIES.items()]
    return next((words for sign, flags, words in known if re.search(sign, text, flags)), "")
