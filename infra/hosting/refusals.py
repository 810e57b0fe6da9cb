"""What a status of Google's services means for whoever deploys, and what to do about it."""

from __future__ import annotations

import re

from infra.errors import ServiceError, TransientError
from infra.hosting.target import Target

GUIDE = "docs/deploying.md"
QUOTA = "./inv deploy.prune --merged --older-than 14d"

CHANNELS = re.compile(r"channel\w*\W.{0,60}(quota|limit)|(quota|limit).{0,60}channel", re.IGNORECASE | re.DOTALL)
CERTIFICATE = re.compile(
    r"unable to verify the first certificate|self[- ]signed certificate|unable to get (local )?issuer certificate"
    r"|certificate (has expired|is not yet valid)|CERT_HAS_EXPIRED|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
    re.IGNORECASE,
)
OFF = re.compile(r"SERVICE_DISABLED|has not been used in project|it is disabled", re.IGNORECASE)
FORBIDDEN = (
    (
        re.compile("quota project", re.IGNORECASE),
        "your own login needs a project to count on: `gcloud auth application-default set-quota-project {project}`",
    ),
    (
        OFF,
        "the API is off: `./inv deploy.setup` or `gcloud services enable`, and a minute's patience",
    ),
    (
        re.compile(r"\bTos\b|terms of service", re.IGNORECASE),
        "nobody accepted Firebase's terms with this account: open https://console.firebase.google.com once and do",
    ),
)
"""Refusals that aren't about roles, and what helps."""


def untrusted(said: str) -> ServiceError:
    """The error for a certificate that isn't trusted; ``said`` has the words of whoever looked at it."""
    return ServiceError(
        f"a certificate isn't trusted: {said[:300]}\n"
        "  behind a company's proxy its authority's file must be known to both worlds: REQUESTS_CA_BUNDLE and "
        "SSL_CERT_FILE (Python), NODE_EXTRA_CA_CERTS (the Firebase client);\n"
        "  an expired or future one: is this machine's clock right (`timedatectl`)?"
    )


def silent_tokens(error: Exception) -> ServiceError:
    """The error where Google's token service can't be reached."""
    said = str(error)
    return untrusted(said) if CERTIFICATE.search(said) else TransientError("Google's token service doesn't answer")


def error_for(status: int, message: str, target: Target, after: float = 0.0) -> ServiceError:
    """The error for an answer with ``status``, whose own words are ``message``."""
    said = f"{status} from Google: {message}" if message else f"{status} from Google"
    if status == 429 and CHANNELS.search(message):
        return ServiceError(f"{said}\n  a site has fifty channels at most: {QUOTA} makes room")
    if status == 429:
        return TransientError(said, after)
    if status >= 500 or status == 408:
        return TransientError(said, after)
    if status == 403 and (known := next((words for sign, words in FORBIDDEN if sign.search(message)), None)):
        return ServiceError(f"{said}\n  {known.format(project=target.project)}")
    remedies = {
        400: "this isn't a matter of rights: report it with the version of firebase-tools in "
        "infra/hosting/client/package.json",
        401: "the credential isn't accepted (any more): `gcloud auth application-default login`, or "
        f"google-github-actions/auth again in a workflow; see {GUIDE}",
        403: "the account lacks a role: `gcloud projects add-iam-policy-binding "
        f"{target.project} --member=serviceAccount:ACCOUNT --role=roles/firebasehosting.admin` "
        "(and roles/serviceusage.serviceUsageConsumer); `./inv deploy.doctor` looks at all of it",
        404: f"there is no site {target.site} in project {target.project}, or no such channel or version: "
        f"check [hosting] in digitlens.toml; `./inv deploy.list` shows what there is; {GUIDE} makes a project",
        409: "somebody else changes the same thing: `./inv deploy.list` shows what came of it, then run the "
        "same command again",
    }
    return ServiceError(f"{said}\n  {remedies.get(status, f'see {GUIDE}')}")
