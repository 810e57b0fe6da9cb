"""What is deployed: channels, releases and versions, read from Google's Hosting API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests

from infra.errors import ServiceError, TransientError
from infra.hosting import credentials, firebase, refusals
from infra.hosting.patience import persist
from infra.hosting.target import Target, api, management
from infra.settings import settings

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

LIVE = "live"
PAGE = 100
CALL_SECONDS = 30.0
HISTORY = 25
"""How many releases `deploy.list` shows and `deploy.rollback` looks back."""


@dataclass(frozen=True)
class Release:
    """A version put on a channel, by whom and when."""

    version: str
    when: str
    who: str
    kind: str
    commit: str

    @property
    def is_dirty(self) -> bool:
        """Whether it was deployed from a tree with changes that no commit has."""
        return self.commit.endswith("-dirty")


@dataclass(frozen=True)
class Channel:
    """A channel and what it serves."""

    name: str
    url: str
    expires: str | None
    updated: str
    release: Release | None


class Api:
    """Reads about one site; every read is repeated while it fails transiently."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._session: AuthorizedSession | None = None
        self._said = ""

    def now(self) -> datetime:
        """When Google answered last: this machine's clock may be wrong, and deletes nothing."""
        return parsedate_to_datetime(self._said) if self._said else datetime.now(UTC)

    def require_project(self) -> None:
        """Ask for the project, as the client will, which doesn't pass on why it is refused."""
        self._get(f"projects/{self.target.project}", origin=management())

    def find_project(self) -> dict[str, Any]:
        """What Firebase knows of the project; empty if it isn't one of Firebase's."""
        return self._get(f"projects/{self.target.project}", missing={}, origin=management())

    def find_site(self) -> dict[str, Any]:
        """What Google knows of the site; empty if it doesn't exist."""
        return self._get(self.target.path, missing={})

    def site_url(self) -> str:
        """Where the live channel is served."""
        return str(self._get(self.target.path)["defaultUrl"])

    def channels(self) -> list[Channel]:
        """All channels, the live one among them."""
        return [_channel(found) for found in self._pages(f"{self.target.path}/channels", "channels", None)]

    def channel(self, name: str) -> Channel | None:
        """The channel called ``name``, or None."""
        found = self._get(f"{self.target.path}/channels/{name}", missing={})
        return _channel(found) if found else None

    def releases(self) -> list[Release]:
        """What the live channel served, newest first."""
        path = f"{self.target.path}/channels/{LIVE}/releases"
        return [_release(found) for found in self._pages(path, "releases", HISTORY)]

    def version(self, name: str) -> dict[str, Any]:
        """What Google knows of a version; empty if it doesn't exist."""
        return self._get(f"{self.target.path}/versions/{name}", missing={})

    def versions(self) -> list[dict[str, Any]]:
        """The newest versions, whether they were released or not."""
        return list(self._pages(f"{self.target.path}/versions", "versions", HISTORY))

    def _pages(self, path: str, key: str, limit: int | None) -> Iterator[dict[str, Any]]:
        token, seen = "", 0
        while True:
            page = {"pageSize": str(limit or PAGE), **({"pageToken": token} if token else {})}
            answer = self._get(path, page)
            found = answer.get(key, [])[: limit - seen if limit else None]
            yield from found
            seen += len(found)
            token = answer.get("nextPageToken", "")
            if not token or (limit and seen >= limit):
                return

    def _get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        missing: dict[str, Any] | None = None,
        origin: str | None = None,
    ) -> dict[str, Any]:
        def once(left: float) -> dict[str, Any]:
            if self._session is None:
                self._session = credentials.session(self.target.project)
            answer = _ask(self._session, f"{origin or api()}/v1beta1/{path}", query or {}, min(left, CALL_SECONDS))
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

        return persist(f"reading {path}", once, settings().hosting.patience)


def urls(target: Target) -> list[str]:
    """The addresses that `deploy.list` reads, for a dry run."""
    return [f"{api()}/v1beta1/{target.path}/{rest}" for rest in ("channels", f"channels/{LIVE}/releases", "versions")]


def before(releases: list[Release]) -> str | None:
    """The version that was live before the present one, or None.

    After a rollback from 2 to 1 the history is 1, 2, 1: before 1 there was nothing, not 2. A release without a version
    disabled the site.
    """
    versions = [release.version for release in releases if release.version]
    if not versions or not releases[0].version:
        return next(iter(versions), None)
    first = max(index for index, version in enumerate(versions) if version == versions[0])
    return versions[first + 1] if first + 1 < len(versions) else None


def label(version: Mapping[str, Any]) -> str:
    """What the client noted on ``version`` of where it came from."""
    return str(version.get("labels", {}).get("deployment-tool", ""))


def headers(version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headers that ``version`` is served with, in the words of ``firebase.json``."""
    return [
        {
            **({"source": rule["glob"]} if "glob" in rule else {"regex": rule["regex"]}),
            "headers": [{"key": key, "value": value} for key, value in rule["headers"].items()],
        }
        for rule in version.get("config", {}).get("headers", ())
    ]


def _ask(session: AuthorizedSession, url: str, query: Mapping[str, str], seconds: float) -> requests.Response:
    from google.auth import exceptions

    try:
        return session.request("GET", url, params=dict(query), timeout=max(seconds, 1.0))
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


def _channel(found: Mapping[str, Any]) -> Channel:
    release = found.get("release")
    return Channel(
        found["name"].rpartition("/")[2],
        found["url"],
        found.get("expireTime"),
        found.get("updateTime") or found.get("createTime", ""),
        _release(release) if release else None,
    )


def _release(found: Mapping[str, Any]) -> Release:
    version = found.get("version", {})
    return Release(
        version.get("name", "").rpartition("/")[2],
        found.get("releaseTime", ""),
        found.get("releaseUser", {}).get("email", ""),
        found.get("type", ""),
        firebase.commit_of(label(version)),
    )


def when(text: str) -> datetime:
    """A time as Google writes it, to the nanosecond or not."""
    return datetime.fromisoformat(text[:19] + "+00:00")
