"""What is deployed: channels, releases and versions, read from Google's Hosting API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from infra.errors import UsageError
from infra.hosting import firebase
from infra.hosting.service import Service
from infra.hosting.target import Target, api, management

LIVE = "live"
PAGE = 100
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
    message: str = ""
    """Why, in the words of who did it."""

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


class Api(Service):
    """One site: what is there, and which version is live."""

    def require_project(self) -> None:
        """Ask for the project, as the client will, which doesn't pass on why it is refused."""
        self.get(f"projects/{self.target.project}", origin=management())

    def find_project(self) -> dict[str, Any]:
        """What Firebase knows of the project; empty if it isn't one of Firebase's."""
        return self.get(f"projects/{self.target.project}", missing={}, origin=management())

    def find_site(self) -> dict[str, Any]:
        """What Google knows of the site; empty if it doesn't exist."""
        return self.get(self.target.path, missing={})

    def site_url(self) -> str:
        """Where the live channel is served."""
        return str(self.get(self.target.path)["defaultUrl"])

    def channels(self) -> list[Channel]:
        """All channels, the live one among them."""
        return [_channel(found) for found in self._pages(f"{self.target.path}/channels", "channels", None)]

    def channel(self, name: str) -> Channel | None:
        """The channel called ``name``, or None."""
        found = self.get(f"{self.target.path}/channels/{name}", missing={})
        return _channel(found) if found else None

    def deployed(self, name: str) -> Channel:
        """The channel called ``name``, with something on it.

        Raises:
            UsageError: there is nothing.
        """
        channel = self.channel(name)
        if channel is None or channel.release is None:
            raise UsageError(f"nothing is deployed on channel {name}: ./inv deploy.preview --channel {name}")
        return channel

    def releases(self) -> list[Release]:
        """What the live channel served, newest first."""
        path = f"{self.target.path}/channels/{LIVE}/releases"
        return [_release(found) for found in self._pages(path, "releases", HISTORY)]

    def version(self, name: str) -> dict[str, Any]:
        """What Google knows of a version; empty if it doesn't exist."""
        return self.get(f"{self.target.path}/versions/{name}", missing={})

    def versions(self, limit: int | None = HISTORY) -> list[dict[str, Any]]:
        """The newest versions, or all with None, whether they were released or not."""
        return list(self._pages(f"{self.target.path}/versions", "versions", limit))

    def release(self, version: str, message: str = "") -> None:
        """Let the live channel serve ``version``. Where the answer is lost it is said again, which changes nothing."""
        query, body = _release_of(self.target, version, message)
        self.call("POST", f"{self.target.path}/channels/{LIVE}/releases", query, body=body)

    def delete_version(self, name: str) -> None:
        """Delete a version; nothing if it is gone."""
        self.call("DELETE", f"{self.target.path}/versions/{name}", missing={})

    def _pages(self, path: str, key: str, limit: int | None) -> Iterator[dict[str, Any]]:
        token, seen = "", 0
        while True:
            page = {"pageSize": str(limit or PAGE), **({"pageToken": token} if token else {})}
            answer = self.get(path, page)
            found = answer.get(key, [])[: limit - seen if limit else None]
            yield from found
            seen += len(found)
            token = answer.get("nextPageToken", "")
            if not token or (limit and seen >= limit):
                return


def _release_of(target: Target, version: str, message: str) -> tuple[dict[str, str], dict[str, str]]:
    """Query and body of a release."""
    return {"versionName": f"{target.path}/versions/{version}"}, {"message": message} if message else {}


def call_of(target: Target, version: str, message: str = "") -> str:
    """What `Api.release` sends, for a dry run."""
    query, body = _release_of(target, version, message)
    return f"POST {api()}/v1beta1/{target.path}/channels/{LIVE}/releases?{urlencode(query)} {json.dumps(body)}"


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
        found.get("message", ""),
    )


def when(text: str) -> datetime:
    """A time as Google writes it, to the nanosecond or not."""
    return datetime.fromisoformat(text[:19] + "+00:00")
