"""Who deploys: Google's application default credentials, through firebase-admin.

Keyless in a workflow (workload identity federation), one's own login on a desk. The same are used by
the official client. A token is fetched before anything is changed, so that a refusal is said plainly.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import MissingPartError, ServiceError, TransientError
from infra.hosting import refusals
from infra.hosting.refusals import GUIDE
from infra.progress import say
from infra.settings import settings

if TYPE_CHECKING:
    import firebase_admin
    from google.auth.transport.requests import AuthorizedSession

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
PERSON = "authorized_user"


def session(project: str) -> AuthorizedSession:
    """A session whose requests carry a fresh token.

    Raises:
        MissingPartError: there are no credentials.
        ServiceError: they were refused; transient if that may pass.
    """
    # Here: it takes most of a second, and `./inv --list` imports the tasks.
    from firebase_admin.credentials import ApplicationDefault
    from google.auth import exceptions
    from google.auth.transport.requests import AuthorizedSession, Request

    _advise()
    if _kind() == PERSON:
        # A person's own login has no project: some APIs refuse it, then. The official client reads this, too.
        os.environ.setdefault("GOOGLE_CLOUD_QUOTA_PROJECT", project)
    # Otherwise a federated credential asks yet another service for the project, which needs a role.
    os.environ.setdefault("GOOGLE_CLOUD_PROJECT", project)
    try:
        credential = ApplicationDefault().get_credential()
    except (exceptions.DefaultCredentialsError, exceptions.MalformedError) as error:
        raise MissingPartError(
            f"no usable Google credentials: {_first_line(error)}\n"
            f"  `gcloud auth application-default login`, or {VARIABLE} with a workload identity file; see {GUIDE}"
        ) from error
    try:
        credential.refresh(Request())
    except exceptions.GoogleAuthError as error:
        if isinstance(error, exceptions.TransportError):
            raise refusals.silent_tokens(error) from error
        if error.retryable or _may_pass(error):
            raise TransientError(f"Google's token service: {_first_line(error)}") from error
        raise ServiceError(
            f"Google's token service refused the credential: {_first_line(error)}\n"
            "  `gcloud auth application-default login`; in a workflow `./inv deploy.doctor` looks at pool, provider "
            f"and service account; see {GUIDE}"
        ) from error
    return AuthorizedSession(credential)


def app() -> firebase_admin.App:
    """What firebase-admin's services are used through."""
    import firebase_admin
    from firebase_admin.credentials import ApplicationDefault

    _advise()
    project = settings().hosting.project
    if project:
        os.environ.setdefault("GOOGLE_CLOUD_PROJECT", project)
    # A name of its own each time: firebase-admin keeps apps for ever, and refuses to make one twice.
    return firebase_admin.initialize_app(ApplicationDefault(), {"projectId": project or None}, uuid.uuid4().hex)


def _advise() -> None:
    """Say so where a key file is used: it can be stolen and doesn't expire."""
    if os.environ.get(VARIABLE) and _kind() == "service_account":
        say(f"note: {VARIABLE} is a key file; keyless federation is safer, see {GUIDE}")


def _kind() -> str:
    """Whose the credentials are, as their file says; empty where there is none that can be read."""
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    path = os.environ.get(VARIABLE) or Path(folder) / "application_default_credentials.json"
    try:
        return str(json.loads(Path(path).read_text("utf-8")).get("type", ""))
    except (OSError, ValueError, AttributeError, RuntimeError):
        return ""


def _may_pass(error: Exception) -> bool:
    """Whether the token service itself failed: its refusals are JSON, with a word or a status below 500."""
    try:
        refusal = json.loads(error.args[1])["error"]
    except (IndexError, TypeError, ValueError, KeyError):
        return len(error.args) > 1
    code = refusal.get("code", 0) if isinstance(refusal, dict) else 0
    return code == 429 or code >= 500


def _first_line(error: Exception) -> str:
    """What went wrong, without the answer that came with it."""
    return str(error.args[0] if error.args else error).splitlines()[0][:300]
