"""Google's token service and service account impersonation, as keyless credentials use them."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from tests.hosting.loopback import Request

AUDIENCE = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/github/providers/digitlens"
ACCOUNT = "deployer@test-project.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LIFE_SECONDS = 3600.0
CANARY = "canary"
"""In every secret: none may show up in an output, a file or an error."""


class Refusal(Exception):
    """An answer with an error's status; ``violation`` if the client should have known better."""

    def __init__(self, status: int, message: str, *, violation: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.violation = violation


@dataclass
class Tokens:
    """Who is who: a workflow's token for a federated one, and that for the service account's."""

    subject: str = field(default_factory=lambda: f"eyJ.{CANARY}-subject-{secrets.token_hex(16)}.x")
    federated: set[str] = field(default_factory=set)
    access: dict[str, float] = field(default_factory=dict)
    """Tokens of the service account, and when they end."""

    def write_credentials(self, folder: Path, address: str) -> Path:
        """What google-github-actions/auth leaves: no key, only where the workflow's token is."""
        (folder / "subject-token").write_text(self.subject, "utf-8")
        file = folder / "credentials.json"
        content = {
            "type": "external_account",
            "universe_domain": "googleapis.com",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{address}/sts/v1/token",
            "service_account_impersonation_url": (
                f"{address}/iam/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
            ),
            "credential_source": {"file": str(folder / "subject-token")},
        }
        file.write_text(json.dumps(content), "utf-8")
        return file

    def exchange(self, request: Request) -> dict[str, object]:
        """A federated token for the workflow's."""
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        expected = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": AUDIENCE,
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }
        for key, value in expected.items():
            if form.get(key) != value:
                raise Refusal(400, f"token exchange: {key} is {form.get(key)}", violation=True)
        if form.get("subject_token") != self.subject:
            raise Refusal(401, "invalid_grant: the subject token isn't the workflow's")
        token = f"{CANARY}-federated-{secrets.token_hex(16)}"
        self.federated.add(token)
        return {
            "access_token": token,
            "issued_token_type": expected["requested_token_type"],
            "token_type": "Bearer",
            "expires_in": int(LIFE_SECONDS),
        }

    def impersonate(self, request: Request) -> dict[str, object]:
        """The service account's token for a federated one."""
        if bearer(request) not in self.federated:
            raise Refusal(401, "the federated token isn't known")
        body = json.loads(request.body)
        if SCOPE not in body.get("scope", []) or set(body) - {"scope", "lifetime", "delegates"}:
            raise Refusal(400, f"impersonation: {sorted(body)}", violation=True)
        token = f"ya29.{CANARY}-access-{secrets.token_hex(16)}"
        self.access[token] = time.time() + LIFE_SECONDS
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.access[token]))
        return {"accessToken": token, "expireTime": ends}

    def expire(self, request: Request) -> None:
        """End the token that ``request`` carries."""
        self.access.pop(bearer(request), None)

    def require(self, request: Request) -> None:
        """Refuse a request without a valid token."""
        if self.access.get(bearer(request), 0) < time.time():
            raise Refusal(401, "Request had invalid authentication credentials.")


def bearer(request: Request) -> str:
    """The token that a request carries."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")
