"""Versions that nobody needs any more: each is a whole site, and storage is one quota of the project."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from infra.hosting import firebase, releases
from infra.hosting.releases import Api

KEPT = 10
"""So many of those that were live stay whatever their age, for `deploy.rollback`."""


def old(api: Api, age: timedelta) -> list[str]:
    """Those of ours that were made longer than ``age`` ago, that no channel serves, and that weren't live lately."""
    versions = api.versions(limit=None)
    served = {channel.release.version for channel in api.channels() if channel.release}
    return _forgotten(versions, served | set(_lately(api)), api.now() - age)


def _lately(api: Api) -> list[str]:
    """The newest versions that were live, each once."""
    return list(dict.fromkeys(release.version for release in api.releases() if release.version))[:KEPT]


def _forgotten(versions: Iterable[dict[str, Any]], needed: set[str], limit: datetime) -> list[str]:
    named = {version["name"].rpartition("/")[2]: version for version in versions}
    return [
        name
        for name, version in named.items()
        if name not in needed
        and version.get("status") == "FINALIZED"
        # Other tools deploy to the same site.
        and firebase.commit_of(releases.label(version))
        and releases.when(version["createTime"]) < limit
    ]
