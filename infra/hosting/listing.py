"""What `./inv deploy.list` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from infra.hosting import firebase, releases
from infra.hosting.releases import Api
from infra.hosting.target import Target


def read(target: Target) -> dict[str, Any]:
    """Channels, releases of the live one, and versions, as plain values."""
    api = Api(target)
    channels = api.channels()  # alone first: it fetches the token that the others use, too
    with ThreadPoolExecutor(2) as pool:
        released, versions = pool.submit(api.releases), pool.submit(api.versions)
        return {
            "project": target.project,
            "site": target.site,
            "channels": [asdict(channel) for channel in channels],
            "releases": [asdict(release) for release in released.result()],
            "versions": [_version(version) for version in versions.result()],
        }


def render(found: Mapping[str, Any]) -> str:
    """The same as tables for a terminal."""
    channels = [
        (
            channel["name"],
            channel["expires"] or "never",
            (channel["release"] or {}).get("version", ""),
            (channel["release"] or {}).get("when", ""),
            (channel["release"] or {}).get("who", ""),
            channel["url"],
        )
        for channel in found["channels"]
    ]
    released = [
        tuple(one[key] for key in ("version", "kind", "when", "who", "commit", "message")) for one in found["releases"]
    ]
    versions = [
        tuple(str(one[key]) for key in ("version", "status", "created", "who", "files", "bytes", "commit"))
        for one in found["versions"]
    ]
    return "\n".join(
        [
            *_table(("channel", "expires", "version", "released", "by", "address"), channels),
            "",
            *_table(("live version", "kind", "released", "by", "commit", "why"), released),
            "",
            *_table(("version", "status", "created", "by", "files", "bytes", "commit"), versions),
        ]
    )


def _version(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": found["name"].rpartition("/")[2],
        "status": found.get("status", ""),
        "created": found.get("createTime", ""),
        "who": found.get("createUser", {}).get("email", ""),
        "files": int(found.get("fileCount", 0)),
        "bytes": int(found.get("versionBytes", 0)),
        "commit": firebase.commit_of(releases.label(found)),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
