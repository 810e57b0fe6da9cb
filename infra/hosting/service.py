"""Requests to Google's services about one site, repeated while they fail transiently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests

from infra.errors import ServiceError, TransientError
from infra.hosting import credentials, refusals
from infra.hosting.patience import persist
from infra.hosting.target import Target, api
from infra.settings import settings

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

CALL_SECONDS = 30.0


class Service:
    """The services, to whoever is logged in."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._session: AuthorizedSession | None = None
        self._said = ""

    def now(self) -> datetime:
        """When Google answered last: this machine's clock may be wrong, and deletes nothing."""
        return parsedate_to_datetime(self._said) if self._said else datetime.now(UTC)

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        missing: dict[str, Any] | None = None,
        origin: str | None = None,
    ) -> dict[str, Any]:
        """The answer to a request; ``missing`` where there is no such thing.

        Raises:
            ServiceError: it was refused.
        """
        return self.call("GET", path, query, missing, origin)

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        missing: dict[str, Any] | None = None,
        origin: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer to a request; ``missing`` where there is no such thing.

        Raises:
            ServiceError: it was refused.
        """

        def once(left: float) -> dict[str, Any]:
            if self._session is None:
                self._session = credentials.session(self.target.project)
            url = f"{origin or api()}/v1beta1/{path}"
            answer = _ask(self._session, method, url, query or {}, body, min(left, CALL_SECONDS))
            self._said = answer.headers.get("Date", "")
            if answer.status_code == 404 and missing is not None:
                return missing
            if answer.status_code != 200:
                raise refusals.error_for(answer.status_code, _message(answer), self.target, _after(answer))
            try:
                content: dict[str, Any] = answer.json()
            except ValueError as error:
                raise TransientError("Google's answer is cut off") from error
            return content

        what = "reading" if method == "GET" else method
        return persist(f"{what} {path}", once, settings().hosting.patience)


def _ask(
    session: AuthorizedSession,
    method: str,
    url: str,
    query: Mapping[str, str],
    body: Mapping[str, Any] | None,
    seconds: float,
) -> requests.Response:
    from google.auth import exceptions

    try:
        return session.request(method, url, params=dict(query), json=body, timeout=max(seconds, 1.0))
    except requests.exceptions.SSLError as error:
        raise refusals.untrusted(str(error)) from error
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise TransientError(
            f"no answer from {url.split('/v1beta1/')[0]} ({type(error).__name__})", is_silence=True
        ) from error
    except exceptions.TransportError as error:
        raise refusals.silent_tokens(error) from error
    except exceptions.RefreshError as error:
        raise ServiceError(f"Google's token service refused the credential; see {refusals.GUIDE}") from error


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def _after(answer: requests.Response) -> float:
    try:
        return float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
