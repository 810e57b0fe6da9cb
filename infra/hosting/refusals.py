"""What a status of Google's services means for whoever deploys, and what to do about it."""

from __future__ import annotations

from infra.errors import ServiceError, TransientError
from infra.hosting.target import Target

GUIDE = "docs/deploying.md"
QUOTA = "./inv deploy.prune --merged --older-than 14d"


def error_for(status: int, message: str, target: Target, after: float = 0.0) -> ServiceError:
    """The error for an answer with ``status``, whose own words are ``message``."""
    said = f"{status} from Google: {message}" if message else f"{status} from Google"
    if status == 429:
        return TransientError(f"{said}; if channels ran out (50 per site), {QUOTA} makes room", after)
    if status >= 500 or status == 408:
        return TransientError(said, after)
    remedies = {
        400: "this isn't a matter of rights: report it with the version of firebase-tools in "
        "infra/hosting/client/package.json",
        401: "the credential isn't accepted (any more): `gcloud auth application-default login`, or "
        f"google-github-actions/auth again in a workflow; see {GUIDE}",
        403: "the account lacks a role: `gcloud projects add-iam-policy-binding "
        f"{target.project} --member=serviceAccount:ACCOUNT --role=roles/firebasehosting.admin` "
        f"(and roles/serviceusage.serviceUsageConsumer); see {GUIDE}",
        404: f"there is no site {target.site} in project {target.project}, or no such channel or version: "
        f"check [hosting] in digitlens.toml; `./inv deploy.list` shows what there is; {GUIDE} makes a project",
        409: "somebody else changes the same thing: `./inv deploy.list` shows what came of it, then run the "
        "same command again",
    }
    return ServiceError(f"{said}\n  {remedies.get(status, f'see {GUIDE}')}")
